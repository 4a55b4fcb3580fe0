"""The ledger on a real folder: exclusive, whole, and broken as soon as anyone edits it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from components.lineage.errors import BrokenJournal
from components.lineage.journal import NOTHING, journal_url
from components.registry.errors import LostRace
from components.registry.ledger import Ledger

VALUES = {"chain": "c", "verdict_sha256": "v", "at": "2026-11-24T18:00:00+00:00"}
RACER = """
import sys
from components.registry.errors import LostRace
from components.registry.ledger import Ledger
ledger = Ledger(sys.argv[1])
seen = ledger.entries("fusar-gpt")
print("ready", flush=True)
sys.stdin.readline()
try:
    ledger.append("fusar-gpt", seen, version=sys.argv[2], chain="c", verdict_sha256="v", at="now")
    print("won")
except LostRace as lost:
    print("lost", lost.number)
"""


def test_each_entry_holds_the_hash_of_the_one_before_and_the_champion_that_it_replaces(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path))
    assert ledger.champion("fusar-gpt") == ""
    for version in ("1", "3"):
        ledger.append("fusar-gpt", ledger.entries("fusar-gpt"), version=version, **VALUES)
    first, second = ledger.entries("fusar-gpt")
    assert (first.entry.previous_sha256, first.entry.replaces) == (NOTHING, "")
    assert (second.entry.previous_sha256, second.entry.replaces) == (first.sha256, "1")
    assert ledger.champion("fusar-gpt") == "3"
    assert ledger.champion("fusar-klip") == ""


def test_of_four_promoters_at_once_exactly_one_wins(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(tmp_path), str(version)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for version in range(1, 5)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    answers = [racer.communicate("go\n")[0].strip() for racer in racers]
    assert sorted(answers) == ["lost 1", "lost 1", "lost 1", "won"]
    assert Ledger(str(tmp_path)).champion("fusar-gpt") == str(answers.index("won") + 1)
    assert [path.name for path in (tmp_path / "ledger/fusar-gpt").iterdir()] == ["1.json"], "nothing is left over"


def test_an_entry_written_from_an_old_view_loses(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path))
    ledger.append("fusar-gpt", (), version="1", **VALUES)
    with pytest.raises(LostRace, match="entry 1"):
        ledger.append("fusar-gpt", (), version="2", **VALUES)
    assert ledger.champion("fusar-gpt") == "1"


@pytest.mark.parametrize(
    ("number", "old", "new", "problem"),
    [
        (1, b'"version": "1"', b'"version": "9"', r"1\.json: was changed after entry 2 was written"),
        (2, b"{", b"", r"2\.json: is no entry of a journal"),
        (2, b'"number": 2', b'"number": 3', "is entry 3, not 2"),
    ],
)
def test_an_edited_entry_is_found_and_named(tmp_path: Path, number: int, old: bytes, new: bytes, problem: str) -> None:
    ledger = Ledger(str(tmp_path))
    for version in ("1", "2"):
        ledger.append("fusar-gpt", ledger.entries("fusar-gpt"), version=version, **VALUES)
    path = tmp_path / f"ledger/fusar-gpt/{number}.json"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(BrokenJournal, match=problem):
        ledger.entries("fusar-gpt")


def test_a_removed_entry_is_found(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path))
    for version in ("1", "2"):
        ledger.append("fusar-gpt", ledger.entries("fusar-gpt"), version=version, **VALUES)
    (tmp_path / "ledger/fusar-gpt/1.json").unlink()
    with pytest.raises(BrokenJournal):
        ledger.entries("fusar-gpt")


def test_the_ledger_lies_in_the_default_dvc_remote_that_all_machines_share(tmp_path: Path) -> None:
    assert journal_url(tmp_path) == str(tmp_path / ".fusar/remote")
    (tmp_path / ".dvc").mkdir()
    config = tmp_path / ".dvc/config"
    config.write_text("[core]\n    remote = near\n['remote \"near\"']\n    url = ../.fusar/remote\n")
    assert Path(journal_url(tmp_path)).resolve() == tmp_path / ".fusar/remote"
    config.write_text("[core]\n    remote = far\n['remote \"far\"']\n    url = s3://bucket/prefix\n")
    assert journal_url(tmp_path) == "s3://bucket/prefix"


def test_an_entry_of_the_first_schema_is_still_read_and_a_new_one_follows_it(tmp_path: Path) -> None:
    first = {"number": 1, "model": "fusar-gpt", "action": "promote", "version": "1", "replaces": "", **VALUES}
    path = tmp_path / "ledger/fusar-gpt/1.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**first, "previous_sha256": NOTHING}))
    ledger = Ledger(str(tmp_path))
    said = {"by": "Ada", "verified": True, "reason": "better", "approvals": ({"name": "Ben"},)}
    ledger.append("fusar-gpt", ledger.entries("fusar-gpt"), version="2", **VALUES, **said)
    old, new = (written.entry for written in ledger.entries("fusar-gpt"))
    assert (old.schema_version, old.by, old.verdict) == (1, "", ())
    assert (new.schema_version, new.by, new.verified, new.approvals[0]["name"]) == (2, "Ada", True, "Ben")


def _edit(folder: Path) -> None:
    path = folder / "2.json"
    path.write_bytes(path.read_bytes().replace(b'"version": "2"', b'"version": "9"'))


def _insert(folder: Path) -> None:
    (folder / "4.json").rename(folder / "5.json")
    (folder / "4.json").write_bytes((folder / "3.json").read_bytes())


@pytest.mark.parametrize(
    ("tamper", "wanted"),
    [
        (_edit, ["edited 2.json: was changed, or put in the place of another, after entry 3 was written"]),
        (lambda folder: (folder / "2.json").unlink(), ["removed 2.json: entry 2 before 3.json: removed"]),
        (_insert, ["inserted 4.json: says that it is entry 3", "inserted 5.json: says that it is entry 4"]),
        (lambda folder: (folder / "notes.txt").write_text("x"), ["inserted notes.txt: is no entry of this journal"]),
        (lambda folder: (folder / "3.json").write_text("{"), ["edited 3.json: is no entry of a journal"]),
        (lambda folder: (folder / ".x.partial").write_text("left by a kill"), []),
    ],
)
def test_every_tampered_object_is_named_with_what_was_done_to_it(
    tmp_path: Path, tamper: Callable[[Path], object], wanted: list[str]
) -> None:
    ledger = Ledger(str(tmp_path))
    for version in ("1", "2", "3", "4"):
        ledger.append("fusar-gpt", ledger.entries("fusar-gpt"), version=version, **VALUES)
    assert ledger.faults("fusar-gpt") == ()
    tamper(tmp_path / "ledger/fusar-gpt")
    found = [f"{fault.kind} {fault.path.rsplit('/', 1)[-1]}: {fault.sentence}" for fault in ledger.faults("fusar-gpt")]
    assert len(found) == len(wanted)
    assert all(said.startswith(begins) for said, begins in zip(found, wanted, strict=True)), found
