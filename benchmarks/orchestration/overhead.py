"""What the platform costs where nothing is to do: `python -m benchmarks.orchestration.overhead`, or `make bench`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.orchestration import subjects
from benchmarks.orchestration.measuring import Summary, measure
from benchmarks.orchestration.results import (
    Comparison,
    as_json,
    comparison_table,
    machine_facts,
    table_of,
    versions,
)
from benchmarks.orchestration.running_server import running_prefect_server
from components.contract.errors import FusarError

RESULTS = Path(__file__).resolve().parents[1] / "results"
PEERS_PYTHON = Path(__file__).resolve().parents[1] / ".venv/bin/python"
COMMAND_LINE_LIMIT_S = 4.0
FLOW_LIMIT_S = 5.0


def compare(summaries: Mapping[str, Summary]) -> list[Comparison]:
    """The promised limits, then the ratios to each peer, all from the same run."""
    no_op, repro, flow = (summaries[name] for name in (subjects.NO_OP, subjects.REPRO, subjects.FLOW))
    zenml, metaflow = summaries[subjects.ZENML], summaries[subjects.METAFLOW]
    return [
        Comparison(
            "no-op retrain over dvc repro, command line", no_op.wall_s - repro.wall_s, "s", COMMAND_LINE_LIMIT_S
        ),
        Comparison("no-op retrain through the flow, running server", flow.call_s, "s", FLOW_LIMIT_S),
        Comparison("no-op retrain / dvc repro, wall", no_op.wall_s / repro.wall_s, "x"),
        Comparison("no-op retrain / dvc repro, processor", no_op.cpu_s / repro.cpu_s, "x"),
        Comparison("no-op retrain / ZenML cached, wall", no_op.wall_s / zenml.wall_s, "x"),
        Comparison("no-op flow call / ZenML cached call", flow.call_s / zenml.call_s, "x"),
        Comparison("no-op retrain / Metaflow resume, wall", no_op.wall_s / metaflow.wall_s, "x"),
    ]


def run(options: argparse.Namespace, scratch: Path) -> bool:
    """Measure, print, write the JSON; true where every limit is met."""
    progress = Console(stderr=True)
    if options.repository is None:
        progress.print("Cloning this repository and retraining it on the tiny catalogue (1 to 3 minutes) ...")
        repository = subjects.retrained_clone(scratch / "clone")
    else:
        repository = subjects.finished_clone(options.repository)
    progress.print("Running the same graph once in each peer ...")
    peers = subjects.peers(scratch / "peers", options.peers)
    load = [os.getloadavg()[0]]
    with running_prefect_server(scratch / "prefect") as api:
        contestants = [*subjects.ours(repository, api), *peers]
        total = options.repeats + 1
        summaries = measure(
            contestants, options.repeats, after_round=lambda number: progress.print(f"round {number + 1} of {total}")
        )
    load.append(os.getloadavg()[0])
    comparisons = compare(summaries)
    facts = {
        "machine": machine_facts(),
        "versions": versions(options.peers),
        "commit": repository.commit,
        "repeats": options.repeats,
        "load_before_and_after": [round(value, 1) for value in load],
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(as_json(summaries, comparisons, facts), encoding="utf-8")
    console = Console()
    console.print(table_of(summaries), comparison_table(comparisons))
    console.print(f"Load {load[0]:.1f} before, {load[1]:.1f} after; {os.cpu_count()} cores.", highlight=False)
    console.print(f"Written: {options.output}", soft_wrap=True, highlight=False)
    return all(comparison.is_met for comparison in comparisons)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; exit 1 where a limit is missed or nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orchestration.overhead", description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="rounds that count; one more warms up")
    parser.add_argument("--repository", type=Path, help="a clone with a finished tiny demo; made anew where not given")
    parser.add_argument("--peers", type=Path, default=PEERS_PYTHON, help="Python with ZenML and Metaflow")
    parser.add_argument("--output", type=Path, default=RESULTS / "overhead.json", help="file for all samples")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="fusar-bench-") as scratch:
            are_met = run(options, Path(scratch))
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    raise SystemExit(0 if are_met else 1)


if __name__ == "__main__":
    main()
