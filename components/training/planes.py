"""The chips of a training set as bytes on disk, unpacked once: every batch is an index, whatever the order.

A million chips of 256 x 256 pixels are 131 GB, which no memory holds, and a row group of Parquet unpacks only as a
whole, so that a shuffled epoch would unpack each one as often as it has chips. Here a row group is unpacked when a chip
of it is first asked for, or before that by threads in the background, into a temporary file.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path
from threading import Thread, get_ident, main_thread
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from components.contract.errors import FusarError
from components.networks.channels import plane_places
from components.training.errors import MixedChipSizes
from components.training.scratch import Scratch

# Unpacking a row group takes milliseconds: one thread is ahead of any training, a second one helps the first batches.
FILLERS = 2
_AT_ONCE = 2  # row groups that one batch lacks
_PLANES = 2


class Planes:
    """Co- and cross-polarised backscatter codes of N chips, uint8 (N, 2, H, W); an absent plane is nodata.

    Attributes:
        shape: (N, 2, H, W).
    """

    def __init__(self, store: "_Store", slots: torch.Tensor) -> None:
        self._store, self._slots = store, slots
        self.shape = (len(slots), *store.shape)

    def __len__(self) -> int:
        return len(self._slots)

    def __getitem__(self, rows: torch.Tensor | slice | int) -> torch.Tensor:
        """Chips of these rows, (n, 2, H, W); of one row (2, H, W).

        Raises:
            FusarError: a Parquet file cannot be read any more.
        """
        slots = self._slots[rows]
        codes = torch.empty((slots.numel(), *self._store.shape), dtype=torch.uint8)
        self._store.read(slots.reshape(-1).numpy(), codes.numpy())
        return codes.reshape(*slots.shape, *self._store.shape)

    def take(self, rows: Sequence[int] | torch.Tensor) -> Self:
        """The chips of these rows without reading them."""
        return type(self)(self._store, self._slots[torch.as_tensor(rows, dtype=torch.int64)])


def open_planes(chips: Path, chip_ids: Sequence[str], fillers: int = FILLERS) -> Planes:
    """The chips of these ids, in this order; nothing is unpacked yet.

    Args:
        chips: folder of Parquet files of records.schemas.CHIPS.
        chip_ids: N ids, each in one of the files.
        fillers: threads that unpack what nobody has asked for yet, from the first batch on.

    Raises:
        MixedChipSizes: chips of several sizes.
        NoScratchSpace: the temporary folder cannot hold them.
        BadChip: a chip holds no polarization that is known.
    """
    slots = {chip_id: slot for slot, chip_id in enumerate(chip_ids)}
    groups, size = _groups(sorted(chips.glob("*.parquet")), slots)
    store = _Store(groups, len(chip_ids), size, fillers)
    return Planes(store, torch.arange(len(chip_ids)))


class _Group:
    """A row group, which of its rows are wanted, and the slots that they go to."""

    def __init__(self, file: Path, number: int, rows: list[int], slots: list[int]) -> None:
        self.file, self.number = file, number
        self.rows, self.slots = np.array(rows), np.array(slots)


class _Store:
    """The unpacked chips, and which row groups they are of.

    Attributes:
        shape: of a chip, (2, H, W).
    """

    def __init__(self, groups: list[_Group], count: int, size: tuple[int, int], fillers: int) -> None:
        self._groups = groups
        # No daemons: one that the interpreter's end meets inside of Arrow takes the whole process down.
        self._fillers = [Thread(target=self._fill_from, args=(number, fillers)) for number in range(fillers)]
        self.shape = (_PLANES, *size)
        # A handle of pyarrow is for one thread.
        self._opened = lru_cache(maxsize=64)(lambda file, thread: _parquet(file))
        # Marked is what is unpacked: the processes of one machine do it together.
        self._scratch = Scratch(count, _PLANES * size[0] * size[1], len(groups), [str(group.file) for group in groups])
        self._group_of = np.zeros(count, np.int64)
        for number, group in enumerate(groups):
            self._group_of[group.slots] = number

    def read(self, slots: npt.NDArray[np.int64], into: npt.NDArray[np.uint8]) -> None:
        """Fill (n, 2, H, W) with the chips of these slots; what they still lack is unpacked first."""
        groups = np.unique(self._group_of[slots])
        if missing := groups[self._scratch.marks[groups] == 0].tolist():
            # Groups of one file follow each other: hardly one is opened by both threads.
            with ThreadPoolExecutor(_AT_ONCE, "unpack") as pool:
                list(pool.map(self._fill_some, np.array_split(missing, _AT_ONCE)))
        while self._fillers:  # not before: the first batch has the processor for itself
            self._fillers.pop().start()
        for slot, codes in zip(slots.tolist(), into, strict=True):
            self._scratch.read(slot, codes)

    def _fill_from(self, first: int, step: int) -> None:
        """Unpack every `step`th row group. What cannot be read is for the one to say who asks for it."""
        for number in range(first, len(self._groups), step):
            if not main_thread().is_alive():  # the program has come to its end and waits for this thread
                return
            with suppress(FusarError):
                if not self._scratch.marks[number]:
                    self._fill(number)

    def _fill_some(self, numbers: npt.NDArray[np.int64]) -> None:
        for number in numbers.tolist():
            self._fill(number)

    def _fill(self, number: int) -> None:
        """Two may do it at once: they write the same bytes, and the mark comes after them."""
        group = self._groups[number]
        table = self._unpack(group)
        size = self.shape[1:]
        for names, run in _runs(table):
            codes = _two_planes(_codes(table["backscatter"][run], (len(names), *size)), names)
            slots = group.slots[run]
            if (np.diff(slots) == 1).all():
                self._scratch.write(int(slots[0]), codes)
            else:
                for slot, one in zip(slots.tolist(), codes, strict=True):
                    self._scratch.write(slot, one)
        self._scratch.marks[number] = 1

    def _unpack(self, group: _Group) -> pa.Table:
        columns = ["polarizations", "backscatter"]
        try:
            table = self._opened(group.file, get_ident()).read_row_group(group.number, columns, use_threads=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise FusarError(f"{group.file}: cannot be read any more ({error}). Run `ingest` again.") from error
        return table.take(group.rows) if len(group.rows) < len(table) else table


def _groups(files: Sequence[Path], slots: dict[str, int]) -> tuple[list[_Group], tuple[int, int]]:
    groups: list[_Group] = []
    size: tuple[int, int] | None = None
    with ThreadPoolExecutor(_AT_ONCE, "list") as pool:
        for file, lengths, table in pool.map(_listed, files):
            chips = iter(table.to_pylist())
            for number, length in enumerate(lengths):
                known = list(islice(chips, length))
                rows = [row for row, chip in enumerate(known) if chip["chip_id"] in slots]
                for chip in (known[row] for row in rows):
                    found = (chip["height"], chip["width"])
                    size = size or found
                    if found != size:
                        raise MixedChipSizes(chip["chip_id"], found, size)
                if rows:
                    groups.append(_Group(file, number, rows, [slots[known[row]["chip_id"]] for row in rows]))
    return groups, size or (0, 0)


def _listed(file: Path) -> tuple[Path, list[int], pa.Table]:
    """How many chips each row group of a file has, and which."""
    with _parquet(file) as parquet:
        lengths = [parquet.metadata.row_group(number).num_rows for number in range(parquet.num_row_groups)]
        return file, lengths, parquet.read(columns=["chip_id", "height", "width"], use_threads=False)


def _parquet(file: Path) -> pq.ParquetFile:
    # Arrow would read ahead in threads of its own and wait for them; what is mapped needs none.
    return pq.ParquetFile(file, memory_map=True, pre_buffer=False)


def _runs(table: pa.Table) -> Iterator[tuple[list[str], slice]]:
    """Neighbouring rows of the same polarisations: all of a scene's chips, as a rule."""
    first = 0
    for names, rows in groupby(table["polarizations"].to_pylist()):
        end = first + len(list(rows))
        yield names, slice(first, end)
        first = end


def _codes(column: pa.ChunkedArray, shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Values of a binary column, each of which holds `shape` (P, H, W), as one array (n, P, H, W)."""
    values, width = column.combine_chunks(), int(np.prod(shape))
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    if (np.diff(offsets) != width).any():
        raise FusarError(f"a chip's backscatter does not hold {width} bytes. Run `ingest` again.")
    return np.frombuffer(values.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(-1, *shape)


def _two_planes(codes: npt.NDArray[np.uint8], names: list[str]) -> npt.NDArray[np.uint8]:
    """Of (n, P, H, W) the co- and the cross-polarised plane, (n, 2, H, W)."""
    places = plane_places(names)
    if places == (0, 1) and len(names) == _PLANES:
        return codes
    chosen = np.zeros((len(codes), _PLANES, *codes.shape[2:]), np.uint8)
    for plane, place in enumerate(places):
        if place is not None:
            chosen[:, plane] = codes[:, place]
    return chosen
