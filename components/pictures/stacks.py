"""Chips of one size as one array, whatever sizes a table mixes."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

COLUMNS = ("height", "width", "backscatter")


def stacks(table: pa.Table) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]]:
    """For each size of chips: their places in the table (N) and their codes (N, P, H, W), 0 is nodata.

    Args:
        table: rows of CHIPS, at least the columns COLUMNS.
    """
    buffers = [cell.as_buffer() for cell in table["backscatter"]]
    sides = zip(table["height"].to_pylist(), table["width"].to_pylist(), strict=True)
    sizes: dict[tuple[int, int, int], list[int]] = {}
    for place, (height, width) in enumerate(sides):
        # Chips of one size have one count of polarisations.
        sizes.setdefault((height, width, buffers[place].size), []).append(place)
    for (height, width, size), places in sizes.items():
        planes = np.empty((len(places), size), np.uint8)
        for row, place in enumerate(places):
            planes[row] = np.frombuffer(buffers[place], np.uint8)
        yield np.array(places), planes.reshape(len(places), -1, height, width)
