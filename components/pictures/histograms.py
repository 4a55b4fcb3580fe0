"""How often each code of backscatter occurs in a table of chips."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.pictures.stacks import COLUMNS, stacks

CODES: Final = 256
NAMED: Final = ("scene_id", "polarizations", *COLUMNS)


@dataclass(frozen=True, eq=False)
class Plane:
    """One polarisation of a scene: pixels by code, (256,); code 0 is nodata."""

    scene_id: str
    polarization: str
    counts: npt.NDArray[np.int64]


def planes_of(table: pa.Table) -> Iterator[Plane]:
    """Each polarisation of each scene, over all its chips.

    Args:
        table: rows of CHIPS, at least the columns NAMED.
    """
    for scene in pc.unique(table["scene_id"]).to_pylist():
        chips = table.filter(pc.equal(table["scene_id"], scene))
        names = chips["polarizations"].to_pylist()
        found: dict[str, npt.NDArray[np.int64]] = {}
        for places, codes in stacks(chips):
            for number, name in enumerate(names[places[0]]):
                counts = np.bincount(codes[:, number].ravel(), minlength=CODES)
                found[name] = found.get(name, np.zeros(CODES, np.int64)) + counts
        yield from (Plane(scene, name, counts) for name, counts in found.items())


def quantile(counts: npt.NDArray[np.int64], share: float) -> float:
    """The code below which a share [0..1] of the valid pixels of `counts` (256,) lies; NaN where there are none."""
    valid = counts.copy()
    valid[0] = 0
    total = int(valid.sum())
    return float(np.searchsorted(np.cumsum(valid), share * total)) if total else float("nan")
