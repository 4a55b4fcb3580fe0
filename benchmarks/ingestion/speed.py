"""How fast a scene becomes chips: `python -m benchmarks.ingestion.speed`, or `make bench-ingestion`."""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.ingestion.generated import LAYOUTS, Layout, raw_bytes, write_scene
from benchmarks.ingestion.talking import Contestant, Running, started
from benchmarks.orchestration.errors import ContestantFailed, NotMeasurable
from benchmarks.orchestration.results import machine_facts

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks/results/ingestion.json"
PEERS_PYTHON = ROOT / "benchmarks/.venv/bin/python"
THREADS = 2
OURS, LIMIT = "fusar", "GDAL decodes, 2 threads"
# What our rate must be of another's.
LEAST = {LIMIT: 0.6, "rio-tiler": 3.0, "gdal_retile": 2.5, "torchgeo": 8.0}
MOST_RSS_MIB = 400.0


def contestants(item: Path, size: int, peers: Path, scratch: Path) -> list[Contestant]:
    """All of them for one scene; a peer that is not installed is left out and said."""
    scene, programs = str(item.parent.parent / "scenes" / f"{item.stem}.tif"), ROOT / "benchmarks/ingestion/contestants"
    environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS), "GDAL_NUM_THREADS": "1"}
    python, ours = [sys.executable, "-m"], "benchmarks.ingestion.contestants"
    found = [
        Contestant(LIMIT, [*python, f"{ours}.decoding", scene, str(size), str(THREADS)], environment),
        Contestant(OURS, [*python, f"{ours}.fusar", str(item), str(size), str(THREADS)], environment),
    ]
    if peers.exists():
        for name, program in (("rio-tiler", "tiler"), ("torchgeo", "grid_sampler")):
            found.append(Contestant(name, [str(peers), str(programs / f"{program}.py"), scene, str(size)], environment))
    if shutil.which("gdal_retile.py"):
        command = [sys.executable, str(programs / "retile.py"), scene, str(size), str(scratch / "retiled")]
        found.append(Contestant("gdal_retile", command, environment))
    return found


def measure(layout: Layout, options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Rounds of one layout, contestants in turn; rates in MB of decoded samples a second.

    Raises:
        ContestantFailed: one ended, or did not cut the same scene into as many chips.
    """
    item = write_scene(scratch, layout, options.side)
    (scratch / "chips").mkdir(exist_ok=True)
    megabytes = raw_bytes(layout, options.side) / 1e6
    with ExitStack() as stack:
        some = [
            stack.enter_context(started(one, ROOT)) for one in contestants(item, options.chip, options.peers, scratch)
        ]
        _check(some, (options.side // options.chip) ** 2)
        seconds: dict[str, list[float]] = {one.name: [] for one in some}
        peaks: dict[str, float] = {}
        for _ in range(options.repeats):
            for one in some:
                answer = one.told("time")
                seconds[one.name].append(answer["seconds"])
                peaks[one.name] = answer["rss_mib"]
    return {
        name: {
            "median_mb_s": megabytes / statistics.median(values),
            "range_mb_s": [megabytes / max(values), megabytes / min(values)],
            "peak_rss_mib": peaks[name],
            "seconds": values,
        }
        for name, values in seconds.items()
    }


def ratios(rates: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Our median rate over each other's."""
    ours = rates[OURS]["median_mb_s"]
    return {name: ours / rate["median_mb_s"] for name, rate in rates.items() if name != OURS}


def _check(some: Sequence[Running], chips: int) -> None:
    """The warm-up: whoever gives samples gives the scene's own, and all cut as many chips as there are."""
    answers = {one.name: one.told("check") for one in some}
    expected = answers[LIMIT]["sum"]
    for name, answer in answers.items():
        if name != LIMIT and answer["chips"] != chips:
            raise ContestantFailed(name, f"it cut {answer['chips']} chips, not {chips}", "")
        if answer["sum"] is not None and abs(answer["sum"] / expected - 1) > 1e-5:
            raise ContestantFailed(name, "its samples are not the scene's", str(answers))


def _table(layout: Layout, rates: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("contestant", title=f"{layout.name}, {layout.dtype}: MB of decoded samples a second")
    for column in ("median", "lowest", "highest", "peak memory [MiB]", "ours over it", "at least"):
        table.add_column(column, justify="right")
    found = ratios(rates)
    for name, rate in rates.items():
        figures = (rate["median_mb_s"], *rate["range_mb_s"], rate["peak_rss_mib"])
        ratio = f"{found[name]:.2f}" if name in found else ""
        table.add_row(name, *(f"{figure:.0f}" for figure in figures), ratio, str(LEAST.get(name, "")))
    return table


def _is_met(rates: Mapping[str, Mapping[str, Any]]) -> bool:
    found = ratios(rates)
    return rates[OURS]["peak_rss_mib"] <= MOST_RSS_MIB and all(
        name in found and found[name] >= least for name, least in LEAST.items()
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; exit 1 where a ratio is missed or a peer could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingestion.speed", description=__doc__)
    parser.add_argument("--side", type=int, default=8192, help="pixels along a side of the scene")
    parser.add_argument("--chip", type=int, default=256, help="pixels along a side of a chip")
    parser.add_argument("--repeats", type=int, default=5, help="rounds that count; one more warms up")
    parser.add_argument("--layouts", nargs="+", default=[layout.name for layout in LAYOUTS])
    parser.add_argument("--peers", type=Path, default=PEERS_PYTHON, help="Python with rio-tiler and torchgeo")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file for all samples")
    options = parser.parse_args(arguments)
    layouts = [layout for layout in LAYOUTS if layout.name in options.layouts]
    if not layouts or options.side % options.chip:
        raise NotMeasurable("No such layout, or chips that do not tile the scene", "Give others.")
    console, load = Console(), [os.getloadavg()[0]]
    results = {}
    for layout in layouts:
        with tempfile.TemporaryDirectory() as scratch:
            results[layout.name] = measure(layout, options, Path(scratch))
        console.print(_table(layout, results[layout.name]))
    load.append(os.getloadavg()[0])
    facts = {"machine": machine_facts(), "load_before_and_after": [round(value, 1) for value in load]}
    settings = {"side": options.side, "chip": options.chip, "repeats": options.repeats, "threads": THREADS}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    content = {**facts, **settings, "rates": results, "ratios": {name: ratios(one) for name, one in results.items()}}
    options.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    console.print(f"Load {load[0]:.1f} before, {load[1]:.1f} after; {os.cpu_count()} cores.", highlight=False)
    sys.exit(0 if all(_is_met(rates) for rates in results.values()) else 1)


if __name__ == "__main__":
    main()
