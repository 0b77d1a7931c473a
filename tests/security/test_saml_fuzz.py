"""Mutated SAML responses: no other identity is ever believed, and nothing but a refusal is raised (quality.md T21)."""

from __future__ import annotations

import base64
import resource
from random import Random

import pytest

from cognito_app.core import saml_response
from cognito_app.core.saml_xml import SamlError
from tests.clients.assertions import encoded, signed
from tests.clients.encryption import encrypted
from tests.clients.mutations import mutated
from tests.core.test_saml_response import EXPECTED, FOR_ME, xml

SIZES = [pytest.param(3_000, id="small"), pytest.param(100_000, id="full", marks=pytest.mark.slow)]
IDENTITY = ("ann@example.com", {"role": ("reader",)})
MEBIBYTE_IN_KIB = 1024
RENEWED_EVERY = 1000


def _originals() -> list[str]:
    """Signed responses of each form; they are good for some minutes."""
    plain = xml(attributes={"role": ["reader"]})
    return [
        signed(plain),
        signed(plain, whole=True),
        signed(signed(plain), whole=True),
        encrypted(signed(plain), FOR_ME),
        signed(encrypted(plain, FOR_ME), whole=True),
    ]


def _posted(document: str, random: Random) -> str:
    """Return the base64 of a document, at times damaged."""
    text = base64.b64encode(document.encode("utf-8", "surrogatepass")).decode()
    if random.random() < 0.05:
        at = random.randrange(len(text))
        return text[:at] + random.choice(["", "=", "\n", "*", "AAAA"]) + text[at + 1 :]
    return text


@pytest.mark.parametrize("count", SIZES)
def test_no_mutation_is_another_identity(count: int) -> None:
    random = Random(21)  # the same changes in every run
    assert all(_identity(encoded(document)) == IDENTITY for document in _originals())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    believed = 0
    originals: list[str] = []
    for number in range(count):
        if number % RENEWED_EVERY == 0:
            originals = _originals()
        found = _identity(_posted(mutated(random.choice(originals), random), random))
        assert found in (None, IDENTITY)
        believed += found is not None
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{count} mutations, {believed} still good, {grown / MEBIBYTE_IN_KIB:.1f} MiB")  # the figure
    assert 0 < believed < count / 2
    assert grown < 100 * MEBIBYTE_IN_KIB


def _identity(text: str) -> tuple[str, dict[str, tuple[str, ...]]] | None:
    try:
        assertion = saml_response.verify(text, EXPECTED)
    except SamlError:
        return None
    return assertion.name_id, assertion.attributes
