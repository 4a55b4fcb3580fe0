"""The tiny catalogue, simulated once for all tests of this folder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.simulation.catalogue import SceneSpec, read_catalogue
from components.simulation.simulate import simulate

SEED = 7


@dataclass(frozen=True)
class Written:
    """What lies on disk of one scene."""

    spec: SceneSpec
    item: dict[str, Any]
    power: np.ndarray
    affine: Affine
    crs: str
    labels: np.ndarray
    objects: list[dict[str, Any]]
    alphaearth: Path | None


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    simulate("tiny", SEED, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_scenes(tiny_folder: Path) -> list[Written]:
    return [_read(spec, tiny_folder) for spec in read_catalogue("tiny")]


def _read(spec: SceneSpec, folder: Path) -> Written:
    name = spec.scene_id
    item = json.loads((folder / "items" / f"{name}.json").read_text())
    with rasterio.open(folder / "scenes" / f"{name}.tif") as source:
        power, affine, crs = source.read(), source.transform, source.crs.to_string()
    with rasterio.open(folder / "land_cover" / f"{name}.tif") as source:
        labels = source.read(1)
    objects = json.loads((folder / "objects" / f"{name}.geojson").read_text())["features"]
    tile = folder / "alphaearth" / f"{name}.tif" if "alphaearth" in item["assets"] else None
    return Written(spec, item, power, affine, crs, labels, objects, tile)
