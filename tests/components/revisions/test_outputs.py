"""DVC takes an object that is there for right; outputs are hashed again, and what is wrong goes."""

from pathlib import Path

import pytest

from components.revisions.errors import Poisoned
from components.revisions.lock import read_lock
from components.revisions.outputs import check_outputs, remove_refused
from tests.small_house import dvc

WRONG = b'{"0.txt": 1000000}'


def entry_of(house: Path) -> dict[str, object]:
    return dict(read_lock(house / "dvc.lock")["count"])


def poison(house: Path) -> list[Path]:
    """Other bytes under the name of an output, in the cache and in the remote."""
    md5 = next(out["md5"] for out in entry_of(house)["outs"] if out["path"] == "outputs/count/counts.json")
    found = [store / "files/md5" / md5[:2] / md5[2:] for store in (house / ".dvc/cache", house / ".fusar/remote")]
    for path in found:
        path.chmod(0o644)
        path.unlink()
        path.write_bytes(WRONG)
        path.chmod(0o444)  # as DVC leaves what it has checked
    (house / "outputs/count/counts.json").unlink()
    return found


def test_a_wrong_object_gets_past_a_forced_run_of_dvc_but_not_past_us(finished_house):
    house = finished_house
    dvc(house, "push", "--quiet", "--run-cache")
    right, before = (house / "outputs/count/counts.json").read_bytes(), entry_of(house)
    objects = poison(house)
    dvc(house, "repro", "--quiet", "--single-item", "--force", "count")
    assert entry_of(house) == before
    assert (house / "outputs/count/counts.json").read_bytes() == WRONG
    with pytest.raises(Poisoned, match=r"outputs/count/counts\.json"):
        check_outputs(house, "count", before)
    remove_refused(house, "count", before)
    assert [path for path in objects if path.exists()] == []
    dvc(house, "repro", "--quiet", "--single-item", "--force", "count")
    check_outputs(house, "count", entry_of(house))
    assert (house / "outputs/count/counts.json").read_bytes() == right


def test_what_the_run_cache_says_of_a_refused_stage_goes_and_the_rest_stays(finished_house):
    house = finished_house
    dvc(house, "push", "--quiet", "--run-cache")
    stores = (house / ".dvc/cache", house / ".fusar/remote")

    def told(stage: str) -> list[Path]:
        runs = [path for store in stores for path in (store / "runs").glob("*/*/*")]
        return [path for path in runs if f"outputs/{stage}/" in path.read_text().partition("outs:")[2]]

    before = {path: path.read_bytes() for store in stores for path in (store / "files").rglob("*") if path.is_file()}
    assert (len(told("count")), len(told("total"))) == (2, 2)
    remove_refused(house, "count", entry_of(house))
    assert (len(told("count")), len(told("total"))) == (0, 2)
    assert {path: path.read_bytes() for path in before if path.exists()} == before
