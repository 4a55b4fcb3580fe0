"""The whole chain where there is no network at all: what was installed must be enough."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import ROOT, clone_repository

NAMESPACE = ("unshare", "--map-root-user", "--net")
WAITED_FOR_THE_NETWORK = re.compile(
    r"retry|retries|timed out|name resolution|unreachable|connection (?:refused|error)", re.IGNORECASE
)
GOAL_GB = 5.0

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Offline:
    """A finished demo inside the namespace, and what the namespace counted."""

    said: str
    logs: dict[str, str]
    facts: dict[str, float | str]


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offline]:
    if shutil.which("unshare") is None:
        pytest.skip("unshare (util-linux) is not installed")
    permitted = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if permitted.returncode != 0:
        pytest.skip(f"network namespaces are not permitted here: {permitted.stderr.strip()}")
    folder = tmp_path_factory.mktemp("offline")
    clone = clone_repository(folder / "clone")
    report, home = folder / "report.json", folder / "home"
    home.mkdir()  # a fresh one: nothing that an earlier run downloaded may help
    command = [sys.executable, "-m", "cli.app", "demo", "--profile", "tiny", "--catalogue", "tiny"]
    inside = [sys.executable, str(ROOT / "tests/without_network.py"), str(report), *command]
    done = clone.run([*NAMESPACE, "env", f"HOME={home}", *inside])
    logs = {path.name: path.read_text(errors="replace") for path in (clone.root / ".fusar/logs").rglob("*.log")}
    yield Offline(done.stdout, {"progress": done.stderr, **logs}, json.loads(report.read_text()))


def test_the_namespace_has_no_route_and_counts_who_looks_for_one(offline: Offline) -> None:
    assert offline.facts["probe"] == "ENETUNREACH"
    assert float(offline.facts["probe_seconds"]) < 0.5
    assert offline.facts["attempts_of_probe"] == 1


def test_the_demo_ends_with_two_champions_without_a_network(offline: Offline) -> None:
    print(f"demo without a network: {float(offline.facts['seconds']):.0f} s")
    assert "Champion: fusar-gpt/1" in offline.said
    assert "Champion: fusar-klip/1" in offline.said


def test_nothing_in_the_demo_tries_to_reach_out(offline: Offline) -> None:
    assert offline.facts["attempts"] == 0


def test_no_stage_waited_for_the_network(offline: Offline) -> None:
    assert len(offline.logs) > 8
    told = [(name, line) for name, text in offline.logs.items() for line in text.splitlines()
            if WAITED_FOR_THE_NETWORK.search(line)]  # fmt: skip
    assert told == []


def test_the_disk_that_the_demo_takes_is_told_and_under_five_gigabytes(offline: Offline) -> None:
    told = re.search(r"^Disk: ([\d.]+) GB \(environment ([\d.]+) GB, DVC cache and remote \d+ MB", offline.said, re.M)
    assert told is not None, offline.said
    if version("torch").endswith("+cpu"):
        assert float(told[1]) < GOAL_GB


def test_make_demo_asks_pip_for_nothing_once_the_environment_is_there(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-geodata.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    fresh = _told_by_make(tmp_path)
    (tmp_path / ".venv/.runtime").touch()
    installed = _told_by_make(tmp_path)
    assert "pip install" in fresh
    assert installed.splitlines() == [".venv/bin/fusar demo"]


def _told_by_make(folder: Path) -> str:
    """What `make demo` would run; not as a part of the `make` that runs this suite, which says where it enters."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["make", "-n", "demo"], cwd=folder, env=variables, capture_output=True, text=True, check=True)
    return done.stdout
