"""Scenes of data/ that lack a companion, and how they get one afterwards."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from components.catalog.items import FOLDERS

_MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Placed:
    """A scene with a place and a time.

    Attributes:
        item_file: its item.
        footprint: longitude and latitude [degree].
        year: of acquisition, UTC.
    """

    item_file: Path
    footprint: BaseGeometry
    year: int

    @property
    def scene_id(self) -> str:
        """Its id."""
        return self.item_file.stem


def scenes_without(asset: str, data: Path) -> Iterator[Placed]:
    """Scenes that have no such asset; what is no item, or has no place on the ground, is left out."""
    for item_file in sorted((data / "items").glob("*.json")):
        item = _read(item_file)
        try:
            if asset in item["assets"] or item["properties"].get("fusar:georeferenced") is False:
                continue
            time = datetime.fromisoformat(item["properties"]["datetime"])
            utc = time.astimezone(UTC) if time.tzinfo else time
            footprint = shapely.geometry.shape(item["geometry"])
        except (KeyError, TypeError, ValueError, AttributeError, ShapelyError):
            continue  # ingestion sets it aside and says why
        if not footprint.is_empty:
            yield Placed(item_file, footprint, utc.year)


def file_of(asset: str, scene: Placed) -> Path:
    """Where the raster of an asset lies."""
    return scene.item_file.parent.parent / FOLDERS[asset] / f"{scene.scene_id}.tif"


def give(asset: str, scene: Placed, fields: Mapping[str, Any]) -> None:
    """Name a raster in the item of its scene. A new file takes the item's place: the old one may be DVC's own copy.

    Args:
        asset: name of the asset; its raster lies at `file_of` already.
        scene: whose it is.
        fields: further fields of the asset.
    """
    item = _read(scene.item_file)
    href = f"../{FOLDERS[asset]}/{scene.scene_id}.tif"
    item["assets"][asset] = {"href": href, "type": "image/tiff; application=geotiff", "roles": ["data"], **fields}
    part = scene.item_file.with_name(f".{scene.item_file.name}.part")
    part.write_bytes((json.dumps(item, indent=1, sort_keys=True) + "\n").encode())
    part.replace(scene.item_file)


def _read(item_file: Path) -> dict[str, Any]:
    try:
        content = json.loads(item_file.read_bytes()) if item_file.stat().st_size <= _MOST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
