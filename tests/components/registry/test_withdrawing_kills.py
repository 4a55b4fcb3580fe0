"""Killed before each single write of a withdrawal with its purge: the same command brings it to the same end."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from components.lineage.versions import open_registry, versions_of
from components.lineage.withdrawals import WITHDRAWN_TAG, journal_of, parse_withdrawn, purged, withdrawn
from components.registry.purging import purge
from components.registry.reached import readable_records
from components.registry.registration import register
from components.registry.withdrawing import Request, withdraw
from components.revisions.home import Home
from tests.components.registry import killing
from tests.components.registry.made import MadeHouse, build

SCENE = "brest-c3"
MODELS = ("fusar-klip", "fusar-gpt")


def take_back(root: Path) -> None:
    """What `fusar scene withdraw --purge` does."""
    home, client = Home(root), open_registry(root)
    done = withdraw(home, client, Request(SCENE, "the licence ended", "Ada"))
    purge(home, readable_records(client), done.contents, "Ada")


def stands(root: Path) -> dict[str, Any]:
    """All that a withdrawal decides and changes, but for the time."""
    home, client = Home(root), open_registry(root)
    (row,) = withdrawn(home).values()
    files = [
        path for place in (".dvc/cache/files", ".fusar/remote/files", "data") for path in (root / place).rglob("*")
    ]
    return {
        "row": (row.md5, row.scene_id, row.reason, row.name, row.purged_by),
        "list": [listed.md5 for listed in parse_withdrawn((root / "withdrawn.csv").read_bytes(), "")],
        "tags": [v.tags.get(WITHDRAWN_TAG) for name in MODELS for v in versions_of(client, name)],
        "actions": sorted({str(line.content["action"]) for line in journal_of(home).lines()}),
        "purged": sorted(purged(home)),
        "data.dvc": (root / "data.dvc").read_text(),
        "files": sorted(
            path.relative_to(root).as_posix() for path in files if path.is_file() and path.suffix != ".tmp"
        ),
        "partial": sorted(path.name for path in root.glob(".*.partial")),
    }


@pytest.mark.slow
def test_a_kill_before_any_write_is_finished_by_the_same_command(tmp_path: Path) -> None:
    house: MadeHouse = build(tmp_path)
    house.prepare()
    register(house.retrain())
    root, kept = house.root, tmp_path / "kept"
    shutil.copytree(root, kept, symlinks=True)

    def restore() -> None:
        shutil.rmtree(root)
        shutil.copytree(kept, root, symlinks=True)

    whole = killing.run(take_back, root, root=root)
    end = stands(root)
    assert end["tags"] == [SCENE, SCENE]
    assert end["actions"] == ["purge", "withdraw"]
    assert not [name for name in end["files"] if SCENE in name]
    count = len(whole["writes"])
    print(f"{count} writes: {json.dumps(whole['writes'])}")
    assert count >= 12
    for place in range(1, count + 1):
        restore()
        assert killing.run(take_back, root, root=root, kill_before=place) is None
        take_back(root)
        assert stands(root) == end, f"killed before write {place}: {whole['writes'][place - 1]}"
