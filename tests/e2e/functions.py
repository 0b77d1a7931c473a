"""Functions of a pool, as an operator of the quickstart writes them: custom authentication by a word, a sender."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def define(event: Event, context: Any) -> Event:
    """Ask for the password first if the app offers a proof of it, then for the word, three times at most."""
    steps, response = event["request"]["session"], event["response"]
    words = [step["challengeResult"] for step in steps if step["challengeName"] == "CUSTOM_CHALLENGE"]
    if words and words[-1]:
        response["issueTokens"] = True
    elif len(words) >= 3:
        response["failAuthentication"] = True
    elif [step["challengeName"] for step in steps] == ["SRP_A"]:
        response["challengeName"] = "PASSWORD_VERIFIER"
    else:
        response["challengeName"] = "CUSTOM_CHALLENGE"
    return event


def create(event: Event, context: Any) -> Event:
    """Ask; only the function knows the word."""
    event["response"]["publicChallengeParameters"] = {"question": "the word?"}
    event["response"]["privateChallengeParameters"] = {"answer": "swordfish"}
    return event


def verify(event: Event, context: Any) -> Event:
    """Compare."""
    request = event["request"]
    event["response"]["answerCorrect"] = request["challengeAnswer"] == request["privateChallengeParameters"]["answer"]
    return event


def send(event: Event, context: Any) -> None:
    """Keep what is to be sent; the code is encrypted."""
    Path(os.environ["SENT_EVENT"]).write_text(json.dumps(event))
