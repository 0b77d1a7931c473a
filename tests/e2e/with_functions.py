"""The project's settings with functions for the triggers of a pool, as an operator adds them."""

from project.settings import *  # noqa: F403  # the names are the settings
from project.settings import COGNITO

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
NAMES = ("define", "create", "verify", "send")
TARGETS = {ARN + name: {"kind": "python", "target": f"tests.e2e.functions.{name}"} for name in NAMES}
COGNITO = {**COGNITO, "TRIGGERS": {"functions": TARGETS}}
