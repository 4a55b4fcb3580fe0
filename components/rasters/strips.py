"""A scene as a stream of strips of backscatter codes, decoded and calibrated on several threads, strip after strip."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np
import numpy.typing as npt

from components.rasters.calibration import Coding, Tally, encode, encode_power, refuse_impossible, to_power
from components.rasters.grids import Grid
from components.rasters.opening import Raster, open_raster
from components.rasters.resampling import resample_power, weights

# A block of 512 rows is decoded once; what a wide scene needs at once stays bounded all the same.
_ROWS_AT_ONCE = 512
_MOST_CODES = 12_000_000  # of a strip
_MOST_BYTES = 8 << 20  # of samples that a thread decodes at once


@dataclass(frozen=True)
class Strip:
    """Consecutive rows of a grid as codes (P, h, W) uint8, from `row` on."""

    row: int
    codes: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Piece:
    """Part of a grid that one thread fills: rows `row`..`row_end`, columns `col`..`col_end` (exclusive)."""

    row: int
    row_end: int
    col: int
    col_end: int


def code_strips(raster: Raster, grid: Grid, coding: Coding, threads: int) -> Iterator[Strip]:
    """Every row of a grid once, from the top, as codes; 0 is nodata.

    Args:
        raster: that passed `check_bands`; it is opened once more for each thread.
        grid: its own, or a coarser or finer one.
        coding: what its samples mean.
        threads: that decode.

    Raises:
        TruncatedRaster: pixels cannot be decoded.
        WrongScale: most values of the whole raster are impossible on its scale; known behind the last strip.
    """
    tally = Tally()
    pending: deque[tuple[Strip, list[Future[Tally]]]] = deque()
    handles: SimpleQueue[Raster] = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(threads):  # a handle of GDAL's is for one thread at a time
            handles.put(stack.enter_context(open_raster(raster.path, raster.is_georeferenced)))
        pool = stack.enter_context(ThreadPoolExecutor(threads, "decode"))
        try:
            for pieces in _strips(raster, grid):
                top, bottom = pieces[0].row, pieces[-1].row_end
                strip = Strip(top, np.empty((raster.bands, bottom - top, grid.width), np.uint8))
                filled = [pool.submit(_fill, strip, piece, handles, grid, coding) for piece in pieces]
                pending.append((strip, filled))
                if len(pending) > 1:  # the next strip is decoded while the caller works on this one
                    done, counted = _finished(*pending.popleft())
                    tally += counted
                    yield done
                    del done  # or it would be kept until the next one is finished
            while pending:
                done, counted = _finished(*pending.popleft())
                tally += counted
                yield done
        finally:
            pool.shutdown(cancel_futures=True)
    refuse_impossible(raster, coding.scale, tally)


def chip_rows(strips: Iterator[Strip], rows: Sequence[int], size: int) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Each row of chips as soon as its pixels are there: where it starts, and its codes (P, size, W).

    Args:
        strips: of a grid, from the top.
        rows: where rows of chips start, from the top.
        size: side of a chip [pixel].
    """
    held: npt.NDArray[np.uint8] | None = None
    for strip in strips:
        bottom = strip.row + strip.codes.shape[1]
        codes = strip.codes if held is None or not held.size else np.concatenate([held, strip.codes], axis=1)
        top = bottom - codes.shape[1]
        due = [row for row in rows if row + size <= bottom]
        for row in due:
            yield row, codes[:, row - top : row - top + size]
        rows = rows[len(due) :]
        # A copy of the few rows that are still needed: a view would keep the whole strip.
        held = (codes[:, max(rows[0] - top, 0) :] if rows else codes[:, :0]).copy()
        del strip, codes


def _finished(strip: Strip, filled: list[Future[Tally]]) -> tuple[Strip, Tally]:
    return strip, sum((future.result() for future in filled), Tally())


def _strips(raster: Raster, grid: Grid) -> Iterator[list[_Piece]]:
    """Strips from the top, each as the pieces that make it up; where pixels are the raster's own, whole blocks."""
    block_rows, block_cols = raster.block_height, raster.block_width
    is_tiled, pixel_bytes = block_cols < raster.width, raster.bands * np.dtype(raster.dtype).itemsize
    rows = _ROWS_AT_ONCE
    while rows > 1 and raster.bands * grid.width * rows > _MOST_CODES:
        rows //= 2  # rows of chips, mostly of a power of two, then lie in one strip each and are not copied together
    rows = max(block_rows, rows // block_rows * block_rows)
    if not grid.is_native:
        rows, block_rows, block_cols, is_tiled = max(1, int(rows / max(grid.row_step, 1))), 1, 1, True
    for top in range(0, grid.height, rows):
        bottom = min(top + rows, grid.height)
        if is_tiled:
            column_bytes = pixel_bytes * (bottom - top) * max(grid.row_step, 1) * max(grid.col_step, 1)
            cols = max(1, int(_MOST_BYTES / column_bytes) // block_cols) * block_cols
            yield [_Piece(top, bottom, col, min(col + cols, grid.width)) for col in range(0, grid.width, cols)]
        else:
            some = max(1, _MOST_BYTES // (pixel_bytes * grid.width) // block_rows) * block_rows
            yield [_Piece(row, min(row + some, bottom), 0, grid.width) for row in range(top, bottom, some)]


def _fill(strip: Strip, piece: _Piece, handles: "SimpleQueue[Raster]", grid: Grid, coding: Coding) -> Tally:
    raster = handles.get()
    try:
        codes = strip.codes[:, piece.row - strip.row : piece.row_end - strip.row, piece.col : piece.col_end]
        return _encoded(codes, piece, raster, grid, coding)
    finally:
        handles.put(raster)


def _encoded(codes: npt.NDArray[np.uint8], piece: _Piece, raster: Raster, grid: Grid, coding: Coding) -> Tally:
    if grid.is_native:
        samples = raster.read(piece.row, piece.col, piece.row_end - piece.row, piece.col_end - piece.col)
        return encode(samples, raster.nodata, coding, codes)
    rows = weights(piece.row, piece.row_end, grid.row_step, raster.height)
    cols = weights(piece.col, piece.col_end, grid.col_step, raster.width)
    samples = raster.read(rows.start, cols.start, rows.stop - rows.start, cols.stop - cols.start)
    power, tally = to_power(samples, raster.nodata, coding)
    codes[:] = encode_power(resample_power(power, rows, cols), coding)
    return tally
