"""A scene taken back from a real, finished demo: the next retrain is clean of it, and nothing brings it back."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Clone, Demo


@pytest.mark.slow
def test_a_purged_scene_is_in_no_later_version_and_can_be_neither_retrained_nor_rolled_back_to(
    demo: Demo, tmp_path: Path
) -> None:
    clone = Clone(Path(shutil.copytree(demo.clone.root, tmp_path / "clone", symlinks=True)))
    clone.fusar("doctor", "--mend", check=False)
    catalogue = clone.git("-C", ".fusar/demo", "rev-parse", "HEAD")
    clone.git("checkout", catalogue, "--", "data.dvc")
    clone.git("commit", "--quiet", "-am", "the demo's scenes")
    before = clone.git("rev-parse", "HEAD")
    record = json.loads(clone.fusar("lineage", "show", "fusar-gpt@champion", "--json").stdout)
    scene = next(item["scene_id"] for item in record["scenes"] if item["split"] == "train")

    said = clone.fusar("scene", "withdraw", scene, "--reason", "licence ended", "--name", "Ada", "--purge").stdout
    assert "champion   fusar-gpt/1 was made with a withdrawn scene; no version is clean." in said
    assert f"removed    outputs/ingest/chips/{scene}.parquet" in said
    assert said.rstrip().splitlines()[-1].startswith("Next: git add withdrawn.csv data.dvc && git commit")
    assert not [path for path in clone.root.rglob(f"{scene}.*") if path.is_file()]
    early = clone.fusar("retrain", "--profile", "tiny", check=False)  # nothing is committed yet
    assert early.returncode == 1
    assert f"{scene} withdrawn on" in early.stderr
    assert "purged on" in early.stderr

    clone.git("commit", "--quiet", "-am", "withdraw")
    clone.fusar("retrain", "--profile", "tiny")
    reached = json.loads(clone.fusar("lineage", "impact", scene, "--json").stdout)
    assert {(found["model"], found["version"]) for found in reached["versions"]} == {
        ("fusar-klip", "1"),
        ("fusar-gpt", "1"),
    }
    clean = json.loads(clone.fusar("lineage", "show", "fusar-gpt/2", "--json").stdout)
    assert scene not in {item["scene_id"] for item in clean["scenes"]}
    assert len(clean["scenes"]) == len(record["scenes"]) - 1

    assert clone.fusar("promote", "fusar-gpt/2").returncode == 0
    back = clone.fusar("promote", "rollback", "fusar-gpt", "1", "--reason", "it was better", check=False)
    assert back.returncode == 1
    old = clone.fusar("retrain", "--profile", "tiny", "--revision", before, check=False)
    assert old.returncode == 1
    assert f"{scene} withdrawn on" in old.stderr
