"""Which other origins may use a bucket from a browser.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.http.response import HttpResponseBase

from cognito_app.contrib.object_storage import answers
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import Bucket
from cognito_app.contrib.object_storage.requests import S3Request

METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")
MAX_RULES = 100
LISTS = ("AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposeHeaders")
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)
NOT_ENABLED = "CORSResponse: CORS is not enabled for this bucket."
Rule = dict[str, Any]


def check(rules: Sequence[Rule]) -> None:
    """Hold rules to S3's bounds. Raises MalformedXML or InvalidRequest."""
    if not 1 <= len(rules) <= MAX_RULES:
        raise S3Error("MalformedXML")
    for rule in rules:
        if not rule.get("AllowedMethods") or not rule.get("AllowedOrigins"):
            raise S3Error("MalformedXML")
        for method in rule["AllowedMethods"]:
            if method not in METHODS:
                raise S3Error(
                    "InvalidRequest",
                    f"Found unsupported HTTP method in CORS config. Unsupported method is {method}",
                )
        for kind in ("AllowedOrigins", "AllowedHeaders"):
            for pattern in rule.get(kind, ()):
                if pattern.count("*") > 1:
                    raise S3Error("InvalidRequest", f'{kind[:-1]} "{pattern}" can not have more than one wildcard.')


def check_shape(rules: Any) -> None:
    """Check that rules typed by hand have S3's shape. Raises MalformedXML."""
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise S3Error("MalformedXML", "Give a list of rules.")
    for rule in rules:
        for name, value in rule.items():
            good = name == "ID" and isinstance(value, str)
            good = good or (name == "MaxAgeSeconds" and isinstance(value, int) and not isinstance(value, bool))
            texts = isinstance(value, list) and all(isinstance(text, str) for text in value)
            if not good and not (name in LISTS and texts):
                raise S3Error("MalformedXML", f"A rule has no member {name} of this form.")


def preflight(request: S3Request) -> HttpResponseBase:
    """Answer a browser's question. Raises BadRequest or AccessForbidden."""
    origin, method = request.headers.get("origin"), request.headers.get("access-control-request-method")
    if not origin:
        raise S3Error("BadRequest", "Insufficient information. Origin request header needed.", 400)
    if method not in METHODS:
        raise S3Error("BadRequest", f"Invalid Access-Control-Request-Method: {method or 'null'}", 400)
    rules = _rules(request.bucket)
    if not rules:
        raise S3Error("AccessForbidden", NOT_ENABLED, 403, Method=method, ResourceType="BUCKET")
    asked = request.headers.get("access-control-request-headers", "")
    headers = [name.strip().lower() for name in asked.split(",") if name.strip()]
    rule = _matching(rules, origin, method, headers)
    if rule is None:
        raise S3Error("AccessForbidden", NOT_ALLOWED, 403, Method=method, ResourceType="OBJECT")
    response = answers.empty(200)
    _allow(response, rule, origin)
    if headers:
        response["Access-Control-Allow-Headers"] = ", ".join(headers)
    return response


def decorate(request: S3Request, response: HttpResponseBase) -> None:
    """Let the script of another origin read an answer, if a rule says so."""
    origin = request.headers.get("origin")
    if origin and request.bucket and request.method in METHODS:
        rule = _matching(_rules(request.bucket), origin, request.method, [])
        if rule is not None:
            _allow(response, rule, origin)


def _rules(bucket: str | None) -> Sequence[Rule]:
    if bucket is None or "\0" in bucket:
        return []
    return Bucket.objects.filter(pk=bucket).values_list("cors", flat=True).first() or []


def _matching(rules: Sequence[Rule], origin: str, method: str, headers: Sequence[str]) -> Rule | None:
    for rule in rules:
        allowed = rule.get("AllowedHeaders", ())
        if (
            method in rule["AllowedMethods"]
            and _any(rule["AllowedOrigins"], origin)
            and all(_any([pattern.lower() for pattern in allowed], name) for name in headers)
        ):
            return rule
    return None


def _any(patterns: Sequence[str], text: str) -> bool:
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) for pattern in patterns)


def _allow(response: HttpResponseBase, rule: Rule, origin: str) -> None:
    anyone = "*" in rule["AllowedOrigins"]
    response["Access-Control-Allow-Origin"] = "*" if anyone else origin
    if not anyone:
        response["Access-Control-Allow-Credentials"] = "true"
    response["Access-Control-Allow-Methods"] = ", ".join(rule["AllowedMethods"])
    if rule.get("ExposeHeaders"):
        response["Access-Control-Expose-Headers"] = ", ".join(rule["ExposeHeaders"])
    if rule.get("MaxAgeSeconds") is not None:
        response["Access-Control-Max-Age"] = str(rule["MaxAgeSeconds"])
    response["Vary"] = VARY
