import os
import time
from pathlib import Path

from components.revisions.run_cache import drop_half_entries
from tests.small_house import dvc, traced


def half_entry(store: Path, stage: str, age: float) -> Path:
    """What a push that ran out of space leaves beside the entry of a stage: newer than it, and empty."""
    (entry,) = [file for file in store.glob("runs/??/*/*") if f"components.{stage}" in file.read_text()]
    partial = entry.with_name(".half.tmp")
    partial.write_text("")
    os.utime(partial, (time.time() - age, time.time() - age))
    os.utime(entry, (time.time() - age - 60, time.time() - age - 60))
    return partial


def test_a_half_written_entry_hides_no_result(finished_house):
    dvc(finished_house, "push", "--quiet", "--run-cache")
    cache, remote = finished_house / ".dvc/cache", finished_house / ".fusar/remote"
    halves = [half_entry(store, "counting", age=60) for store in (cache, remote)]
    young = half_entry(remote, "summing", age=0)
    drop_half_entries(finished_house)
    assert [half.exists() for half in halves] == [False, False]
    assert young.exists()
    (finished_house / "dvc.lock").unlink()
    (finished_house / "outputs/count/counts.json").unlink()
    trace = finished_house.parent / "trace"
    trace.unlink(missing_ok=True)
    dvc(finished_house, "repro", "--quiet", "--pull", "count")
    assert traced(trace) == []
