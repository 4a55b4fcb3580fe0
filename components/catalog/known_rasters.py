"""The rasters that data/ holds, by size, so that hardly one is read to find the one that equals another."""

import filecmp
from collections import defaultdict
from pathlib import Path


class KnownRasters:
    """Rasters of scenes; one that no item names, as a kill leaves it, is none."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._by_size: dict[int, set[str]] = defaultdict(set)
        for path in (data / "scenes").glob("*.tif"):
            if path.is_file():  # not a link whose target is gone
                self._by_size[path.stat().st_size].add(path.stem)

    def scene_of(self, raster: Path, but: str) -> str:
        """Name of the scene whose raster has the same bytes, other than `but`; empty where there is none."""
        for scene_id in sorted(self._by_size[raster.stat().st_size] - {but}):
            known = self._data / f"scenes/{scene_id}.tif"
            is_there = known.is_file() and (self._data / f"items/{scene_id}.json").exists()
            if is_there and filecmp.cmp(raster, known, shallow=False):
                return scene_id
        return ""

    def add(self, scene_id: str) -> None:
        """Know a scene that has just come in."""
        self._by_size[(self._data / f"scenes/{scene_id}.tif").stat().st_size].add(scene_id)
