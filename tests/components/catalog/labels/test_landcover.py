"""Land cover of other families on a scene's grid, in our codes."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.catalog.errors import BadTemplate
from components.catalog.labels.classes import read_classes
from components.catalog.labels.labelling import Labels
from components.catalog.labels.landcover import COVER_FORMATS, COVERS, label_cover
from components.ingestion.land_cover import open_land_cover
from components.rasters.grids import grid_of
from components.rasters.opening import open_raster
from components.records.landcover import LAND_COVER

NORTH_UP = Affine(10, 0, 600000, 0, -10, 4840000)


def _cover(path: Path, codes: np.ndarray, affine: Affine = NORTH_UP, **profile) -> Path:
    height, width = codes.shape
    settings = {"driver": "GTiff", "crs": "EPSG:32631", "transform": affine, "dtype": codes.dtype, **profile}
    with rasterio.open(path, "w", count=1, height=height, width=width, **settings) as sink:
        sink.write(codes, 1)
    return path


def _label(room, form: str, path: Path, **classes: str):
    found = next(known for known in COVER_FORMATS if known.name == form)
    return list(label_cover(found, Labels(room.data, room.staging, path, classes=classes)))


def _read(room, name: str) -> np.ndarray:
    asset = json.loads(room.item_file(name).read_text())["assets"]["land_cover"]
    path = room.data / "items" / asset["href"]
    with (
        open_raster(room.data / f"scenes/{name}.tif") as raster,
        open_land_cover(path, raster, grid_of(raster)) as cover,
    ):
        return cover.rows(0, raster.height)


@pytest.fixture
def straight(room):
    """A scene of 40 x 50 pixels whose upper left corner is at row 100, column 200 of the covers."""
    room.scene("straight", (40, 50), crs="EPSG:32631", transform=NORTH_UP @ Affine.translation(200, 100))
    room.item_file("placed").unlink()
    return room


@pytest.mark.parametrize(
    ("form", "codes", "ours"),
    [
        ("worldcover", [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100, 0], [2, 0, 4, 3, 5, 6, 0, 1, 0, 2, 0, 0]),
        ("dynamic-world", [0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 4, 0, 3, 0, 5, 6, 0]),
        ("esri", [0, 1, 2, 4, 5, 7, 8, 9, 10, 11], [0, 1, 2, 0, 3, 5, 6, 0, 0, 4]),
        ("terramesh", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 1, 2, 0, 3, 5, 6, 0, 0, 4]),
    ],
)
def test_every_class_of_a_family_has_its_code_here(straight, form: str, codes: list[int], ours: list[int]) -> None:
    picked = np.random.default_rng(1).integers(len(codes), size=(300, 400))
    path = _cover(straight.own / "cover.tif", np.array(codes, np.uint8)[picked])
    (outcome,) = _label(straight, form, path)
    assert (outcome.kind, outcome.scene_id) == ("labelled", "straight")
    expected = np.array(ours)[picked][100:140, 200:250]
    np.testing.assert_array_equal(_read(straight, "straight"), expected)
    counted = {name: int((expected == code).sum()) for code, name in LAND_COVER.items() if (expected == code).any()}
    assert outcome.counts == counted


def test_a_finer_raster_gives_the_commonest_class_and_a_coarser_one_the_class_of_the_place(straight) -> None:
    fine = np.full((900, 1200), 80, np.uint8)  # a third of the scene's pixel
    fine[300:420, 600:750] = 10
    fine[300:420:3, 600:750] = 40  # a third of each pixel is cropland
    _label(straight, "worldcover", _cover(straight.own / "fine.tif", fine, NORTH_UP @ Affine.scale(1 / 3)))
    assert (_read(straight, "straight") == 2).all()
    (straight.data / "land_cover/straight.tif").unlink()
    coarse = np.full((30, 40), 80, np.uint8)
    coarse[10, 20] = 50  # rows 100..110, columns 200..210 of the scene's grid
    _label(straight, "worldcover", _cover(straight.own / "coarse.tif", coarse, NORTH_UP @ Affine.scale(10)))
    expected = np.ones((40, 50))
    expected[:10, :10] = 5
    np.testing.assert_array_equal(_read(straight, "straight"), expected)


def test_what_a_raster_does_not_reach_is_unknown_and_not_the_class_whose_code_is_0(straight) -> None:
    codes = np.zeros((120, 220), np.uint8)  # water to Dynamic World; it ends inside the scene
    assert _label(straight, "dynamic-world", _cover(straight.own / "part.tif", codes))[0].kind == "labelled"
    expected = np.zeros((40, 50))
    expected[:20, :20] = 1
    np.testing.assert_array_equal(_read(straight, "straight"), expected)
    far = _cover(straight.own / "far.tif", codes, NORTH_UP @ Affine.translation(5000, 0))
    (straight.data / "land_cover/straight.tif").unlink()
    assert _label(straight, "dynamic-world", far) == [] and not (straight.data / "land_cover/straight.tif").exists()


def test_a_turned_scene_takes_the_class_under_each_of_its_pixels(room) -> None:
    codes = np.full((3000, 4000), 1, np.uint8)
    codes[1090:] = 2  # y below 4829100
    path = _cover(room.own / "cover.tif", codes)
    assert [outcome.scene_id for outcome in _label(room, "terramesh", path)] == ["placed"]
    with open_raster(room.data / "scenes/placed.tif") as raster:
        cols, rows = np.meshgrid(np.arange(128) + 0.5, np.arange(128) + 0.5)
        y = raster.affine.d * cols + raster.affine.e * rows + raster.affine.f
    clear = np.abs(y - 4829100) > 10
    assert 0.1 < (y > 4829100).mean() < 0.99
    np.testing.assert_array_equal(_read(room, "placed")[clear], np.where(y > 4829100, 1, 2)[clear])


def test_codes_that_nobody_explained_are_asked_for_and_a_person_may_overrule(straight) -> None:
    path = _cover(straight.own / "cover.tif", np.full((300, 400), 33, np.uint8))
    (refused,) = _label(straight, "worldcover", path)
    assert refused.error is not None and refused.error.code == "unknown-class" and "'33=water'" in refused.reason
    assert _label(straight, "land-cover", path, **{"33": "bare"})[0].counts == {"bare": 2000}
    with pytest.raises(BadTemplate):
        read_classes(["33=sand"], COVERS)
    wide = _cover(straight.own / "wide.tif", np.zeros((30, 40), np.int16))
    assert _label(straight, "worldcover", wide)[0].error.code == "broken-labels"
    (straight.own / "vrt.tif").write_text("<VRTDataset/>")
    assert _label(straight, "worldcover", straight.own / "vrt.tif")[0].error.code == "not-a-geotiff"
