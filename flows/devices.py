"""The GPUs of a worker: one strict limit of Prefect for each device, all taken together by a stage that uses them."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import gethostname

from filelock import FileLock

LIMITS = "FUSAR_GPU_LIMITS"  # names of the limits of a worker's devices; `fusar worker start gpu` sets it
DEVICES = "CUDA_VISIBLE_DEVICES"
# The least that Prefect takes: the slot of a process that was killed is free again after so long [s].
LEASE_SECONDS = 60.0


def make_limits() -> tuple[str, ...]:
    """Make the limits of this machine's devices on the server of the current settings, and answer their names.

    Workers that see the same device share its limit, so that no two trainings ever meet on it.
    """
    from prefect import get_client

    names = tuple(f"gpu:{gethostname()}:{device}" for device in _devices())
    with get_client(sync_client=True) as client:
        for name in names:
            client.upsert_global_concurrency_limit_by_name(name, 1)
    return names


@contextmanager
def holding_devices(pool: str) -> Iterator[None]:
    """Hold all devices of this worker for the block, where the stage is one of pool `gpu`.

    Raises:
        ConcurrencySlotAcquisitionError: somebody has removed a limit: without it, nothing would keep two stages apart.
    """
    names = [name for name in os.environ.get(LIMITS, "").split(",") if name]
    if pool != "gpu" or not names:
        yield
        return
    from prefect.concurrency.sync import concurrency

    # A training of many hours does not end because the server was away when its lease should have been renewed.
    with (
        concurrency(names, strict=True, lease_duration=LEASE_SECONDS, raise_on_lease_renewal_failure=False),
        alone_on_this_machine(names),
    ):
        yield


@contextmanager
def alone_on_this_machine(names: Sequence[str]) -> Iterator[None]:
    """Wait until no other stage of this user works on these devices, and hold them; kill -9 lets them go.

    Prefect gives a slot away once its lease was not renewed for a minute, whatever still works on the device.
    """
    with ExitStack() as held:
        for name in sorted(names):  # in one order, so that two never wait for each other
            file = f"fusar-{os.getuid()}-{re.sub(r'[^A-Za-z0-9-]', '-', name)}.lock"
            held.enter_context(FileLock(Path(tempfile.gettempdir()) / file))
        yield


def _devices() -> tuple[str, ...]:
    """What CUDA_VISIBLE_DEVICES names, else all GPUs of the machine; without any, the CPU counts as one."""
    from components.installation.accelerator import gpus

    named = tuple(name.strip() for name in os.environ.get(DEVICES, "").split(",") if name.strip())
    return named or tuple(str(number) for number in range(len(gpus()) or 1))
