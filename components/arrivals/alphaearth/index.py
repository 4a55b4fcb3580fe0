"""Which AlphaEarth tiles cover a footprint, and of which year: from the published GeoParquet index."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from shapely.geometry.base import BaseGeometry

from components.arrivals.errors import BadIndex

# Of each tile: where it lies in longitude and latitude, its CRS, its year and its address.
_BOX: Final = ("wgs84_west", "wgs84_south", "wgs84_east", "wgs84_north")
_COLUMNS: Final = ("path", "crs", "year", *_BOX)


@dataclass(frozen=True)
class Chosen:
    """Tiles of one year over one footprint.

    Attributes:
        year: of the embeddings; another than was asked for where that one has none here.
        addresses: of the tiles, those of the CRS with the most tiles first.
    """

    year: int
    addresses: tuple[str, ...]


class TileIndex:
    """The index in memory."""

    def __init__(self, file: Path, rewrites: Mapping[str, str]) -> None:
        """Read an index.

        Args:
            file: GeoParquet.
            rewrites: beginnings of addresses that are replaced, such as a bucket's by its HTTPS address.

        Raises:
            BadIndex: no such table.
        """
        try:
            table = pq.read_table(file, columns=list(_COLUMNS))
            columns: dict[str, Any] = {name: table[name].to_numpy() for name in _COLUMNS}
            self._box = np.stack([columns[name].astype(np.float64) for name in _BOX])
            self._year = columns["year"].astype(np.int64)
        except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
            raise BadIndex(file, f"{type(error).__name__}: {str(error)[:200]}") from error
        self._path, self._crs, self._rewrites = columns["path"], columns["crs"], rewrites

    def choose(self, footprint: BaseGeometry, year: int) -> Chosen | None:
        """Tiles over a footprint (longitude, latitude) of a year, else of the year that is nearest to it.

        Of two years that are as near, the earlier one; None where no year has a tile here.
        """
        found = np.flatnonzero(self._touching(footprint.bounds))
        if not found.size:
            return None
        nearest = min({int(one) for one in self._year[found]}, key=lambda one: (abs(one - year), one))
        tiles = found[self._year[found] == nearest]
        names, counts = np.unique(self._crs[tiles].astype(str), return_counts=True)
        share = dict(zip(names, counts, strict=True))
        ordered = sorted(
            tiles, key=lambda one: (-share[str(self._crs[one])], str(self._crs[one]), str(self._path[one]))
        )
        return Chosen(nearest, tuple(self._address(str(self._path[one])) for one in ordered))

    def _touching(self, bounds: tuple[float, float, float, float]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Tiles whose box touches, on whichever side of the antimeridian the footprint is written."""
        west, south, east, north = self._box
        at_height = (south <= bounds[3]) & (north >= bounds[1])
        turned = [(west <= bounds[2] + turn) & (east >= bounds[0] + turn) for turn in (0, 360, -360)]
        return np.asarray(at_height & np.any(turned, axis=0), np.bool_)

    def _address(self, path: str) -> str:
        for beginning, instead in self._rewrites.items():
            if path.startswith(beginning):
                return instead + path.removeprefix(beginning)
        return path
