"""How quickly the scene table answers: `python -m benchmarks.scenes.listing`, or `make bench-scenes`."""

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import shapely
from rich.console import Console
from rich.table import Table

from benchmarks.orchestration.errors import ContestantFailed
from benchmarks.orchestration.results import machine_facts, versions
from benchmarks.scenes.generated import FIRST, pin, scene_id, write_scene
from components.catalog.table.asking import Question, answering, open_table, shown, write_selected
from components.catalog.table.changes import Changes, changes, committed, present
from components.catalog.table.index import TABLE, refresh
from components.contract.progress import progress
from components.ingestion.items import read_scene
from components.revisions.git import git

RESULTS = Path(__file__).resolve().parents[1] / "results"
LIMIT_S: Final = 2.0
_IDENTITY = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")


def build(root: Path, scenes: int) -> None:
    """A repository whose newest commit pins so many scenes, which lie in data/."""
    root.mkdir()
    git(root, "init", "--quiet")
    for words in (("init", "--quiet"), ("remote", "add", "--quiet", "--default", "local", str(root / ".fusar/remote"))):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=root, check=True)
    for number in progress(range(scenes), "scenes", scenes):
        write_scene(root / "data", number)
    pin(root, (root / "data").rglob("*.*"))
    git(root, "add", "--all", ".")
    git(root, *_IDENTITY, "commit", "--quiet", "-m", "scenes")


def measure(root: Path, scenes: int, repeats: int) -> dict[str, Any]:
    """Seconds of each question, medians, with what it cost to build the table and to add one scene.

    Raises:
        ContestantFailed: an answer is wrong.
    """
    data, folder = root / "data", root / ".fusar/scenes"
    _settle()
    first = _seconds(lambda: refresh(data, folder, read_scene))
    table = open_table(folder / TABLE)
    first_md5s = _seconds(lambda: present(root, folder, table))
    write_scene(data, scenes)
    (data / f"items/{scene_id(0)}.json").unlink()
    (data / f"scenes/{scene_id(1)}.tif").write_text("other pixels", encoding="utf-8")
    began = time.perf_counter()
    read = refresh(data, folder, read_scene).read
    one_more = time.perf_counter() - began
    _settle()
    path = refresh(data, folder, read_scene).path
    present(root, folder, open_table(path))
    _check("items read for one new scene", read, 1)

    table = open_table(path)
    place = shapely.box(8, -75, 12, -60)
    days = (FIRST, FIRST + dt.timedelta(days=scenes / 24 / 2))

    def found() -> list[dict[str, Any]]:
        return shown(table.filter(answering(table, Question(place, *days))))

    def since() -> Changes:
        return changes(committed(root, "HEAD"), present(root, folder, table), table)

    _check("changes", since(), Changes(*(frozenset({scene_id(number)}) for number in (scenes, 1, 0))))
    questions: dict[str, Callable[[], Any]] = {
        "open": lambda: open_table(refresh(data, folder, read_scene).path),
        "query by place and time": found,
        "what changed since the last commit": since,
    }
    samples = {name: [_seconds(ask) for _ in range(repeats)] for name, ask in questions.items()}
    everything = answering(table, Question())
    return {
        "scenes": scenes,
        "found": len(found()),
        "samples_s": samples,
        "medians_s": {name: statistics.median(each) for name, each in samples.items()},
        "first_table_s": first,
        "first_md5s_s": first_md5s,
        "one_new_scene": {"items_read": read, "s": one_more},
        "all_as_stac_geoparquet_s": _seconds(lambda: write_selected(path, everything, root / "all.parquet")),
        "command_s": _seconds(lambda: _command(root)),
        "table_mb": path.stat().st_size / 1e6,
    }


def _command(root: Path) -> None:
    """All of it as a person asks, the interpreter's start included."""
    words = ("data", "list", "--place", "8,-75,12,-60", "--time", "2021-01-01/..", "--changed", "HEAD", "--json")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    subprocess.run(
        [sys.executable, "-m", "cli.app", *words], cwd=root, env=environment, check=True, capture_output=True
    )


def _settle() -> None:
    """Wait until no file is so young that it is read again, lest it changed within one tick of its clock."""
    time.sleep(2.5)


def _seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _check(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ContestantFailed("the scene table", f"{what}: {found}, not {wanted}", "")


def is_met(measured: dict[str, Any]) -> bool:
    """Whether every question meets its limit."""
    return all(seconds <= LIMIT_S for seconds in measured["medians_s"].values())


def _print(measured: dict[str, Any]) -> None:
    table = Table("question")
    for column in ("median [s]", "longest [s]", "limit [s]", ""):
        table.add_column(column, justify="right")
    for name, each in measured["samples_s"].items():
        median = statistics.median(each)
        table.add_row(
            name, f"{median:.2f}", f"{max(each):.2f}", f"{LIMIT_S:g}", "met" if median <= LIMIT_S else "MISSED"
        )
    console = Console()
    console.print(table)
    one = measured["one_new_scene"]
    for line in (
        f"{measured['scenes']} scenes; {measured['found']} at the place and time.",
        f"One new scene: {one['items_read']} item read, {one['s']:.1f} s (limit 1 item).",
        f"The first table took {measured['first_table_s']:.0f} s, the first md5s {measured['first_md5s_s']:.0f} s; "
        f"{measured['table_mb']:.0f} MB.",
        f"All scenes written as stac-geoparquet: {measured['all_as_stac_geoparquet_s']:.1f} s.",
        f"`fusar data list --place --time --changed HEAD --json`, start included: {measured['command_s']:.1f} s.",
    ):
        console.print(line, highlight=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenes.listing", description=__doc__)
    parser.add_argument("--scenes", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULTS / "scenes.json", help="file for all samples")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="fusar-bench-") as scratch:
        build(Path(scratch) / "house", options.scenes)
        measured = measure(Path(scratch) / "house", options.scenes, options.repeats)
    facts = {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="minutes"),
        "machine": machine_facts(),
        "versions": versions(),
        "load_before_and_after": [round(value, 1) for value in (load, os.getloadavg()[0])],
    }
    options.output.write_text(json.dumps({**facts, **measured}, indent=1) + "\n", encoding="utf-8")
    _print(measured)
    raise SystemExit(0 if is_met(measured) else 1)


if __name__ == "__main__":
    main()
