"""A second reading of IAM's documentation, slow and plain, that the frozen corpus of decisions was made with.

It shares no code and no approach with ``cognito_app.core.policy``: documents are walked as they are, texts become
regular expressions, each operator is a line of its own.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import re
import socket
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

STATEMENT = re.findall(r"\w+", "Sid Effect Action NotAction Resource NotResource Principal NotPrincipal Condition")
NAMES = re.findall(
    r"\w+",
    """StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
ArnEquals ArnNotEquals ArnLike ArnNotLike NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals
NumericGreaterThan NumericGreaterThanEquals DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan
DateGreaterThanEquals Bool BinaryEquals IpAddress NotIpAddress""",
)
OTHERWISE = {"2012-10-17": True, "2008-10-17": False}


class Unclear(Exception):
    """Something that the language does not have."""


def decide(case: dict[str, Any]) -> str:
    """Return ``allow`` or the reason of the refusal for a case of the corpus; for a trust policy what it says."""
    context = {key.lower(): value for key, value in case["c"].items()}
    if "t" in case:
        found = verdicts([case["t"]], case["a"], None, context, case["p"])
        return "Deny" if "Deny" in found else "Allow" if "Allow" in found else ""
    own = verdicts(case["i"], case["a"], case["r"], context, None)
    session = verdicts(case["s"], case["a"], case["r"], context, None) if case["s"] is not None else {"Allow"}
    for refused, reason in (
        ("Deny" in own, "explicit deny"),
        ("Deny" in session, "session deny"),
        ("Allow" not in own, "identity-based"),
        ("Allow" not in session, "session"),
    ):
        if refused:
            return reason
    return "allow"


def verdicts(documents: list[Any], action: str, resource: str | None, context: Any, who: Any) -> set[str]:
    """Return the effects of all statements that apply."""
    effects = set()
    for document in documents:
        if not isinstance(document, dict) or not set(document) <= {"Version", "Id", "Statement"}:
            effects.add("Deny")
            continue
        modern = OTHERWISE.get(document.get("Version", "2008-10-17"))
        statements = document.get("Statement", [])
        statements = [statements] if isinstance(statements, dict) else statements
        if modern is None or not statements:
            effects.add("Deny")
            continue
        for statement in statements:
            effect = "Allow" if isinstance(statement, dict) and statement.get("Effect") == "Allow" else "Deny"
            try:
                applies = statement_applies(statement, action, resource, context, who, modern)
            except Unclear:
                applies = effect == "Deny"
            if applies:
                effects.add(effect)
    return effects


def statement_applies(statement: Any, action: str, resource: Any, context: Any, who: Any, modern: bool) -> bool:
    """Whether one statement applies. Raises Unclear for what cannot be understood."""
    if not isinstance(statement, dict) or any(name not in STATEMENT for name in statement):
        raise Unclear
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise Unclear
    if ("Principal" in statement or "NotPrincipal" in statement) != (who is not None):
        raise Unclear
    if ("Resource" in statement or "NotResource" in statement) != (resource is not None):
        raise Unclear
    check_conditions(statement.get("Condition", {}), modern)
    fits = action_fits(statement, action)
    if who is not None:
        principal_fits = is_named(statement, who)
        return fits and principal_fits and conditions_hold(statement, context, modern)
    resource_does = resource_fits(statement, resource, context, modern)
    return fits and resource_does and conditions_hold(statement, context, modern)


def one_of(statement: Any, name: str) -> tuple[list[str], bool]:
    """Return the values of an element or of its opposite, and whether it is the opposite."""
    if name in statement and "Not" + name in statement:
        raise Unclear
    negated = "Not" + name in statement
    if not negated and name not in statement:
        raise Unclear
    values = statement["Not" + name if negated else name]
    values = [values] if isinstance(values, str) else values
    if not isinstance(values, list) or not values or any(not isinstance(value, str) or not value for value in values):
        raise Unclear
    return values, negated


def action_fits(statement: Any, action: str) -> bool:
    """Actions ignore case; there are no variables in them."""
    values, negated = one_of(statement, "Action")
    hits = [value for value in values if re.fullmatch(wild(value), action, re.IGNORECASE | re.DOTALL)]
    return bool(hits) is not negated


def wild(text: str) -> str:
    """Return the regular expression of a text with wildcards."""
    return re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")


def resource_fits(statement: Any, resource: str, context: Any, modern: bool) -> bool:
    """A variable without a value names no resource; as an exception it leaves the statement to the safe side."""
    values, negated = one_of(statement, "Resource")
    hits = []
    for value in values:
        segments = split_arn(value, modern)
        if len(segments) < 6 and value[:4] == "arn:":
            raise Unclear
        if len(segments) == 6 and modern and any("${" in segment for segment in segments[:5]):
            raise Unclear
    for value in values:
        segments = split_arn(value, modern)
        whole = [value] if len(segments) < 6 else segments
        expressions = [expression(segment, context, modern, like=True) for segment in whole]
        if None in expressions:
            if negated:
                return bool(statement["Effect"] == "Deny")
            continue
        against = [resource] if len(segments) < 6 else resource.split(":", 5)
        if len(against) == len(expressions):
            hits.append(
                all(re.fullmatch(str(expr), part, re.DOTALL) for expr, part in zip(expressions, against, strict=True))
            )
    return any(hits) is not negated


def split_arn(text: str, modern: bool) -> list[str]:
    """Split at the first five colons that are not inside of a variable."""
    kept = re.sub(r"\$\{[^}]*\}", lambda match: match.group().replace(":", "\0"), text) if modern else text
    return [piece.replace("\0", ":") for piece in kept.split(":", 5)]


def expression(text: str, context: Any, modern: bool, *, like: bool) -> str | None:
    """Return the regular expression of a text with its variables filled in, or None if one has no value."""
    pieces = re.split(r"(\$\{[^}]*\})", text) if modern else [text]
    made = ""
    for piece in pieces:
        if not (modern and piece.startswith("${") and piece.endswith("}")):
            made += wild(piece) if like else re.escape(piece)
            continue
        filled = fill(piece[2:-1].strip(), context)
        if filled is None:
            return None
        made += re.escape(filled)
    return made


def fill(inner: str, context: Any) -> str | None:
    """Return the value of what stands between the braces."""
    if inner in ("*", "?", "$"):
        return inner
    key, comma, default = (part.strip() for part in inner.partition(","))
    value = context.get(key.lower())
    if isinstance(value, str):
        return value
    return default[1:-1] if comma else None


def is_named(statement: Any, who: dict[str, list[str]]) -> bool:
    """Whether the principal is named, or not named by NotPrincipal."""
    if "Principal" in statement and "NotPrincipal" in statement:
        raise Unclear
    negated = "NotPrincipal" in statement
    element = statement["NotPrincipal" if negated else "Principal"]
    # Principal "*" is the same as {"AWS": "*"}; what denies or excepts everybody leaves nobody out.
    element = {"AWS": "*"} if element == "*" else element
    if not isinstance(element, dict) or not element:
        raise Unclear
    named = False
    for kind, names in element.items():
        if kind not in ("AWS", "Federated", "Service", "CanonicalUser"):
            raise Unclear
        names = [names] if isinstance(names, str) else names
        if not names or any(not isinstance(name, str) for name in names):
            raise Unclear
        if kind in who:
            named = named or (kind == "AWS" and "*" in names) or any(name in names for name in who[kind])
        if kind == "AWS" and "*" in names and (negated or statement["Effect"] == "Deny"):
            named = True
    return named is not negated


def check_conditions(condition: Any, modern: bool) -> None:
    """Raise Unclear for what no request could make sense of."""
    if not isinstance(condition, dict):
        raise Unclear
    for operator, keys in condition.items():
        _, name, _ = take_apart(operator)
        if not isinstance(keys, dict):
            raise Unclear
        for values in keys.values():
            for value in texts(values):
                if name == "Null":
                    if value.lower() not in ("true", "false"):
                        raise Unclear
                elif not name.startswith(("String", "Arn")):
                    compare(name, value, None)


def take_apart(operator: str) -> tuple[str, str, bool]:
    """Return the set prefix, the bare operator and the suffix."""
    prefix = ""
    for known in ("ForAllValues:", "ForAnyValue:"):
        if operator.startswith(known):
            prefix, operator = known[:-1], operator[len(known) :]
    if operator == "Null" and not prefix:
        return "", "Null", False
    optional = operator.endswith("IfExists")
    operator = operator[: -len("IfExists")] if optional else operator
    if operator not in NAMES:
        raise Unclear
    return prefix, operator, optional


def texts(values: Any) -> list[str]:
    """Return a condition's values as texts."""
    found = []
    for value in values if isinstance(values, list) else [values]:
        if value is True or value is False:
            found.append("true" if value else "false")
        elif isinstance(value, str | int | float):
            found.append(str(value))
        else:
            raise Unclear
    return found


def conditions_hold(statement: Any, context: Any, modern: bool) -> bool:
    """Whether every key of every operator holds."""
    for operator, keys in statement.get("Condition", {}).items():
        prefix, name, optional = take_apart(operator)
        for key, values in keys.items():
            there = context.get(key.lower())
            there = [there] if isinstance(there, str) else (there or [])
            if name == "Null":
                if ("true" if not there else "false") not in [value.lower() for value in texts(values)]:
                    return False
                continue
            if not key_holds(prefix, name, optional, there, texts(values), context, modern, statement["Effect"]):
                return False
    return True


def key_holds(
    prefix: str, name: str, optional: bool, there: list[str], wanted: list[str], context: Any, modern: bool, effect: str
) -> bool:
    """Whether one key holds."""
    inverted = "Not" in name
    if not there:
        return {"ForAllValues": True, "ForAnyValue": False}.get(prefix, optional or inverted)
    plain = name.replace("Not", "")
    if not plain.startswith(("String", "Arn")):
        for value in there:
            try:
                compare(plain, None, value)
            except Unclear:
                return effect == "Deny"
    single = []
    for value in there:
        hits = [hit(plain, raw, value, context, modern) for raw in wanted]
        single.append(True not in hits if inverted else True in hits)
    if prefix == "ForAllValues":
        return False not in single
    if prefix == "ForAnyValue":
        return True in single
    return False not in single if inverted else True in single


def hit(name: str, raw: str, value: str, context: Any, modern: bool) -> bool:
    """Whether a value of the request is what a value of the policy says."""
    if name == "StringLike":
        pattern = expression(raw, context, modern, like=True)
        return pattern is not None and re.fullmatch(pattern, value, re.DOTALL) is not None
    if name.startswith("StringEquals"):
        flags = re.DOTALL | (re.IGNORECASE if name.endswith("IgnoreCase") else 0)
        pattern = expression(raw, context, modern, like=False)
        return pattern is not None and re.fullmatch(pattern, value, flags) is not None
    if name.startswith("Arn"):
        if raw == "*":
            return True
        left, right = split_arn(raw, modern), value.split(":", 5)
        if len(left) != 6 or len(right) != 6:
            return False
        pairs = [(expression(a, context, modern, like=True), b) for a, b in zip(left, right, strict=True)]
        return all(a is not None and re.fullmatch(a, b, re.DOTALL) for a, b in pairs)
    return compare(name, raw, value)


def compare(name: str, raw: str | None, value: str | None) -> bool:
    """Compare two values of the typed operators; one of them alone is only read. Raises Unclear."""
    try:
        if name.startswith("Numeric"):
            return ordered(name[7:].replace("Not", ""), *(numeral(text) for text in (value, raw)))
        if name.startswith("Date"):
            return ordered(name[4:].replace("Not", ""), *(moment(text) for text in (value, raw)))
        if name == "Bool":
            both = [text.lower() for text in (raw, value) if text is not None]
            if any(text not in ("true", "false") for text in both):
                raise Unclear
            return len(set(both)) == 1
        if name == "BinaryEquals":
            both_bytes = [base64.b64decode(text, validate=True) for text in (raw, value) if text is not None]
            return len(set(both_bytes)) == 1
        return in_network(raw, value)
    except (ValueError, OSError):
        raise Unclear from None


def ordered(relation: str, left: Any, right: Any) -> bool:
    """Apply a relation by its name."""
    if left is None or right is None:
        return False
    relations: dict[str, bool] = {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }
    return relations[relation]


def numeral(text: str | None) -> Fraction | None:
    """Read a number."""
    if text is None:
        return None
    if not re.fullmatch(r"[-+]?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?", text):
        raise Unclear
    return Fraction(text)


def moment(text: str | None) -> datetime | None:
    """Read a date."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]+([.][0-9]+)?", text):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text))
    zone = re.search(r"T.*?(Z|[+-]\d\d:\d\d)$", text)
    shift = timedelta()
    if zone:
        text = text[: -len(zone.group(1))]
        if zone.group(1) != "Z":
            hours, minutes = zone.group(1)[1:].split(":")
            shift = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if zone.group(1)[0] == "+" else 1)
    for form in ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%Y-%m"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC) + shift
        except ValueError:
            continue
    raise Unclear


def in_network(raw: str | None, value: str | None) -> bool:
    """Compare the leading bits of two addresses."""
    numbers = []
    bits = 0
    for text, is_network in ((raw, True), (value, False)):
        if text is None:
            continue
        address, slash, size = text.partition("/")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        packed = socket.inet_pton(family, address)
        if slash and (not is_network or not size.isdigit() or int(size) > len(packed) * 8):
            raise Unclear
        if is_network:
            bits = int(size) if slash else len(packed) * 8
        numbers.append((family, "".join(f"{byte:08b}" for byte in packed)))
    if len(numbers) < 2:
        return False
    return numbers[0][0] == numbers[1][0] and numbers[0][1][:bits] == numbers[1][1][:bits]
