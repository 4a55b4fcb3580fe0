"""Whatever is written to be read by a later release says of which schema it is: every table, journal and record."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import Clone, Demo

JOURNALS = ("ledger", "approvals", "withdrawals", "watched")
RECORDS = ("lineage.json", "evaluation.json", "backup.json")


def files(root: Path) -> Iterator[Path]:
    """All but what is committed: figures of benchmarks are no records."""
    return (path for path in root.rglob("*") if path.is_file() and not {".git", "benchmarks"} & set(path.parts))


def tables(root: Path) -> list[Path]:
    """Parquet files by their first bytes: in DVC's cache and remote they have no ending."""
    return [path for path in files(root) if path.open("rb").read(4) == b"PAR1"]


def records(root: Path) -> list[Path]:
    """Entries of journals, and the records that lie with versions and backups."""
    named = [path for path in files(root) if path.suffix == ".json"]
    journals = [path for path in named if set(JOURNALS) & set(path.parts) and "remote" in path.parts]
    return [*journals, *(path for path in named if path.name in RECORDS or path.parent.name == "verdicts")]


def without_version(root: Path) -> list[str]:
    found = []
    for path in tables(root):
        about = pq.read_schema(path).metadata or {}
        if not (about.get(b"fusar.schema") and about.get(b"fusar.version", b"").isdigit()):
            found.append(str(path))
    return found + [str(path) for path in records(root) if "schema_version" not in json.loads(path.read_bytes())]


def kinds(root: Path) -> set[str]:
    return {pq.read_schema(path).metadata[b"fusar.schema"].decode() for path in tables(root)}


def test_what_a_demo_leaves_says_its_schema(demo: Demo) -> None:
    root = demo.clone.root
    assert without_version(root) == []
    assert {"chips", "annotations", "corpus", "curve", "items", "set_aside", "verdicts", "manifest"} <= kinds(root)
    names = {path.name if path.name in RECORDS else path.parent.parent.name for path in records(root)}
    assert {"lineage.json", "evaluation.json", "ledger", "artifacts"} <= names


@pytest.mark.slow
def test_and_so_does_what_people_and_predictions_leave(own_demo: Clone, tmp_path: Path) -> None:
    own_demo.fusar("promote", "approve", "fusar-gpt", "1", "--reason", "looked at it", "--name", "anna")
    scene = next((own_demo.root / ".fusar/demo/data/items").glob("*.json")).stem
    own_demo.fusar("scene", "withdraw", scene, "--reason", "licence", "--name", "anna", check=False)
    own_demo.fusar("backup", str(tmp_path / "backup"))
    for root in (own_demo.root, tmp_path / "backup"):
        assert without_version(root) == []
    assert {"approvals", "ledger"} <= {path.parent.parent.name for path in records(own_demo.root)}
