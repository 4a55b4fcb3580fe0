"""Bytes in a temporary file that the operating system pages; nothing is left of it, however a training ends."""

import hashlib
import mmap
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from torch import distributed

from components.training.errors import NoScratchSpace
from components.training.processes import processes_here


def scratch_bytes(count: int, what: Sequence[str]) -> npt.NDArray[np.uint8]:
    """So many zero bytes; the processes of a training on one machine hold the same ones.

    Args:
        count: bytes; 0 is allowed.
        what: names what they are for, the same in all processes.

    Raises:
        NoScratchSpace: the temporary folder has no room for them.
    """
    if count == 0:
        return np.zeros(0, np.uint8)
    with _file(what) as file:
        try:
            # Room is taken now: a page that finds none later kills the process.
            os.posix_fallocate(file.fileno(), 0, count)
        except OSError as error:
            raise NoScratchSpace(tempfile.gettempdir(), count) from error
        # The mapping outlives the file's name and its handle.
        return np.frombuffer(mmap.mmap(file.fileno(), count), np.uint8)


def _file(what: Sequence[str]) -> BinaryIO:
    here = processes_here()
    if here.count == 1:
        return tempfile.TemporaryFile(prefix="fusar-chips-")
    # The launcher's process tells trainings apart that run on one machine at once.
    digest = hashlib.blake2b("\0".join([str(os.getppid()), *what]).encode(), digest_size=12).hexdigest()
    path = Path(tempfile.gettempdir()) / f"fusar-chips-{digest}"
    is_first_here = os.environ.get("LOCAL_RANK", "0") == "0"
    if is_first_here:
        with suppress(FileNotFoundError):
            path.unlink()
        path.touch(0o600, exist_ok=False)
    distributed.barrier()
    file = path.open("r+b")
    distributed.barrier()
    if is_first_here:
        path.unlink()
    return file
