"""A version of the tiny demo made anew for real, once whole and once killed on the way."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.lineage.versions import fetch, open_registry, resolve
from tests.conftest import Clone, Demo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy of the demo, whose own versions stay as they are."""
    folder = tmp_path_factory.mktemp("reproduce") / "clone"
    shutil.copytree(demo.clone.root, folder, symlinks=True)
    copy = Clone(folder)
    copy.fusar("doctor", "--mend", check=False)
    return copy


def test_a_killed_run_leaves_the_version_alone_and_the_next_has_the_same_bytes(clone: Clone, tmp_path: Path) -> None:
    scratch = clone.root / ".fusar/reproductions/fusar-klip-1"
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.app", "model", "reproduce", "fusar-klip/1"],
        cwd=clone.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (scratch / "outputs/ingest").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    client = open_registry(clone.root)
    assert "fusar.reproduced" not in resolve(client, "fusar-klip/1").tags
    done = clone.fusar("model", "reproduce", "fusar-klip/1", "--json")
    found = json.loads(done.stdout)
    assert found["outcome"] == "same bytes", found["differing"]
    assert {output["path"] for output in found["outputs"]} >= {"outputs/ingest/chips", "outputs/pretrain/klip"}
    assert not scratch.exists()
    client = open_registry(clone.root)
    version = resolve(client, "fusar-klip/1")
    assert version.tags["fusar.reproduced"] == f"same bytes, {found['at']}"
    kept = fetch(client, version, "reproductions", tmp_path)
    assert [json.loads(file.read_text())["outcome"] for file in kept.iterdir()] == ["same bytes"]
    assert "reproductions" not in clone.git("worktree", "list")
