"""Chips per second of an epoch, contestants in turn: `python -m benchmarks.training_input.reading`.

Limits: at least 3 times WebDataset (npy), 2 times LitData and 8 times loose PNG files; a shuffled epoch takes at most
1.15 times one in order; the first batch comes within 0.2 s.
"""

import argparse
import datetime
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.orchestration.errors import ContestantFailed
from benchmarks.orchestration.overhead import RESULTS
from benchmarks.orchestration.results import Comparison, comparison_table, machine_facts
from benchmarks.timing import timed
from benchmarks.training_input.corpus import write_all
from components.contract.errors import FusarError

PEERS_FOLDER = Path(__file__).parent / ".peers"
TIMES = {"webdataset": 3.0, "litdata": 2.0, "png": 8.0}
SHUFFLE_LIMIT, FIRST_LIMIT_S = 1.15, 0.2
CONTESTANTS = {
    "fusar": ("fusar",),
    "fusar, in order": ("fusar", "--in-order"),
    "webdataset": ("webdataset",),
    "litdata": ("litdata",),
    "png": ("png",),
}


@dataclass(frozen=True)
class Epoch:
    """One epoch of one contestant.

    Attributes:
        chips_a_second: all chips by the time from opening to the last batch.
        first_s: until the first batch [s].
        cpu_s: processor time of the process with its children, imports and all [s].
    """

    chips_a_second: float
    first_s: float
    cpu_s: float


def read(name: str, corpus: Path, chips: int, workers: int) -> Epoch:
    """One epoch in a process of its own.

    Raises:
        ContestantFailed: it ended with an error, or not every chip came once.
    """
    command = (sys.executable, "-m", "benchmarks.training_input.epoch", *CONTESTANTS[name], str(corpus))
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{PEERS_FOLDER}{os.pathsep}{root}"}
    spent, said = timed((*command, "--workers", str(workers)), root, environment, name)
    found = json.loads(said.splitlines()[-1])
    if (found["chips"], found["different"]) != (chips, chips):
        raise ContestantFailed(name, f"{found['chips']} chips came, {found['different']} different, of {chips}", said)
    return Epoch(chips / found["seconds"], found["first_s"], spent.cpu_s)


def rounds(corpus: Path, options: argparse.Namespace, told: Console) -> dict[str, list[Epoch]]:
    """All epochs by contestant; the first round fills the page cache and does not count."""
    epochs: dict[str, list[Epoch]] = {name: [] for name in CONTESTANTS}
    for number in range(options.repeats + 1):
        for name, kept in epochs.items():
            epoch = read(name, corpus, options.chips, options.workers)
            if number:
                kept.append(epoch)
        told.print(f"round {number} of {options.repeats}")
    return epochs


def compare(epochs: Mapping[str, Sequence[Epoch]]) -> list[Comparison]:
    """Ratios of medians with their limits; of a peer the share of our speed that it reaches."""
    speed = {name: statistics.median(epoch.chips_a_second for epoch in kept) for name, kept in epochs.items()}
    first_s = statistics.median(epoch.first_s for epoch in epochs["fusar"])
    return [
        *(Comparison(f"{peer} / fusar", speed[peer] / speed["fusar"], "x", 1 / times) for peer, times in TIMES.items()),
        Comparison("shuffled epoch / epoch in order", speed["fusar, in order"] / speed["fusar"], "x", SHUFFLE_LIMIT),
        Comparison("first batch", first_s, "s", FIRST_LIMIT_S),
    ]


def table_of(epochs: Mapping[str, Sequence[Epoch]]) -> Table:
    """Medians by contestant, with the range of its speed."""
    table = Table("contestant")
    for column in ("chips/s", "lowest", "highest", "first batch [s]", "processor [s]"):
        table.add_column(column, justify="right")
    for name, kept in epochs.items():
        speeds = [epoch.chips_a_second for epoch in kept]
        figures = (statistics.median(speeds), min(speeds), max(speeds))
        first_s, cpu_s = (statistics.median(getattr(epoch, field) for epoch in kept) for field in ("first_s", "cpu_s"))
        table.add_row(name, *(f"{speed:,.0f}" for speed in figures), f"{first_s:.2f}", f"{cpu_s:.1f}")
    return table


def as_json(epochs: Mapping[str, Sequence[Epoch]], compared: Sequence[Comparison], facts: Mapping[str, Any]) -> str:
    """Facts, comparisons and every epoch in the order of the rounds."""
    content = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        **facts,
        "comparisons": [{**asdict(one), "is_met": one.is_met} for one in compared],
        "contestants": {name: [asdict(epoch) for epoch in kept] for name, kept in epochs.items()},
    }
    return json.dumps(content, indent=1) + "\n"


def main() -> None:
    """Write the corpus, run the rounds, print and keep the figures; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=6_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2, help="processes of the peers, threads of ours")
    parser.add_argument("--output", type=Path, default=RESULTS / "training_input.json")
    options = parser.parse_args()
    told = Console(stderr=True)
    sys.path.insert(0, str(PEERS_FOLDER))
    load = os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory() as folder:
            told.print(f"{options.chips} chips in four formats")
            write_all(Path(folder), options.chips)
            epochs = rounds(Path(folder), options, told)
    except FusarError as error:
        told.print(f"error: {error}", markup=False)
        raise SystemExit(1) from None
    compared = compare(epochs)
    packages = {name: version(name) for name in ("torch", "pyarrow", "webdataset", "litdata", "pillow")}
    facts = {"machine": machine_facts(), "versions": packages, "load": round(load, 1), "chips": options.chips}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(as_json(epochs, compared, facts), encoding="utf-8")
    Console().print(table_of(epochs), comparison_table(compared))
    raise SystemExit(0 if all(one.is_met for one in compared) else 1)


if __name__ == "__main__":
    main()
