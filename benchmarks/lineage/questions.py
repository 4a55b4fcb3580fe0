"""How quickly lineage answers at size: `python -m benchmarks.lineage.questions`, or `make bench-lineage`."""

import argparse
import contextlib
import datetime
import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.lineage import mlflow_search, registering
from benchmarks.lineage.asking import Timing, ask
from benchmarks.lineage.generated import history
from benchmarks.lineage.indexed import build
from benchmarks.orchestration.results import machine_facts, versions
from components.lineage.index.questions import Questions
from components.lineage.index.tables import connect

RESULTS = Path(__file__).resolve().parents[1] / "results"
RATIO_LIMIT = 1000.0  # how much quicker than MLflow's search at equal edges


def run(options: argparse.Namespace, scratch: Path) -> bool:
    """Measure, print, write the JSON; true where every limit is met."""
    told = Console(stderr=True)
    load = [os.getloadavg()[0]]
    told.print(f"Generating {options.versions} versions of {options.scenes} scenes ...")
    steps = history(options.scenes, options.versions, options.changes)
    seconds = build(scratch / "lineage.db", steps, options.versions)
    with contextlib.closing(connect(scratch / "lineage.db")) as connection:
        timings = ask(Questions(connection), options.scenes, options.versions, options.askings)
    told.print(f"Logging {mlflow_search.VERSIONS} runs with their scenes to MLflow ...")
    compared = mlflow_search.compare(_folder(scratch / "mlflow"))
    told.print("Registering two versions for real ...")
    first, following = list(history(options.scenes, 2, options.changes))
    registered = registering.measure(_folder(scratch / "registry"), first, following)
    load.append(os.getloadavg()[0])
    content = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "machine": machine_facts(),
        "versions": versions(),
        "load_before_and_after": [round(value, 1) for value in load],
        "generated": {name: vars(options)[name] for name in ("scenes", "versions", "changes", "askings")},
        "questions": [{**asdict(timing), "median_ms": timing.median} for timing in timings],
        "against_mlflow": compared,
        "writing": {"first_s": seconds[0], "next_s_median": statistics.median(seconds[1:])},
        "registering": asdict(registered),
        "index_mb": (scratch / "lineage.db").stat().st_size / 1e6,
    }
    options.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    console = Console()
    console.print(_table(timings))
    for line in _sentences(content):
        console.print(line, highlight=False)
    return compared["ratio"] >= RATIO_LIMIT and all(timing.median <= timing.limit for timing in timings)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _table(timings: Sequence[Timing]) -> Table:
    table = Table("question")
    for column in ("median [ms]", "longest [ms]", "limit [ms]", ""):
        table.add_column(column, justify="right")
    for timing in timings:
        verdict = "met" if timing.median <= timing.limit else "MISSED"
        row = (f"{timing.median:.2f}", f"{max(timing.samples_ms):.2f}", f"{timing.limit:g}", verdict)
        table.add_row(timing.question, *row)
    return table


def _sentences(content: dict[str, Any]) -> list[str]:
    compared, registered, writing = content["against_mlflow"], content["registering"], content["writing"]
    theirs, ours = statistics.median(compared["mlflow_ms"]), statistics.median(compared["index_ms"])
    return [
        f"At {compared['edges']} edges each: MLflow's search {theirs:.0f} ms, the index {ours:.3f} ms, "
        f"{compared['ratio']:.0f} times (limit {RATIO_LIMIT:g}); logging took {compared['mlflow_logging_s']:.0f} s.",
        f"Index of all: {content['index_mb']:.0f} MB; written in {writing['first_s']:.0f} s, "
        f"{writing['next_s_median'] * 1e3:.0f} ms for each version after the first.",
        f"Registered for real: first version {registered['first_s']:.1f} s and {registered['first_rows']} rows, "
        f"the next {registered['next_s']:.1f} s and {registered['next_rows']} rows.",
        f"Load {content['load_before_and_after']}, {os.cpu_count()} cores.",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lineage.questions", description=__doc__)
    parser.add_argument("--scenes", type=int, default=1_000_000)
    parser.add_argument("--versions", type=int, default=1_000)
    parser.add_argument("--changes", type=int, default=200, help="scenes that differ from one version to the next")
    parser.add_argument("--askings", type=int, default=51, help="how often each question is asked")
    parser.add_argument("--output", type=Path, default=RESULTS / "lineage.json", help="file for all samples")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fusar-bench-") as scratch:
        are_met = run(options, Path(scratch))
    raise SystemExit(0 if are_met else 1)


if __name__ == "__main__":
    main()
