"""The gate that reads every byte again, on a finished demo and on a copy of it with one byte changed."""

import shutil
from pathlib import Path

from components.lineage.versions import open_registry, resolve
from components.registry.gates import lineage_verified
from components.registry.gates.gate import Candidate, Outcome
from components.revisions.home import Home
from tests.conftest import Demo


def judged(root: Path, scratch: Path) -> Outcome:
    client = open_registry(root)
    candidate = Candidate(client, resolve(client, "fusar-gpt/1"), scratch, Home(root))
    return lineage_verified.judge(lineage_verified.LineageVerified(), candidate, None)


def test_one_changed_byte_keeps_a_version_from_going_live_and_is_named(demo: Demo, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(demo.clone.root, copy, symlinks=True)
    outcome = judged(copy, tmp_path)
    assert outcome.passed, outcome.reason
    assert outcome.evidence["files"] > 100
    lineage = Candidate(open_registry(copy), resolve(open_registry(copy), "fusar-gpt/1"), tmp_path, Home(copy)).lineage
    scene = lineage.scenes[0].files[0]
    stored = copy / ".fusar/remote/files/md5" / scene.md5[:2] / scene.md5[2:]
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.chmod(0o644)
    stored.write_bytes(content)
    outcome = judged(copy, tmp_path)
    assert not outcome.passed
    assert outcome.evidence["problem_count"] == 1
    assert scene.path in outcome.reason and "other bytes in the DVC remote" in outcome.reason
