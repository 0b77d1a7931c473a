"""The project's settings, with keys and folders of a test run's own."""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path

RUN_DIR = Path(os.environ.setdefault("COGNITO_TEST_DIR", tempfile.mkdtemp(prefix="cognito-tests-")))

os.environ["COGNITO_DATA_DIR"] = str(RUN_DIR)
os.environ["COGNITO_DEVELOPMENT"] = "1"
os.environ["COGNITO_PUBLIC_URL"] = "http://localhost:8000"
os.environ["COGNITO_AUTH_BASE_DOMAIN"] = "auth.localhost:8000"
os.environ["COGNITO_MASTER_KEYS"] = "test:" + base64.b64encode(b"test key of 32 bytes............").decode()
os.environ["SECRET_KEY"] = "only for tests"

from project.settings import *  # noqa: E402, F403  # the environment comes first
from project.settings import COGNITO, DATABASES  # noqa: E402

COGNITO = {**COGNITO, "RATE_LIMITS": True, "DEVELOPMENT": False, "ANY_KEY": False, "BACKGROUND_DELIVERY": False}
ALLOWED_HOSTS = ["*"]
# Each test client makes the middleware anew; without this each would read all static files (35 ms).
WHITENOISE_AUTOREFRESH = True
if "sqlite" in str(DATABASES["default"]["ENGINE"]):
    # A file, because threads cannot share a database in memory.
    name = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": str(RUN_DIR / name)}
