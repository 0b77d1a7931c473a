"""The pages' catalogs: ``python -m tests.catalogs`` brings them up to date with templates and code, and compiles them.

Texts that are new stand in each ``django.po`` with an empty translation, and a test names them; texts that are gone
are taken out. Nothing but Python is needed: the same functions are what the tests compare with.
"""

from __future__ import annotations

import ast
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "cognito_app" / "locale"
TEMPLATES = ROOT / "templates"
PAGES = ROOT / "cognito_app" / "pages"
MARKS = {"_", "gettext", "gettext_noop", "ngettext"}
SHORT = re.compile(r'(?:{% translate |_\()"([^"]+)"')
"""How a text without variables is marked in a template."""
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "id": "nplurals=1; plural=0;",
    "it": "nplurals=2; plural=(n != 1);",
    "ja": "nplurals=1; plural=0;",
    "ko": "nplurals=1; plural=0;",
    "nl": "nplurals=2; plural=(n != 1);",
    "pt_BR": "nplurals=2; plural=(n > 1);",
    "zh_CN": "nplurals=1; plural=0;",
    "zh_TW": "nplurals=1; plural=0;",
}
"""The catalogs that there are, by the names of their folders, and their plural forms; English needs none."""


class Text(NamedTuple):
    """A text to be translated; ``plural`` is empty for most."""

    text: str
    plural: str = ""


Catalog = dict[Text, list[str]]


def texts() -> set[Text]:
    """Return every text that is marked in the pages' code and templates."""
    return {*_of_code(), *_of_templates()}


def _of_code() -> Iterator[Text]:
    for path in sorted(PAGES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield Text(first.value)


def _of_templates() -> Iterator[Text]:
    from django.template import Engine
    from django.template.base import Node
    from django.templatetags.i18n import BlockTranslateNode

    engine = Engine(dirs=[str(TEMPLATES)], libraries={"i18n": "django.templatetags.i18n"})
    for path in sorted((TEMPLATES / "cognito_app").rglob("*.html")):
        name = str(path.relative_to(TEMPLATES))
        if "/portal/" in name:
            continue
        for node in engine.get_template(name).nodelist.get_nodes_by_type(Node):
            if isinstance(node, BlockTranslateNode):
                yield Text(node.render_token_list(node.singular)[0], _plural(node))
        yield from (Text(found) for found in SHORT.findall(path.read_text()))


def _plural(node: object) -> str:
    tokens = getattr(node, "plural", None)
    return str(node.render_token_list(tokens)[0]) if tokens else ""  # type: ignore[attr-defined]


def path_of(locale: str, ending: str = "po") -> Path:
    """Return where a catalog is."""
    return LOCALE / locale / "LC_MESSAGES" / f"django.{ending}"


def read(path: Path) -> tuple[Catalog, bool]:
    """Return a catalog, and whether anything in it is fuzzy."""
    found: Catalog = {}
    fuzzy = False
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            match = re.fullmatch(r'(?:(msgid|msgid_plural|msgstr(?:\[\d\])?) )?(".*")', line)
            if match:
                name = match.group(1) or name
                parts[name] = parts.get(name, "") + str(ast.literal_eval(match.group(2)))
        if parts.get("msgid"):
            strings = [value for key, value in parts.items() if key.startswith("msgstr")]
            found[Text(parts["msgid"], parts.get("msgid_plural", ""))] = strings
    return found, fuzzy


def write(locale: str, catalog: Catalog, path: Path | None = None) -> None:
    """Write a catalog in the order of its texts."""
    blocks = [f'msgid ""\nmsgstr ""\n{_quoted_lines(header(locale))}']
    for key in sorted(catalog):
        lines = [f"msgid {_quoted(key.text)}"]
        if "%(" in key.text:
            lines.insert(0, "#, python-format")
        if key.plural:
            lines.append(f"msgid_plural {_quoted(key.plural)}")
            lines += [f"msgstr[{number}] {_quoted(text)}" for number, text in enumerate(catalog[key])]
        else:
            lines.append(f"msgstr {_quoted(catalog[key][0])}")
        blocks.append("\n".join(lines))
    path = path or path_of(locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def header(locale: str) -> str:
    """Return the facts that gettext reads."""
    return (
        f"Language: {locale}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
        f"Content-Transfer-Encoding: 8bit\nPlural-Forms: {PLURALS.get(locale, PLURALS['de'])}\n"
    )


def _quoted(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def _quoted_lines(text: str) -> str:
    return "\n".join(_quoted(line) for line in text.splitlines(keepends=True))


def compiled(locale: str, catalog: Catalog) -> bytes:
    """Return a catalog as gettext reads it at run time (the format of GNU ``.mo`` files)."""
    entries = {b"": header(locale).encode()}
    for key, strings in catalog.items():
        name = key.text + (f"\0{key.plural}" if key.plural else "")
        if all(strings):
            entries[name.encode()] = "\0".join(strings).encode()
    names = sorted(entries)
    start = 28 + 16 * len(names)
    tables: list[bytes] = []
    data = b""
    for column in (names, [entries[name] for name in names]):
        for item in column:
            tables.append(struct.pack("<II", len(item), start + len(data)))
            data += item + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(names), 28, 28 + 8 * len(names), 0, start)
    return head + b"".join(tables) + data


def forms(locale: str) -> int:
    """Return how many plural forms a language has."""
    return int(PLURALS[locale].split(";")[0].split("=")[1])


def update() -> None:
    """Bring every catalog up to date and compile it; tell what is to be translated."""
    wanted = texts()
    for locale in PLURALS:
        path = path_of(locale)
        known = read(path)[0] if path.exists() else {}
        catalog = {key: known.get(key, [""] * (forms(locale) if key.plural else 1)) for key in wanted}
        write(locale, catalog)
        path_of(locale, "mo").write_bytes(compiled(locale, catalog))
        print(locale, "untranslated:", sum(not all(strings) for strings in catalog.values()))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    update()
