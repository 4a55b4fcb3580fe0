"""What each process of a training would do, by torchrun's own variables; nothing is started."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.training.errors import BadLauncher
from components.training.processes import NODES, PER_NODE


@dataclass(frozen=True)
class Place:
    """One process.

    Attributes:
        rank: its number.
        node: number of its machine.
        device: `cuda:0` and so on, or `cpu`.
        share: its rows of each batch, 0-based: `0, 2, 4, ...`.
        rows: how many these are.
        writes: whether it writes outputs, checkpoints and progress.
    """

    rank: int
    node: int
    device: str
    share: str
    rows: int
    writes: bool


def counts(launcher: Mapping[str, str]) -> tuple[int, int]:
    """Machines, and processes on each, as PET_NNODES and PET_NPROC_PER_NODE say.

    Raises:
        BadLauncher: one of them is no number, 1 or more.
    """
    found = []
    for name in (NODES, PER_NODE):
        value = launcher.get(name, "1")
        if not value.isdigit() or int(value) < 1:
            raise BadLauncher(name, value)
        found.append(int(value))
    return found[0], found[1]


def places(nodes: int, per_node: int, batch: int, on_gpus: bool) -> tuple[Place, ...]:
    """Every process of a training, in the order of ranks; `batch` rows are shared out among them."""
    count = nodes * per_node
    return tuple(
        Place(
            rank=rank,
            node=rank // per_node,
            device=f"cuda:{rank % per_node}" if on_gpus else "cpu",
            share=_said(range(rank, batch, count)),
            rows=len(range(rank, batch, count)),
            writes=rank == 0,
        )
        for rank in range(count)
    )


def _said(rows: range) -> str:
    first = ", ".join(str(row) for row in rows[:3])
    return f"{first}, ..." if len(rows) > 3 else first
