"""A data folder with two scenes to label, one with a place and one without, and a folder of label files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.catalog.labels import CAPTION_FORMATS, FORMATS
from components.catalog.labels.captioned import label_captions
from components.catalog.labels.labelling import Labels, Outcome, label_objects
from components.ingestion.labels import read_objects
from components.rasters.opening import open_raster

TURNED = Affine(10, 0, 620000, 0, -10, 4830000) @ Affine.rotation(30)


class Room:
    """Scenes `placed` (128 x 128, rotated, UTM 31) and `nowhere` (100 x 120, no CRS)."""

    def __init__(self, root: Path) -> None:
        self.data, self.own, self.staging = root / "data", root / "own", root / "staging"
        for name in ("items", "scenes"):
            (self.data / name).mkdir(parents=True)
        self.own.mkdir()
        self.scene("placed", (128, 128), crs="EPSG:32631", transform=TURNED)
        self.scene("nowhere", (100, 120), **{"crs": None, "transform": None})

    def scene(self, name: str, shape: tuple[int, int], **profile: Any) -> None:
        settings = {"driver": "GTiff", "count": 1, "dtype": "uint8", "height": shape[0], "width": shape[1], **profile}
        with rasterio.open(self.data / f"scenes/{name}.tif", "w", **settings) as sink:
            sink.write(np.full((1, *shape), 9, np.uint8))
        properties = {} if profile["crs"] else {"fusar:georeferenced": False, "fusar:group": "g"}
        self.item_file(name).write_text(json.dumps({"id": name, "properties": properties, "assets": {}}))

    def item_file(self, name: str) -> Path:
        return self.data / f"items/{name}.json"

    def write(self, name: str, content: Any) -> Path:
        path = self.own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def label(self, form: str, path: Path, ending: str = "", **classes: str) -> list[Outcome]:
        found = next(known for known in FORMATS if known.name == form)
        labels = Labels(self.data, self.staging, path, ending, classes)
        return list(label_objects(found, labels))

    def caption(self, form: str, path: Path, ending: str = "", **codes: str) -> list[Outcome]:
        found = next(known for known in CAPTION_FORMATS if known.name == form)
        said = {words.replace("_", " "): code for words, code in codes.items()}
        return list(label_captions(found, Labels(self.data, self.staging, path, ending, said)))

    def boxes(self, name: str) -> list[tuple[str, list[float]]]:
        """Category and box of each object as ingestion reads them, in the scene's pixels."""
        content = json.loads(self.item_file(name).read_text())
        is_placed = content["properties"].get("fusar:georeferenced") is not False
        path = self.item_file(name).parent / content["assets"]["objects"]["href"]
        with open_raster(self.data / f"scenes/{name}.tif", is_placed) as raster:
            found = read_objects(path, raster)
        return [(one.category, list(box)) for one, box in zip(found.described, found.boxes, strict=True)]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def codes(outcomes: list[Outcome]) -> list[str]:
    """What became of each: its kind, or the code of its fault."""
    return [outcome.error.code if outcome.error else outcome.kind for outcome in outcomes]
