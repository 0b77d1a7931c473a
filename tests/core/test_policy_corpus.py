"""The evaluator against a frozen corpus of decisions (``tests/core/policies``)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from cognito_app.core import policy
from tests.core.policies import generate, oracle

CORPUS = Path(__file__).parent / "policies" / "cases.jsonl"


def _decide(case: dict[str, Any]) -> str:
    if "t" in case:
        return policy.trust_verdict(policy.parse(case["t"]), case["p"], case["a"], case["c"])
    session = None if case["s"] is None else [policy.parse(document) for document in case["s"]]
    own = [policy.parse(document) for document in case["i"]]
    decision = policy.evaluate(own, session, case["a"], case["r"], case["c"])
    return "allow" if decision.allowed else decision.reason


def test_every_decision_of_the_corpus() -> None:
    cases = [orjson.loads(line) for line in CORPUS.read_bytes().splitlines()]
    assert len(cases) >= 2000
    wrong = [(case, found) for case in cases if (found := _decide(case)) != case["e"]]
    assert not wrong, (len(wrong), wrong[:3])
    outcomes = Counter(case["e"] for case in cases)
    assert min(outcomes[name] for name in ("allow", "explicit deny", "session deny", "identity-based", "session")) > 20
    assert min(outcomes[name] for name in ("Allow", "Deny", "")) > 20


def test_the_corpus_is_what_its_generator_makes() -> None:
    frozen = CORPUS.read_bytes().splitlines()
    made = list(generate.cases())
    assert len(frozen) == len(made)
    assert [orjson.loads(line) for line in frozen] == made


def test_the_corpus_has_every_operator_both_ways() -> None:
    texts = [line for line in CORPUS.read_text(encoding="utf-8").splitlines() if '"e":"allow"' in line]
    refused = [line for line in CORPUS.read_text(encoding="utf-8").splitlines() if '"e":"allow"' not in line]
    for name in oracle.NAMES:
        assert any(f'"{name}"' in line for line in texts), name
        assert any(f'"{name}"' in line for line in refused), name
