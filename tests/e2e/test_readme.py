"""What the README and the scenarios show, run as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.server import ROOT, Running

pytestmark = pytest.mark.e2e


def block(page: str, heading: str, language: str = "python") -> str:
    """Return the first block of code below a heading."""
    text = (ROOT / page).read_text().split(f"\n{heading}\n", 1)[1]
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


def run(script: str, server: Running, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script that reads the server's line."""
    (folder / "script.py").write_text(script)
    return subprocess.run(
        [sys.executable, "script.py"],
        input=json.dumps(server.facts) + "\n",
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_three_steps_put_an_object_and_are_refused_elsewhere(server: Running, tmp_path: Path) -> None:
    script = block("README.md", "## The three steps")
    assert len(script.strip().splitlines()) < 20
    done = run(script, server, tmp_path)
    assert done.stdout == "b'hello'\n", done.stderr
    assert "(AccessDenied)" in done.stderr.splitlines()[-1]


SCENARIOS = {
    "## 1. Authenticate with a user pool": "demo id\n",
    "## 2. Access your server-side resources": "['demo-group']\n[200, 403]\n",
    "## 3. API Gateway and Lambda: equivalents": "200 demo demo-group\n401 403\n",
    "## 5. A third party, an identity pool, and AWS services": "demo-guest\ndemo-authenticated\n",
    "## 6. AppSync: an equivalent": "200\n403\n",
}


@pytest.mark.parametrize("heading", SCENARIOS)
def test_scenarios_run_as_they_are_described(server: Running, tmp_path: Path, heading: str) -> None:
    done = run(block("docs/scenarios.md", heading), server, tmp_path)
    assert done.stdout == SCENARIOS[heading], done.stderr
