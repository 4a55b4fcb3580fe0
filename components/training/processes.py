"""The processes of one training: which of them this one is, what it takes of a batch, and how results come together.

Row i of a batch belongs to process i modulo their number, so that the first rows are spread over all of them.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import distributed, nn

from components.contract.progress import progress
from components.training.errors import Indivisible, WrongProcesses

Note = Callable[[], str]
Item = TypeVar("Item")
NODES, PER_NODE = "PET_NNODES", "PET_NPROC_PER_NODE"


@dataclass(frozen=True)
class Processes:
    """This process among all that train together.

    Attributes:
        rank: number of this process, 0 to count - 1; only 0 writes and reports.
        count: how many there are.
    """

    rank: int
    count: int

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    @property
    def share(self) -> slice:
        """Rows of a batch that are this process's."""
        return slice(self.rank, None, self.count)

    def refuse_indivisible(self, key: str, value: int) -> None:
        """Stop where a batch cannot be shared out evenly.

        Raises:
            Indivisible: naming the parameter.
        """
        if value % self.count:
            raise Indivisible(key, value, self.count)

    def gather(self, share: torch.Tensor) -> torch.Tensor:
        """All rows of a batch, shape (n, ...) in its order, from each process's share of them, shape (n / count, ...).

        Gradients flow back to each share.
        """
        if self.count == 1:
            return share
        from torch.distributed._functional_collectives import all_gather_single_autograd

        # It comes process after process; row i of process r is row i * count + r of the batch.
        rows = all_gather_single_autograd(share.contiguous(), 0, list(range(self.count)))
        gathered: torch.Tensor = rows.unflatten(0, (self.count, len(share))).transpose(0, 1).flatten(0, 1)
        return gathered

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """The sum of a tensor over all processes, any shape, without gradients; the same bits in each of them."""
        if self.count > 1:
            values = values.detach().clone()
            distributed.all_reduce(values)
        return values

    def spread(self, module: nn.Module, some_unused: bool = False) -> nn.Module:
        """The module, with gradients averaged over all processes; start weights are those of process 0.

        Args:
            module: on this process's device.
            some_unused: whether a step may leave trained parameters without a gradient.
        """
        if self.count == 1:
            return module
        return nn.parallel.DistributedDataParallel(
            module, forward_sync_buffers=False, find_unused_parameters=some_unused
        )

    def share_bytes(self, content: bytes | None) -> bytes | None:
        """What process 0 holds, in every process."""
        if self.count == 1:
            return content
        device = "cuda" if torch.cuda.is_available() else "cpu"
        size = torch.tensor([-1 if content is None else len(content)], device=device)
        distributed.broadcast(size, src=0)
        if int(size) < 0:
            return None
        held = torch.empty(int(size), dtype=torch.uint8, device=device)
        if self.is_first and content is not None:
            held.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        distributed.broadcast(held, src=0)
        return held.cpu().numpy().tobytes()

    def steps(self, items: Iterable[Item], label: str, total: int, note: Note = str) -> Iterator[Item]:
        """The items, with their progress shown by process 0 alone."""
        return progress(items, label, total, note) if self.is_first else iter(items)


def processes_here() -> Processes:
    """This process among those of the training; alone where no launcher started it."""
    if not distributed.is_initialized():
        return Processes(0, 1)
    return Processes(distributed.get_rank(), distributed.get_world_size())


def join_processes() -> Processes:
    """Meet the other processes that a launcher started, each on a GPU of its own where there are GPUs.

    Raises:
        WrongProcesses: there are fewer or more than the environment asks for.
    """
    is_gpu = torch.cuda.is_available()
    if is_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if is_gpu else "gloo")
    here = processes_here()
    wanted = processes_wanted()
    if wanted is not None and here.count != wanted:
        raise WrongProcesses(here.count, wanted)
    return here


def processes_wanted() -> int | None:
    """How many processes torchrun's own variables ask for, over all nodes; None where they leave it open."""
    nodes, per_node = os.environ.get(NODES, "1"), os.environ.get(PER_NODE, "")
    return int(nodes) * int(per_node) if nodes.isdigit() and per_node.isdigit() else None
