"""The rasters that data/ holds, by what little of them tells nearly all apart, so that hardly one is read whole."""

import filecmp
import hashlib
import os
from collections import defaultdict
from pathlib import Path

_SKETCH_BYTES = 1 << 16  # of the middle, where pixels are
_Sketch = tuple[int, bytes]


class KnownRasters:
    """Rasters of scenes; one that no item names, as a kill leaves it, is none."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._unread: dict[int, list[str]] = defaultdict(list)
        self._alike: dict[_Sketch, set[str]] = defaultdict(set)
        for path in (data / "scenes").glob("*.tif"):
            if path.is_file():  # not a link whose target is gone
                self._unread[path.stat().st_size].append(path.stem)

    def scene_of(self, raster: Path, but: str) -> str:
        """Name of the scene whose raster has the same bytes, other than `but`; empty where there is none."""
        for scene_id in self._unread.pop(raster.stat().st_size, ()):
            self.add(scene_id)
        for scene_id in sorted(self._alike[_sketch(raster)] - {but}):
            known = self._raster(scene_id)
            is_there = known.is_file() and (self._data / f"items/{scene_id}.json").exists()
            if is_there and filecmp.cmp(raster, known, shallow=False):
                return scene_id
        return ""

    def add(self, scene_id: str) -> None:
        """Know the raster of a scene that is in data/."""
        self._alike[_sketch(self._raster(scene_id))].add(scene_id)

    def _raster(self, scene_id: str) -> Path:
        return self._data / f"scenes/{scene_id}.tif"


def _sketch(path: Path) -> _Sketch:
    """Size [byte] of a file and a digest of its middle: uncompressed rasters of one sensor often have one size."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, (size - _SKETCH_BYTES) // 2))
        return size, hashlib.sha256(file.read(_SKETCH_BYTES)).digest()
