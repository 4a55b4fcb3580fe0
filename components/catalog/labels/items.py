"""The scenes of data/ as labels need them, and putting a label beside a scene."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.catalog.errors import LabelledAlready, NoSuchScene
from components.catalog.items import FOLDERS
from components.rasters.errors import MissingAsset
from components.rasters.opening import Raster, open_raster

_KINDS = {
    "objects": ("geojson", "application/geo+json"),
    "land_cover": ("tif", "image/tiff; application=geotiff"),
    "captions": ("json", "application/json"),
}


@dataclass(frozen=True)
class LabelledScene:
    """A scene of data/ that is to be labelled.

    Attributes:
        scene_id: its id.
        data: the data folder.
        item: its STAC item as it stands.
    """

    scene_id: str
    data: Path
    item: dict[str, Any]

    @property
    def item_file(self) -> Path:
        """Where its item lies."""
        return self.data / f"items/{self.scene_id}.json"

    @property
    def is_georeferenced(self) -> bool:
        """Whether it has a place."""
        return self.item.get("properties", {}).get("fusar:georeferenced") is not False

    @contextmanager
    def raster(self) -> Iterator[Raster]:
        """Its backscatter, open.

        Raises:
            SceneError: it cannot be read.
        """
        with open_raster(self.data / f"scenes/{self.scene_id}.tif", self.is_georeferenced) as raster:
            yield raster


def find_scene(data: Path, name: str, source: Path) -> LabelledScene:
    """The scene of a name.

    Raises:
        NoSuchScene: there is none, or its item is no STAC item.
        MissingAsset: its item cannot be read as JSON.
    """
    item_file = data / f"items/{name}.json"
    # A name from a label file never leads out of data/items.
    if item_file.parent != data / "items" or item_file.stem != name or not item_file.is_file():
        raise NoSuchScene(source, name)
    try:
        content = json.loads(item_file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise MissingAsset(item_file) from error
    if not isinstance(content, dict) or not isinstance(content.get("assets"), dict):
        raise NoSuchScene(source, name)
    return LabelledScene(name, data, content)


def scene_names(data: Path) -> list[str]:
    """Ids of all scenes, sorted."""
    return sorted(file.stem for file in (data / "items").glob("*.json"))


def put(scene: LabelledScene, kind: str, made: Path) -> bool:
    """Move a label file beside a scene and name it in the scene's item; False if this very label is there already.

    Args:
        scene: to be labelled.
        kind: objects, land_cover or captions.
        made: the file to move in, on the same disk.

    Raises:
        LabelledAlready: the scene has another label of this kind.
    """
    ending, media = _KINDS[kind]
    name = f"{FOLDERS[kind]}/{scene.scene_id}.{ending}"
    target, asset = scene.data / name, {"href": f"../{name}", "type": media, "roles": ["data"]}
    is_same = target.is_file() and target.read_bytes() == made.read_bytes()
    known = scene.item["assets"].get(kind)
    if is_same and known is not None:
        return False
    if (target.exists() and not is_same) or (known is not None and known.get("href") != asset["href"]):
        raise LabelledAlready(made, scene.scene_id, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)
    content = {**scene.item, "assets": {**scene.item["assets"], kind: known or asset}}
    partial = made.with_suffix(".item")
    partial.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    # Replaced, never written into: `dvc add` may have linked the item into its cache.
    partial.replace(scene.item_file)
    return True
