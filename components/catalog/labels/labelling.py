"""Bringing labels into data/: each picture's labels become the objects of the scene of its name."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pyproj.exceptions import ProjError

from components.catalog.errors import BrokenLabels, OtherSize
from components.catalog.labels.classes import categories_of
from components.catalog.labels.items import find_scene, put
from components.catalog.labels.picture import Format, Picture, Target
from components.catalog.labels.reading import files_below
from components.geography.projection import pixel_to_lonlat
from components.rasters.errors import SceneError, UnusableCRS
from components.rasters.opening import Raster

_DEGREE_DIGITS = 9  # a tenth of a millimetre
_PIXEL_DIGITS = 4


@dataclass(frozen=True)
class Labels:
    """What is to be brought in.

    Attributes:
        data: the data folder.
        staging: a folder on the same disk, emptied afterwards.
        path: the label file or folder.
        ending: what a label file's name has beyond its picture's.
        classes: class name to what it is here, as the person says.
        scenes: the only scenes that are wanted; empty = all.
    """

    data: Path
    staging: Path
    path: Path
    ending: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    scenes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What became of one picture's labels; `error` says why they were set aside."""

    source: Path
    scene_id: str
    kind: Literal["labelled", "unchanged", "set aside"]
    counts: Mapping[str, int] = field(default_factory=dict)
    error: SceneError | None = None

    @property
    def reason(self) -> str:
        """The file, the code of its fault, and what to do."""
        return "" if self.error is None else f"{self.source}: {self.error.code}: {self.error.problem}"


def label_objects(form: Format, labels: Labels) -> Iterator[Outcome]:
    """Label the scenes that the pictures of a path are, or say why not; the others never notice.

    Raises:
        NoSuchFile: the path holds no file of the format.
    """
    for file in files_below(labels.path, form.suffixes, labels.ending):
        try:
            pictures = list(form.read(file, labels.ending))
        except SceneError as error:
            yield Outcome(file, "", "set aside", error=error)
            continue
        for picture in pictures:
            if not labels.scenes or picture.name in labels.scenes:
                yield _label(picture, labels)


def _label(picture: Picture, labels: Labels) -> Outcome:
    try:
        scene = find_scene(labels.data, picture.name, picture.source)
        categories = categories_of((target.name for target in picture.targets), labels.classes, picture.source)
        kept = [(categories[target.name], target) for target in picture.targets if categories[target.name]]
        with scene.raster() as raster:
            content = _collection(picture, kept, raster)
        labels.staging.mkdir(parents=True, exist_ok=True)
        made = labels.staging / f"{picture.name}.geojson"
        made.write_text(content)
        is_new = put(scene, "objects", made)
    except SceneError as error:
        return Outcome(picture.source, picture.name, "set aside", error=error)
    finally:
        shutil.rmtree(labels.staging, ignore_errors=True)
    counts = Counter(category for category, _ in kept)
    return Outcome(picture.source, picture.name, "labelled" if is_new else "unchanged", counts)


def _collection(picture: Picture, kept: list[tuple[str, Target]], raster: Raster) -> str:
    """GeoJSON as ingestion reads it: in degrees where the scene has a place, in its pixels where it has none."""
    if picture.unit == "degree" and not raster.is_georeferenced:
        raise BrokenLabels(picture.source, f"longitude and latitude, but nobody knows where {picture.name} lies")
    scale = _scale(picture, raster)
    features = [_feature(category, target, _placed(target, picture, raster, scale)) for category, target in kept]
    unit = {} if raster.is_georeferenced else {"fusar:coordinates": "pixel"}
    return json.dumps({"type": "FeatureCollection", **unit, "features": features}, sort_keys=True) + "\n"


def _placed(target: Target, picture: Picture, raster: Raster, scale: tuple[float, float]) -> list[list[float]]:
    """The closed ring, in degrees where the scene has a place."""
    ring = np.array([*target.ring, target.ring[0]], np.float64)
    if picture.unit == "pixel":
        ring = ring * scale
        if raster.is_georeferenced:
            try:
                ring = np.column_stack(pixel_to_lonlat(raster.crs, raster.affine, ring[:, 0], ring[:, 1]))
            except ProjError as error:  # such as a local CRS, whose place on Earth nobody knows
                raise UnusableCRS(raster.path, raster.crs[:40]) from error
    if not np.isfinite(ring).all():
        raise BrokenLabels(picture.source, "an outline reaches where the scene's CRS has no longitude and latitude")
    placed: list[list[float]] = np.round(ring, _DEGREE_DIGITS if raster.is_georeferenced else _PIXEL_DIGITS).tolist()
    return placed


def _feature(category: str, target: Target, ring: list[list[float]]) -> dict[str, Any]:
    sizes = {"length_m": target.length_m, "width_m": target.width_m}
    return {
        "type": "Feature",
        "properties": {"category": category, **{name: size for name, size in sizes.items() if size is not None}},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _scale(picture: Picture, raster: Raster) -> tuple[float, float]:
    """What columns and rows of the labels must be multiplied by.

    Raises:
        OtherSize: the labels were made on a picture of another size.
    """
    if picture.size is None:
        return 1.0, 1.0
    rows, columns = picture.size
    if picture.is_scaled:
        return raster.width / columns, raster.height / rows
    if picture.size != (raster.height, raster.width):
        actual = f"{raster.height} x {raster.width}"
        raise OtherSize(picture.source, f"{rows} x {columns}", picture.name, actual)
    return 1.0, 1.0
