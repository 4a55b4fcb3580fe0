"""What one new scene costs in corpora of several sizes: `python -m benchmarks.cost_of_change.change`.

Limits: one scene cut, its two chips annotated and measured; DVC's own share grows by at most 1 ms for each unchanged
scene in each stage (processor time: the wall clock of a shared machine tells of its other users); bytes pushed,
directory manifests apart, at most 1.2 times the new scene's own.
"""

import argparse
import datetime
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.cost_of_change.generated import CHIPS
from benchmarks.cost_of_change.measuring import SizeCost, measure_size
from benchmarks.cost_of_change.peers import PeerCost, Peers
from benchmarks.cost_of_change.stages import DATA_STAGES
from benchmarks.cost_of_change.tables import peers_table, stages_table
from benchmarks.orchestration.overhead import PEERS_PYTHON, RESULTS
from benchmarks.orchestration.results import Comparison, comparison_table, machine_facts, versions
from components.contract.errors import FusarError

SIZES = (100, 1_000, 10_000)
SHARE_LIMIT_MS, BYTES_LIMIT = 1.0, 1.2


def growth_ms(small: SizeCost, large: SizeCost, stage: str) -> tuple[float, float]:
    """What one more unchanged scene adds to DVC's share of a stage [ms]: processor time and wall clock."""
    more = (large.dvc(stage) - small.dvc(stage), large.scenes - small.scenes)
    return 1000 * more[0].cpu_s / more[1], 1000 * more[0].wall_s / more[1]


def compare(sizes: Sequence[SizeCost]) -> list[Comparison]:
    """Each figure with its limit; growth is measured from the smallest corpus to each larger one."""
    found = []
    for size in sizes:
        for stage, counts in size.worked_on.items():
            due = 1 if stage == "ingest" else CHIPS
            what = f"{size.scenes} scenes: worked on by {stage}"
            found.append(Comparison(what, max(counts), "", due))
            if min(counts) < due:  # who did less has not seen the new scene
                found.append(Comparison(f"{what}, not seen", due - min(counts), "", 0))
        found.append(
            Comparison(f"{size.scenes} scenes: bytes pushed / the scene's own", size.bytes_ratio, "x", BYTES_LIMIT)
        )
    for large in sizes[1:]:
        for stage in DATA_STAGES:
            cpu_ms, wall_ms = growth_ms(sizes[0], large, stage)
            what = f"{large.scenes} scenes: DVC for each unchanged scene in {stage}"
            found.append(Comparison(f"{what}, processor", cpu_ms, "ms", SHARE_LIMIT_MS))
            found.append(Comparison(f"{what}, wall", wall_ms, "ms"))
    return found


def run(options: argparse.Namespace, scratch: Path) -> bool:
    """Measure, print, write the JSON after each size; true where every limit is met."""
    told, loads = Console(stderr=True), [os.getloadavg()[0]]
    peers: list[PeerCost] = []
    if not options.no_peers:
        told.print(f"The peers, {options.peer_scenes} scenes")
        peers = Peers(scratch / "peers", options.peers, options.peer_scenes).add_one(options.peer_scenes)
    sizes: list[SizeCost] = []
    for scenes in options.sizes:
        sizes.append(measure_size(scratch, scenes, options.repeats, told.print))
        loads.append(os.getloadavg()[0])
        facts = {
            "machine": machine_facts(),
            "versions": versions(None if options.no_peers else options.peers),
            "loads": [round(load, 1) for load in loads],
            "peer_scenes": options.peer_scenes,
        }
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(as_json(sizes, peers, facts), encoding="utf-8")
    console = Console()
    console.print(stages_table(sizes), *([peers_table(peers, options.peer_scenes)] if peers else []))
    comparisons = compare(sizes)
    console.print(comparison_table(comparisons))
    said = ", ".join(f"{load:.1f}" for load in loads)
    console.print(f"Load at the start and after each size: {said}; {os.cpu_count()} cores.", highlight=False)
    console.print(f"Written: {options.output}", soft_wrap=True, highlight=False)
    return all(comparison.is_met for comparison in comparisons)


def as_json(sizes: Sequence[SizeCost], peers: Sequence[PeerCost], facts: Mapping[str, Any]) -> str:
    """Everything: facts, comparisons and every sample."""
    content = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        **facts,
        "comparisons": [{**asdict(one), "is_met": one.is_met} for one in compare(sizes)],
        "sizes": [asdict(size) for size in sizes],
        "peers": [asdict(peer) for peer in peers],
    }
    return json.dumps(content, indent=1) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure; exit 1 where a limit is missed or nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost_of_change.change", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="scenes in the corpora, smallest first")
    parser.add_argument("--repeats", type=int, default=3, help="scenes added, one after the other")
    parser.add_argument("--peers", type=Path, default=PEERS_PYTHON, help="Python with ZenML and Metaflow")
    parser.add_argument("--peer-scenes", type=int, default=1_000, help="scenes in the peers' corpus")
    parser.add_argument("--no-peers", action="store_true", help="leave ZenML and Metaflow out")
    parser.add_argument("--output", type=Path, default=RESULTS / "cost_of_change.json", help="file for all samples")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="fusar-cost-") as scratch:
            are_met = run(options, Path(scratch))
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    raise SystemExit(0 if are_met else 1)


if __name__ == "__main__":
    main()
