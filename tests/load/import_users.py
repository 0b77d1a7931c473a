"""``python -m tests.load.import_users --rows 500000``: how fast, in how much memory, and what a killed server costs.

Starts quickstart, uploads a CSV file by HTTP, starts the job, and measures the rows a second, the growth of memory, and
what users of another pool notice. With ``--kill`` the server is killed in the middle and started again. At the end the
rows in the database are counted. ``DATABASE_URL`` chooses the database.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3

from tests.e2e.server import ROOT, Running, own_database, start, stop

ROLE = "arn:aws:iam::000000000000:role/logs"
BAD_EVERY, TWICE_EVERY = 1000, 500
COUNT = """
import json
from cognito_app.models import PoolUser, UserAlias, UserImportChunk, UserImportLog
users = PoolUser.objects.filter(pool_id="{pool}")
names = set(users.values_list("username", flat=True).iterator())
print(json.dumps([users.count(), len(names), UserAlias.objects.filter(pool_id="{pool}").count(),
    UserImportLog.objects.filter(job__pool_id="{pool}").count(), UserImportChunk.objects.count()]))
"""


def main() -> None:
    """Start a server, import, print."""
    options = argparse.ArgumentParser(prog="python -m tests.load.import_users")
    options.add_argument("--rows", type=int, default=500_000)
    options.add_argument("--kill", action="store_true", help="kill the server in the middle")
    options.add_argument("--hash", default="", help="a PBKDF2_SHA256 password hash that every row gets")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="cognito-load-") as folder:
        load = Load(Path(folder), given.rows, given.hash)
        try:
            load.upload()
            load.run(kill=given.kill)
            load.check()
        finally:
            stop(load.running)


class Load:
    """One run of the measurement."""

    def __init__(self, folder: Path, rows: int, password_hash: str) -> None:
        self.folder, self.rows = folder, rows
        self.running = start(folder)
        self.file = folder / "users.csv"
        self.idp = client(self.running)
        pool = self.idp.create_user_pool(PoolName="load", AutoVerifiedAttributes=["email"], AliasAttributes=["email"])
        self.pool_id = pool["UserPool"]["Id"]
        header = self.idp.get_csv_header(UserPoolId=self.pool_id)["CSVHeader"]
        write(self.file, [*header, "password_hash"] if password_hash else header, rows, password_hash)
        settings = {"PasswordHashingAlgorithm": "PBKDF2_SHA256"} if password_hash else {}
        made = self.idp.create_user_import_job(
            UserPoolId=self.pool_id, JobName="load", CloudWatchLogsRoleArn=ROLE, **settings
        )
        self.url = made["UserImportJob"]["PreSignedUrl"]
        self.named = {"UserPoolId": self.pool_id, "JobId": made["UserImportJob"]["JobId"]}
        self.latencies: list[float] = []

    def upload(self) -> None:
        """Send the file as curl does."""
        before = memory(self.running)
        size = self.file.stat().st_size
        headers = {"x-amz-server-side-encryption": "aws:kms", "Content-Length": str(size), "Content-Type": ""}
        began = time.monotonic()
        with self.file.open("rb") as body:
            answer = urlopen(Request(self.url, data=body, headers=headers, method="PUT"))
        seconds = time.monotonic() - began
        grown = growth(before, memory(self.running))
        print(f"upload: {answer.status}, {size / 2**20:.1f} MiB in {seconds:.1f} s, memory +{grown:.0f} MiB")

    def run(self, *, kill: bool) -> None:
        """Start the job and watch it to its end."""
        before = memory(self.running)
        peak = dict(before)
        self.idp.start_user_import_job(**self.named)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,))
        if not kill:
            watcher.start()
        began, down = time.monotonic(), 0.0
        while (job := self._job())["Status"] in ("Pending", "InProgress"):
            time.sleep(0.5)
            peak = {pid: max(size, peak.get(pid, 0)) for pid, size in memory(self.running).items()}
            if kill and job["ImportedUsers"] > self.rows / 2:
                kill, down = False, self._kill(job["ImportedUsers"])
        seconds = time.monotonic() - began
        done.set()
        print(
            f"import: {job['Status']}, {self.rows} rows in {seconds:.1f} s, {self.rows / (seconds - down):.0f} rows/s"
        )
        if watcher.ident is not None:
            watcher.join()
            cuts = statistics.quantiles(self.latencies, n=100)
            print(f"memory: +{growth(before, peak):.0f} MiB")
            print(f"writes of others: {len(self.latencies)}, p50 {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms")

    def _job(self) -> Any:
        return self.idp.describe_user_import_job(**self.named)["UserImportJob"]

    def _kill(self, imported: int) -> float:
        """Kill the server; returns the seconds in which nothing was imported."""
        began = time.monotonic()
        self.running.process.kill()
        self.running.process.wait()
        self.running = start(self.folder)
        self.idp = client(self.running)
        at = self._job()["ImportedUsers"]
        while self._job()["ImportedUsers"] == at:
            time.sleep(0.2)
        down = time.monotonic() - began
        print(f"killed at {imported}, went on at {at} after {down:.0f} s")
        return down

    def _watch(self, done: threading.Event) -> None:
        """Write to another pool all the time, as users do."""
        facts = self.running.facts
        idp = client(self.running)
        while not done.is_set():
            began = time.monotonic()
            idp.admin_update_user_attributes(
                UserPoolId=facts["user_pool_id"],
                Username=facts["demo_username"],
                UserAttributes=[{"Name": "nickname", "Value": str(began)}],
            )
            self.latencies.append(time.monotonic() - began)
            time.sleep(0.02)

    def check(self) -> None:
        """Compare the counters and the tables with what the file says."""
        bad = len(range(1, self.rows, BAD_EVERY))
        twice = len(range(7, self.rows, TWICE_EVERY))
        good = self.rows - bad - twice
        job = self._job()
        counted = [job["ImportedUsers"], job["SkippedUsers"], job["FailedUsers"]]
        environment = own_database(dict(os.environ), self.folder)
        environment |= {"COGNITO_DATA_DIR": str(self.folder), "COGNITO_DEVELOPMENT": "1"}
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", COUNT.format(pool=self.pool_id)]
        found = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        stored = json.loads(found.stdout.splitlines()[-1])
        exact = counted == [good, twice, bad] and stored == [good, good, good, bad + twice, 0]
        print(f"counters {counted}, users, names, aliases, log, chunks {stored}: {'exact' if exact else 'WRONG'}")


def client(running: Running) -> Any:
    """Return a client with the administrator's key."""
    make: Any = boto3.client
    return make(
        "cognito-idp",
        endpoint_url=running.facts["endpoint"],
        region_name=running.facts["region"],
        aws_access_key_id=running.facts["access_key_id"],
        aws_secret_access_key=running.facts["secret_access_key"],
    )


def write(file: Path, header: list[str], rows: int, password_hash: str) -> None:
    """Make the file: some rows are bad, some repeat the one before."""
    with file.open("w") as out:
        out.write(",".join(header) + "\n")
        for number in range(rows):
            name = f"user{number - 1 if number % TWICE_EVERY == 7 else number}"
            values = {
                "cognito:username": "two words" if number % BAD_EVERY == 1 else name,
                "email": f"{name}@example.com",
                "email_verified": "true",
                "given_name": "Load",
                "family_name": f"Number {number}",
                "birthdate": "02/01/1985",
                "password_hash": password_hash,
            }
            out.write(",".join(values.get(column, "") for column in header) + "\n")


def memory(running: Running) -> dict[int, int]:
    """Return the resident memory in bytes of the server's processes."""
    sizes: dict[int, int] = {}
    waiting = [running.process.pid]
    while waiting:
        pid = waiting.pop()
        try:
            tasks = Path(f"/proc/{pid}/task")
            sizes[pid] = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for task in tasks.iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sizes


def growth(before: dict[int, int], after: dict[int, int]) -> float:
    """Return by how many MiB the process grew that grew most."""
    return max(size - before.get(pid, size) for pid, size in after.items()) / 2**20


if __name__ == "__main__":
    main()
