"""The command line of a stage that trains: alone as every stage, or as one of several processes.

It starts them itself, by torchrun's own code and variables (PET_NNODES, PET_NPROC_PER_NODE, PET_NODE_RANK, ...), so
that the stage's command never names a count: a process for each GPU by default, one on a CPU.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from components.contract import entry
from components.contract.errors import FusarError, MissingInput
from components.contract.params import read_params, stage_config
from components.contract.stage import Stage
from components.training.errors import LoneProcess, LostProcess

# What makes a process one of several; torchrun sets it, and so does every launcher that torch knows.
WORLD = "WORLD_SIZE"


def main(stages: Sequence[Stage], arguments: Sequence[str] | None = None) -> None:
    """Run one stage in the current folder, over as many processes as the environment or its GPUs ask for."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in the contract's `main`; before torch is imported
    names = list(sys.argv[1:] if arguments is None else arguments)
    stage = next((stage for stage in stages if names == [stage.name]), None)
    try:
        if stage is None or not _is_spread():
            entry.main(stages, names)
        elif WORLD in os.environ:
            _run_as_one_of_several(stages, stage)
        else:
            _launch(stage)
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error


def _is_spread() -> bool:
    """Whether this process is one of several, or is to start them.

    Raises:
        LoneProcess: a launcher meant several and started one.
    """
    if WORLD in os.environ:
        return True
    if "MASTER_ADDR" in os.environ:
        raise LoneProcess(os.environ["MASTER_ADDR"])
    return _processes_of_this_node() > 1 or os.environ.get("PET_NNODES", "1") != "1"


def _processes_of_this_node() -> int:
    import torch

    asked = os.environ.get("PET_NPROC_PER_NODE", "")
    return int(asked) if asked.isdigit() else max(1, torch.cuda.device_count())


def _run_as_one_of_several(stages: Sequence[Stage], stage: Stage) -> None:
    from torch import distributed

    from components.training.processes import join_processes

    if join_processes().is_first:
        entry.main(stages, [stage.name])
    else:
        _follow(stage)
    # Reached only where all went well: after an error the others may wait for this process inside a step.
    distributed.destroy_process_group()


def _follow(stage: Stage) -> None:
    """Run the stage without making its folders or writing its metrics: both are the first process's.

    Raises:
        MissingInput: this machine lacks a file that the stage reads.
    """
    config = stage_config(stage, read_params(entry.PARAMS_FILE), entry.PARAMS_FILE)
    inputs = {name: Path(path) for name, path in stage.inputs.items()}
    for path in inputs.values():
        if not path.exists():
            raise MissingInput(stage.name, str(path))
    stage.run(config, inputs, {name: Path(stage.output_path(name)) for name in stage.outputs})


def _launch(stage: Stage) -> None:
    """Start the processes of this machine and end with them.

    Raises:
        LostProcess: one was killed or ended with a mistake of its own.
    """
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    from components.training.resuming import PUT_DOWN

    # Both are torchrun's own remarks; the stage sets its threads itself.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    package = ".".join(stage.config.__module__.split(".")[:2])
    count = ["--nproc-per-node", str(_processes_of_this_node())]
    try:
        arguments = run.parse_args([*count, "--module", package, stage.name])  # type: ignore[no-untyped-call]
        run.run(arguments)  # type: ignore[no-untyped-call]
    except SignalException:
        raise SystemExit(PUT_DOWN) from None
    except ChildFailedError as error:
        # Who lost another ends with an error of its own: the one that was killed is the cause.
        killed = [(rank, failure) for rank, failure in error.failures.items() if failure.exitcode < 0]
        rank, failure = killed[0] if killed else error.get_first_failure()
        if failure.exitcode in (1, PUT_DOWN):  # it has said why itself
            raise SystemExit(failure.exitcode) from None
        reason = signal.Signals(-failure.exitcode).name if killed else f"exit code {failure.exitcode}"
        raise LostProcess(stage.name, rank, reason) from error
