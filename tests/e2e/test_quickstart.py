"""The one command: what it prints, what it keeps, what it refuses."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from tests.e2e.server import ROOT, Running, start, stop

pytestmark = pytest.mark.e2e

make: Any = boto3.client

NAMES = {
    "endpoint",
    "region",
    "account_id",
    "user_pool_id",
    "client_id",
    "confidential_client_id",
    "confidential_client_secret",
    "domain_url",
    "identity_pool_id",
    "demo_username",
    "demo_password",
    "portal_url",
    "access_key_id",
    "secret_access_key",
    "outbox_dir",
    "demo_service_url",
    "object_storage_url",
    "bucket",
}


def test_a_second_start_keeps_the_data(tmp_path: Path) -> None:
    first = start(tmp_path)
    stop(first)
    second = start(tmp_path)
    stop(second)
    assert set(first.facts) == NAMES
    assert all(first.facts.values())
    changing = {"endpoint", "domain_url", "portal_url", "demo_service_url", "object_storage_url"}
    for name in NAMES - changing:
        assert first.facts[name] == second.facts[name], name
    assert stat.S_IMODE(os.stat(tmp_path / "keys.json").st_mode) == 0o600


def test_without_demo_there_is_no_pool(tmp_path: Path) -> None:
    running = start(tmp_path, "--no-demo")
    key = {
        "aws_access_key_id": running.facts["access_key_id"],
        "aws_secret_access_key": running.facts["secret_access_key"],
    }
    client = make("cognito-idp", endpoint_url=running.facts["endpoint"], region_name="us-east-1", **key)
    pools = client.list_user_pools(MaxResults=60)["UserPools"]
    stop(running)
    assert pools == []
    for name in ("user_pool_id", "client_id", "identity_pool_id", "demo_username", "demo_password", "domain_url"):
        assert running.facts[name] is None


def test_any_key_takes_the_keys_of_emulators(tmp_path: Path) -> None:
    running = start(tmp_path, "--any-key", "--no-demo")
    key = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    client = make("cognito-idp", endpoint_url=running.facts["endpoint"], region_name="us-east-1", **key)
    made = client.create_user_pool(PoolName="p")["UserPool"]["Id"]
    stop(running)
    assert made.startswith("us-east-1_")


def test_another_address_than_loopback_must_be_asked_for_by_name(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "quickstart", "--host", "0.0.0.0", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "--allow-non-loopback" in done.stderr


def test_production_refuses_development_switches_and_missing_keys(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "COGNITO_DEVELOPMENT": "1", "COGNITO_DATA_DIR": str(tmp_path)}
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--skip-checks"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    assert done.returncode != 0
    for text in ("DATABASE_URL", "COGNITO_MASTER_KEYS", "development switches are on"):
        assert text in done.stderr


def test_secrets_stay_out_of_the_database_file(server: Running) -> None:
    folder = Path(server.facts["outbox_dir"]).parent
    files = [path.read_bytes() for path in folder.glob("cognito.sqlite3*")]
    for name in ("demo_password", "confidential_client_secret", "secret_access_key"):
        assert not any(server.facts[name].encode() in content for content in files), name


def test_the_portal_is_served_with_its_styles(server: Running) -> None:
    page = requests.get(server.facts["portal_url"], timeout=10)
    assert page.status_code == 200
    assert "Create the first operator" in page.text
    assert requests.get(server.facts["endpoint"] + "/static/cognito_app/css/managed-login.css", timeout=10).ok
    assert requests.get(server.facts["endpoint"] + "/static/admin/css/base.css", timeout=10).ok
