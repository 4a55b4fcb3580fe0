"""Where the scenes of a record lie, and by which sensor they were taken."""

import re
from collections.abc import Iterable
from typing import Final

from components.lineage.record import Scene
from components.pages.maps import Footprint

_PLACE: Final = re.compile(r"([NS])(\d{2}\.\d{3})([EW])(\d{3}\.\d{3})")


def footprints_of(scenes: Iterable[Scene]) -> list[Footprint]:
    """The footprints of those scenes whose position is known.

    Records of before footprints were kept have the corner of the scene's place instead, to a fraction of a degree.
    """
    located = ((scene, _bounds(scene)) for scene in scenes)
    return [Footprint(*bounds, scene.split, sensor_of(scene)) for scene, bounds in located if bounds is not None]


def sensor_of(scene: Scene) -> str:
    """Platform and band, such as `sentinel-1a C`."""
    return f"{scene.platform} {scene.frequency_band}"


def raster_md5(scene: Scene) -> str:
    """The md5 of the scene's backscatter, `unknown` where the record has none."""
    return next((file.md5 for file in scene.files if file.path.startswith("scenes/")), "unknown")


def _bounds(scene: Scene) -> tuple[float, float, float, float] | None:
    match = _PLACE.fullmatch(scene.place_id)
    if scene.bounds is not None or match is None:
        return scene.bounds
    latitude = float(match[2]) * (-1 if match[1] == "S" else 1)
    longitude = float(match[4]) * (-1 if match[3] == "W" else 1)
    return longitude, latitude, longitude, latitude
