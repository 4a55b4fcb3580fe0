"""What was measured, as tables for people."""

from collections.abc import Sequence

from rich.table import Table

from benchmarks.cost_of_change.measuring import SizeCost
from benchmarks.cost_of_change.peers import PeerCost
from benchmarks.cost_of_change.stages import DATA_STAGES


def stages_table(sizes: Sequence[SizeCost]) -> Table:
    """By size and stage: what it worked on, its command and DVC's share, medians of wall clock and processor [s]."""
    table = Table("scenes", "stage", title="one scene more: medians, seconds (wall / processor)")
    for column in ("worked on", "known", "command", "DVC's share"):
        table.add_column(column, justify="right")
    for size in sizes:
        for stage in DATA_STAGES:
            newest = size.changes[-1].retrain.stages[stage]
            times = (size.command(stage), size.dvc(stage))
            spent = (f"{one.wall_s:.2f} / {one.cpu_s:.2f}" for one in times)
            table.add_row(str(size.scenes), stage, str(newest.anew), str(newest.known), *spent)
    return table


def peers_table(peers: Sequence[PeerCost], scenes: int) -> Table:
    """By contestant: scenes that its four steps worked on, and its time [s]."""
    table = Table("contestant", title=f"one scene more than {scenes} in the peers, whose steps do next to nothing")
    for column in ("scenes worked on", "sees the change", "wall", "processor"):
        table.add_column(column, justify="right")
    for peer in peers:
        seen = "yes" if peer.sees_change else "no"
        table.add_row(peer.name, str(peer.worked_on), seen, f"{peer.spent.wall_s:.2f}", f"{peer.spent.cpu_s:.2f}")
    return table
