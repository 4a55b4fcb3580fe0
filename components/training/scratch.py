"""Records of one size in a temporary file; nothing is left of it, however a training ends.

They are written and read by calls and not through a mapping: each page that a mapping writes first is a fault of its
own, and one that finds no room kills the process.
"""

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


class Scratch:
    """`count` records of `size` bytes, all zero at first, and marks beside them.

    The processes of a training on one machine hold the same ones.

    Attributes:
        marks: (M,) uint8, zero at first; what one process writes there the others see.
    """

    def __init__(self, count: int, size: int, marks: int, what: Sequence[str]) -> None:
        """Take the room now.

        Args:
            count: records.
            size: of a record [byte].
            marks: how many.
            what: names what they are for, the same in all processes.

        Raises:
            NoScratchSpace: the temporary folder has no room for them.
        """
        self._size = size
        self._start = -(-max(marks, 1) // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        self._file = _file(what)
        try:
            os.posix_fallocate(self._file.fileno(), 0, self._start + count * size)
        except OSError as error:
            raise NoScratchSpace(tempfile.gettempdir(), count * size) from error
        self.marks: npt.NDArray[np.uint8] = np.frombuffer(mmap.mmap(self._file.fileno(), self._start), np.uint8, marks)

    def write(self, first: int, records: npt.NDArray[np.uint8]) -> None:
        """Put neighbouring records from record `first` on: uint8, shape (n, ...), C order, `size` bytes each."""
        data, place = records.data.cast("B"), self._start + first * self._size
        while data:
            done = os.pwrite(self._file.fileno(), data, place)
            data, place = data[done:], place + done

    def read(self, record: int, into: npt.NDArray[np.uint8]) -> None:
        """Fill an array of uint8, shape (...), `size` bytes, with one record."""
        found = os.preadv(self._file.fileno(), [into.data], self._start + record * self._size)
        assert found == self._size


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
