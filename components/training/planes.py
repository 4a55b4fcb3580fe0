"""The chips of a training set as bytes on disk, unpacked once: every batch is an index, whatever the order.

A million chips of 256 x 256 pixels are 131 GB, which no memory holds, and a row group of Parquet unpacks only as a
whole, so that a shuffled epoch would unpack each one as often as it has chips. Here a row group is unpacked when a chip
of it is first asked for, or before that by threads in the background, into a file that the operating system pages.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from threading import Thread, get_ident
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from components.contract.errors import FusarError
from components.networks.channels import select_planes
from components.training.errors import MixedChipSizes
from components.training.scratch import scratch_bytes

# Unpacking a row group takes milliseconds: one thread is ahead of any training, a second one helps the first batches.
FILLERS = 2
_PLANES = 2


class Planes:
    """Co- and cross-polarised backscatter codes of N chips, uint8 (N, 2, H, W); an absent plane is nodata.

    Attributes:
        shape: (N, 2, H, W).
    """

    def __init__(self, store: "_Store", slots: torch.Tensor) -> None:
        self._store, self._slots = store, slots
        self.shape = (len(slots), *store.codes.shape[1:])

    def __len__(self) -> int:
        return len(self._slots)

    def __getitem__(self, rows: torch.Tensor | slice | int) -> torch.Tensor:
        """Chips of these rows, (n, 2, H, W); of one row (2, H, W). Memory of its own.

        Raises:
            FusarError: a Parquet file cannot be read any more.
        """
        slots = self._slots[rows]
        self._store.need(slots.reshape(-1).numpy())
        return self._store.codes[slots].clone() if slots.ndim == 0 else self._store.codes[slots]

    def take(self, rows: Sequence[int] | torch.Tensor) -> Self:
        """The chips of these rows without reading them."""
        return type(self)(self._store, self._slots[torch.as_tensor(rows, dtype=torch.int64)])


def open_planes(chips: Path, chip_ids: Sequence[str], fillers: int = FILLERS) -> Planes:
    """The chips of these ids, in this order; nothing is unpacked yet.

    Args:
        chips: folder of Parquet files of records.schemas.CHIPS.
        chip_ids: N ids, each in one of the files.
        fillers: threads that unpack what nobody has asked for yet.

    Raises:
        MixedChipSizes: chips of several sizes.
        NoScratchSpace: the temporary folder cannot hold them.
        BadChip: a chip holds no polarization that is known.
    """
    slots = {chip_id: slot for slot, chip_id in enumerate(chip_ids)}
    groups, size = _groups(sorted(chips.glob("*.parquet")), slots)
    store = _Store(groups, len(chip_ids), size)
    for number in range(fillers):
        Thread(target=store.fill_from, args=(number, fillers), daemon=True).start()
    return Planes(store, torch.arange(len(chip_ids)))


class _Group:
    """A row group, which of its rows are wanted, and the slots that they go to."""

    def __init__(self, file: Path, number: int, rows: list[int], slots: list[int]) -> None:
        self.file, self.number = file, number
        self.rows, self.slots = np.array(rows), np.array(slots)


class _Store:
    """The file, and which row groups are in it."""

    def __init__(self, groups: list[_Group], count: int, size: tuple[int, int]) -> None:
        self._groups = groups
        # A handle of pyarrow is for one thread.
        self._opened = lru_cache(maxsize=64)(lambda file, thread: pq.ParquetFile(file, memory_map=True))
        codes = count * _PLANES * size[0] * size[1]
        held = scratch_bytes(codes + len(groups), [str(group.file) for group in groups])
        self.codes = torch.from_numpy(held[:codes].reshape(count, _PLANES, *size))
        # In the file as well: the processes of one machine fill it together.
        self._is_filled = held[codes:]
        self._group_of = np.zeros(count, np.int64)
        for number, group in enumerate(groups):
            self._group_of[group.slots] = number

    def need(self, slots: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> None:
        """Unpack what these slots still lack."""
        groups = np.unique(self._group_of[slots])
        for number in groups[self._is_filled[groups] == 0]:
            self._fill(int(number))

    def fill_from(self, first: int, step: int) -> None:
        """Unpack every `step`th row group. What cannot be read is for the one to say who asks for it."""
        for number in range(first, len(self._groups), step):
            with suppress(FusarError):
                if not self._is_filled[number]:
                    self._fill(number)

    def _fill(self, number: int) -> None:
        """Two may do it at once: they write the same bytes, and the mark comes after them."""
        group = self._groups[number]
        self.codes[torch.from_numpy(group.slots)] = self._unpack(group)
        self._is_filled[number] = 1

    def _unpack(self, group: _Group) -> torch.Tensor:
        """The wanted chips of a row group, uint8 (n, 2, H, W)."""
        columns = ["height", "width", "polarizations", "backscatter"]
        try:
            table = self._opened(group.file, get_ident()).read_row_group(group.number, columns, use_threads=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise FusarError(f"{group.file}: cannot be read any more ({error}). Run `ingest` again.") from error
        table = table.take(group.rows) if len(group.rows) < len(table) else table
        shape = (table["height"][0].as_py(), table["width"][0].as_py())
        return torch.cat([_planes(table["backscatter"][run], names, shape) for names, run in _runs(table)])


def _groups(files: Sequence[Path], slots: dict[str, int]) -> tuple[list[_Group], tuple[int, int]]:
    groups: list[_Group] = []
    size: tuple[int, int] | None = None
    for file in files:
        with pq.ParquetFile(file) as parquet:
            for number in range(parquet.num_row_groups):
                known = parquet.read_row_group(number, columns=["chip_id", "height", "width"]).to_pylist()
                rows = [row for row, chip in enumerate(known) if chip["chip_id"] in slots]
                for chip in (known[row] for row in rows):
                    found = (chip["height"], chip["width"])
                    size = size or found
                    if found != size:
                        raise MixedChipSizes(chip["chip_id"], found, size)
                if rows:
                    groups.append(_Group(file, number, rows, [slots[known[row]["chip_id"]] for row in rows]))
    return groups, size or (0, 0)


def _runs(table: pa.Table) -> Iterator[tuple[list[str], slice]]:
    """Neighbouring rows of the same polarisations: all of a scene's chips, as a rule."""
    first = 0
    for names, rows in groupby(table["polarizations"].to_pylist()):
        end = first + len(list(rows))
        yield names, slice(first, end)
        first = end


def _planes(column: pa.ChunkedArray, names: list[str], shape: tuple[int, int]) -> torch.Tensor:
    """Two planes of each value of a binary column, which holds (P, H, W) bytes; uint8 (n, 2, H, W)."""
    values = column.combine_chunks()
    width = len(names) * shape[0] * shape[1]
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    if (np.diff(offsets) != width).any():
        raise FusarError(f"a chip's backscatter does not hold {width} bytes. Run `ingest` again.")
    codes = np.frombuffer(values.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(-1, len(names), *shape)
    return select_planes(torch.from_numpy(codes.copy()), names)
