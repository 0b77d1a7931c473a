"""Messages and processes that are killed: nothing is lost, nothing comes twice; several workers share the work."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.clients.smtp import MailServer, mail_server
from tests.conftest import PASSWORD
from tests.e2e.server import ROOT, Running, database_of, free_port, start

pytestmark = pytest.mark.e2e

ANN = "ann@shop.example"
SECONDS = 60
WAITING = "sent_at IS NULL AND failed_at IS NULL"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port that servers and workers of a test send mail to."""
    found = free_port()
    monkeypatch.setenv("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setenv("EMAIL_HOST", "127.0.0.1")
    monkeypatch.setenv("EMAIL_PORT", str(found))
    return found


def sql(folder: Path, statement: str, *parameters: Any) -> list[Any]:
    """Run a statement in the database of a server, past the server."""
    url = database_of(folder)
    if url:
        import psycopg  # only where PostgreSQL is used

        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.replace("?", "%s"), parameters)
            return cursor.fetchall() if cursor.description else []
    with sqlite3.connect(folder / "cognito.sqlite3", timeout=30) as lite:
        return lite.execute(statement, parameters).fetchall()


def let_time_pass(folder: Path) -> None:
    """Make all that waits due, as after the pause between two tries."""
    past = datetime.now(UTC) - timedelta(minutes=5)
    given = past if database_of(folder) else past.strftime("%Y-%m-%d %H:%M:%S.%f")
    sql(folder, f"UPDATE cognito_app_outboxmessage SET next_try_at = ? WHERE {WAITING}", given)


def wait_until_all_is_sent(folder: Path) -> None:
    """Wait until no message waits any more."""
    end = time.monotonic() + SECONDS
    while sql(folder, f"SELECT id FROM cognito_app_outboxmessage WHERE {WAITING}"):
        assert time.monotonic() < end
        threading.Event().wait(0.05)


def kill(process: subprocess.Popen[str]) -> None:
    """End a process as a power cut does."""
    process.send_signal(signal.SIGKILL)
    process.wait(20)


@contextmanager
def worker(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run ``manage.py worker`` on the database of a server."""
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("COGNITO_", "DJANGO_", "SECRET_KEY"))
    }
    url = database_of(folder)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "worker"],
        env={
            **clean,
            "COGNITO_DEVELOPMENT": "1",
            "COGNITO_DATA_DIR": str(folder),
            **({"DATABASE_URL": url} if url else {}),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        kill(process)


def client(running: Running) -> Any:
    """Return a client of a running server that asks once."""
    make: Any = boto3.client
    return make(
        "cognito-idp",
        endpoint_url=running.facts["endpoint"],
        region_name="us-east-1",
        aws_access_key_id=running.facts["access_key_id"],
        aws_secret_access_key=running.facts["secret_access_key"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def sign_up(running: Running) -> None:
    """Register ann, whatever comes of it."""
    attributes = [{"Name": "email", "Value": ANN}]
    with suppress(BotoCoreError, ClientError):
        client(running).sign_up(
            ClientId=running.facts["client_id"], Username="ann", Password=PASSWORD, UserAttributes=attributes
        )


def confirm(running: Running, mail: MailServer) -> None:
    """Confirm ann by the code of the one mail that came."""
    (sent,) = mail.mails
    assert sent.recipients == [ANN]
    code = re.findall(r"\b\d{6}\b", sent.part("plain"))[0]
    client(running).confirm_sign_up(ClientId=running.facts["client_id"], Username="ann", ConfirmationCode=code)


def test_a_server_killed_between_commit_and_delivery_loses_no_message(tmp_path: Path, port: int) -> None:
    with mail_server(port=port) as mail:
        mail.hold = True
        running = start(tmp_path)
        asking = threading.Thread(target=sign_up, args=(running,))
        asking.start()
        assert mail.asked.wait(SECONDS)
        kill(running.process)
        asking.join()
        assert len(sql(tmp_path, f"SELECT id FROM cognito_app_outboxmessage WHERE {WAITING}")) == 1
        let_time_pass(tmp_path)
        mail.hold = False
        again = start(tmp_path)
        try:
            mail.wait_for(1)
            wait_until_all_is_sent(tmp_path)
            confirm(again, mail)
        finally:
            kill(again.process)


def test_a_worker_killed_in_the_middle_of_a_delivery_loses_no_message(tmp_path: Path, port: int) -> None:
    running = start(tmp_path)
    # Nobody takes mail yet.
    sign_up(running)
    kill(running.process)
    let_time_pass(tmp_path)
    with mail_server(port=port) as mail:
        mail.hold = True
        with worker(tmp_path):
            assert mail.asked.wait(SECONDS)
        mail.hold = False
        let_time_pass(tmp_path)
        with worker(tmp_path):
            mail.wait_for(1)
            wait_until_all_is_sent(tmp_path)
        again = start(tmp_path)
        try:
            confirm(again, mail)
        finally:
            kill(again.process)


def test_workers_share_the_work_and_send_each_message_once(tmp_path: Path, port: int) -> None:
    running = start(tmp_path)
    idp, number = client(running), 30
    for position in range(number):
        given = [{"Name": "email", "Value": f"user{position}@shop.example"}]
        with pytest.raises(ClientError, match="CodeDeliveryFailure"):
            idp.admin_create_user(
                UserPoolId=running.facts["user_pool_id"],
                Username=f"user{position}",
                UserAttributes=given,
                DesiredDeliveryMediums=["EMAIL"],
            )
    kill(running.process)
    let_time_pass(tmp_path)
    with mail_server(port=port) as mail:
        with worker(tmp_path), worker(tmp_path), worker(tmp_path):
            mail.wait_for(number)
            wait_until_all_is_sent(tmp_path)
        counted = Counter(recipient for item in mail.mails for recipient in item.recipients)
    assert counted == {f"user{position}@shop.example": 1 for position in range(number)}
