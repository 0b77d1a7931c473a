"""Nothing on the pages is left in English: catalogs are whole and compiled, screens take their texts from them."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.utils import translation
from pytest_django import Settings

from cognito_app.pages import sentences, wording
from cognito_app.services import terms
from tests import catalogs
from tests.pages.screens import DATA, SCREENS, shown, texts

LOCALES = sorted(catalogs.PLURALS)
PLACEHOLDERS = re.compile(r"%\(\w+\)s|</?[a-z]+")
SERVICES = ("sign_up", "new_users", "recovery", "attributes", "password_rules", "attempts", "guess_sources", "users")
NOT_ON_PAGES = {
    # Operations that the pages do not have.
    "Email is required to verify/un-verify an email",
    "Phone Number is required to verify/un-verify a phone number",
    "user.x: Attribute cannot be updated. (changing an immutable attribute)\n",
}
SAID_AS = {
    "Username cannot be of x format, since user pool is configured for x alias.": (
        "Username cannot be of email format, since user pool is configured for email alias.",
        "Username cannot be of phone number format, since user pool is configured for phone_number alias.",
    ),
    "An account with the given x already exists.": (
        "An account with the given email already exists.",
        "An account with the given phone_number already exists.",
    ),
}


def _tag(locale: str) -> str:
    return locale.replace("_", "-")


def test_there_is_a_catalog_for_each_language_of_managed_login() -> None:
    assert {_tag(locale) for locale in LOCALES} == set(terms.LANGUAGES) - {"en"}
    assert {path.name for path in catalogs.LOCALE.iterdir()} == set(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalog_has_every_text_and_no_other_and_is_compiled(locale: str) -> None:
    catalog, fuzzy = catalogs.read(catalogs.path_of(locale))
    assert set(catalog) == catalogs.texts(), "python -m tests.catalogs"
    assert not fuzzy
    for key, strings in catalog.items():
        assert len(strings) == (catalogs.forms(locale) if key.plural else 1)
        for string in strings:
            assert string.strip()
            assert sorted(PLACEHOLDERS.findall(string)) == sorted(PLACEHOLDERS.findall(key.plural or key.text)), string
    assert catalogs.path_of(locale, "mo").read_bytes() == catalogs.compiled(locale, catalog), "python -m tests.catalogs"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalogs_speak_and_not_djangos_own(locale: str) -> None:
    catalog, _ = catalogs.read(catalogs.path_of(locale))
    with catalogs.path_of(locale, "mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    with translation.override(_tag(locale)):
        for key, strings in catalog.items():
            if key.plural:
                assert compiled.ngettext(*key, 1) == translation.ngettext(*key, 1) == strings[0]
                assert compiled.ngettext(*key, 7) == translation.ngettext(*key, 7) == strings[-1]
            else:
                assert compiled.gettext(key.text) == translation.gettext(key.text) == strings[0]


def test_the_table_of_screens_has_every_template() -> None:
    folder = catalogs.TEMPLATES / "cognito_app" / "managed_login"
    assert {path.stem for path in folder.glob("*.html")} == {template for template, _ in SCREENS}


def _outside_brackets(text: str) -> str:
    found, depth = "", 0
    for letter in text:
        depth += {"⟦": 1, "⟧": -1}.get(letter, 0)
        found += letter if depth == 0 else ""
    assert depth == 0, text
    return found


def test_every_text_of_every_screen_is_looked_up(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "qps" / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True)
    bracketed = {key: [f"⟦{text}⟧" for text in (key.text, key.plural) if text] for key in catalogs.texts()}
    path.write_bytes(catalogs.compiled("qps", bracketed))
    settings.LOCALE_PATHS = [str(tmp_path)]
    for template, context in SCREENS:
        rest = _outside_brackets("\n".join(texts(shown(template, context, "qps"))))
        for known in DATA:
            rest = rest.replace(known, "")
        assert not re.search(r"[A-Za-z]", rest), (template, rest.split())


@pytest.mark.parametrize("locale", LOCALES)
def test_no_screen_has_an_english_text_left(locale: str) -> None:
    catalog, _ = catalogs.read(catalogs.path_of(locale))
    english = {key.text for key, strings in catalog.items() if key.text != strings[0]}
    for template, context in SCREENS:
        html = shown(template, context, _tag(locale))
        assert f'<html lang="{_tag(locale)}" dir="ltr"' in html
        assert not english & {text.strip() for text in texts(html)}, template


def _literal(node: ast.expr, module: ast.Module) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    if isinstance(node, ast.Name):
        for line in module.body:
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == node.id:
                return _literal(line.value, module)
    return None


@pytest.mark.parametrize("name", SERVICES)
def test_the_sentences_of_the_services_are_translated(name: str) -> None:
    module = ast.parse((catalogs.ROOT / "cognito_app" / "services" / f"{name}.py").read_text())
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and node.args]
    errors = [node for node in calls if ast.unparse(node.func).endswith(("Exception", "_refused"))]
    found = [_literal(node.args[-1 if "refused" in ast.unparse(node.func) else 0], module) for node in errors]
    with translation.override("de"):
        for text in found:
            for said in SAID_AS.get(text or "", (text,)):
                assert said is None or said in NOT_ON_PAGES or wording.sentence(said) != said, said


@pytest.mark.parametrize("pattern", sentences.PATTERNS, ids=lambda item: str(item[1])[:40])
def test_a_pattern_matches_the_sentence_that_it_translates(pattern: tuple[re.Pattern[str], str]) -> None:
    assert pattern[0].fullmatch(re.sub(r"%\(\w+\)s", "word", pattern[1]))
