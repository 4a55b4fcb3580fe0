"""GeoTIFFs with control points alone: where their pixels come to lie, against the affine that the points stand for."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.control import GroundControlPoint
from rasterio.windows import Window

from components.catalog.products.control_points import PRODUCT
from components.rasters.errors import SceneError
from tests.components.catalog.conftest import House, ramp

REAL = Path(os.environ.get("FUSAR_REAL_DATA", "unset"))
ROTATED = Affine(-0.143, -0.57678, 337934.48, -0.57678, 0.143, 7840518.46)


def with_points(path: Path, pixels: np.ndarray, affine: Affine, crs: str, **more: object) -> Path:
    """A raster that says by nine points in longitude and latitude what `affine` says."""
    bands, height, width = pixels.shape
    to_lonlat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    spots = [(row, col) for row in (0, height / 2, height) for col in (0, width / 2, width)]
    points = [GroundControlPoint(row, col, *to_lonlat.transform(*affine @ (col, row))) for row, col in spots]
    moved = float(more.pop("off_by_deg", 0.0))  # type: ignore[arg-type]
    points[4] = GroundControlPoint(points[4].row, points[4].col, points[4].x + moved, points[4].y)
    points = points[: int(more.pop("count", 9))]  # type: ignore[call-overload]
    settings = {"driver": "GTiff", "count": bands, "height": height, "width": width, "dtype": pixels.dtype}
    with rasterio.open(path, "w", **settings, **more) as sink:
        sink.write(pixels)
        sink.gcps = (points, rasterio.crs.CRS.from_epsg(4326))
    return path


def geocoded(path: Path, target: Path) -> tuple[dict[str, object], rasterio.DatasetReader]:
    ((_, write),) = PRODUCT.scenes(path).items()
    facts = dict(write(target))
    return facts, rasterio.open(target)


@pytest.mark.parametrize(
    ("crs", "affine"),
    [
        ("EPSG:32759", ROTATED),
        ("EPSG:32631", Affine(10, 0, 620000, 0, 10, 4830000)),  # bottom-up
        ("EPSG:32660", Affine(7, 2, 830000, 2, -7, 1500)),  # across the antimeridian and the equator
        ("EPSG:3413", Affine(-12, 5, 100_000, 5, 12, -200_000)),  # by the North Pole
        ("EPSG:3031", Affine(20, 0, -300_000, 0, -20, 200_000)),
    ],
)
def test_every_pixel_lies_within_one_of_where_the_points_put_it(tmp_path: Path, crs: str, affine: Affine) -> None:
    side = 64
    pixels = np.arange(1, side * side + 1, dtype=np.float32).reshape(1, side, side)  # every pixel says where it is from
    facts, raster = geocoded(with_points(tmp_path / "in.tif", pixels, affine, crs), tmp_path / "out.tif")
    with raster:
        found = raster.read(1)
        rows, cols = np.nonzero(np.isfinite(found))
        x, y = raster.transform @ (cols + 0.5, rows + 0.5)
        true_x, true_y = Transformer.from_crs(raster.crs, crs, always_xy=True).transform(x, y)
    col, row = ~affine @ (np.asarray(true_x), np.asarray(true_y))
    came_from = found[rows, cols].astype(int) - 1
    # The nearest pixel's centre is at most half a pixel away along each axis, and the points fit to a twentieth.
    assert np.abs(row - (came_from // side + 0.5)).max() <= 0.55
    assert np.abs(col - (came_from % side + 0.5)).max() <= 0.55
    assert len(set(came_from)) > 0.8 * side * side
    assert float(str(facts["fusar:geocoding_residual_m"])) < 0.05 * math.sqrt(abs(affine.determinant))


def test_a_point_that_is_off_shows_in_the_residual_that_the_item_states(house: House) -> None:
    path = with_points(
        house.own / "off.tif", ramp(), Affine(10, 0, 620000, 0, -10, 4830000), "EPSG:32631", off_by_deg=1e-3
    )
    facts = ("datetime=2022-01-02", "platform=x", "sar:polarizations=VV", "fusar:quantity=gamma0",
             "fusar:scale=decibel", "fusar:simulated=false")  # fmt: skip
    assert house.add(path, *(word for fact in facts for word in ("--set", fact))).code == 0
    item = house.item("off")
    # By hand: 0.001 degrees at 43.6 N are 80.7 m; of an offset in the middle of a 3 x 3 grid a polynomial of second
    # order leaves 4/9, 2/9 and 1/9 at the middle, the edges and the corners: 80.7 * sqrt(4/9 / 9) in the mean square.
    assert item["properties"]["fusar:geocoding_residual_m"] == pytest.approx(80.7 * math.sqrt(4 / 9 / 9), rel=0.02)
    assert "9 ground control points" in item["properties"]["processing:lineage"]
    assert item["properties"]["fusar:product"] == "geotiff-control-points"


def test_fill_is_a_value_that_no_pixel_of_8_bits_has(tmp_path: Path) -> None:
    pixels = np.arange(80 * 80).astype(np.uint8).reshape(1, 80, 80) % 200
    _, raster = geocoded(with_points(tmp_path / "in.tif", pixels, ROTATED, "EPSG:32759"), tmp_path / "out.tif")
    with raster:
        assert raster.nodata == 200 and (raster.read(1)[0, 0], (raster.read(1) == 0).any()) == (200, True)
    pixels = np.arange(80 * 80).astype(np.uint8).reshape(1, 80, 80)  # all 256
    _, raster = geocoded(with_points(tmp_path / "all.tif", pixels, ROTATED, "EPSG:32759"), tmp_path / "all_out.tif")
    with raster:
        found = raster.read(1)
        inside = found != 254
        assert (found == 255).sum() > 1.5 * (found == 253).sum()  # those of 254 are there, as their neighbour
        assert raster.nodata == 254 and inside.mean() == pytest.approx(80 * 80 / inside.size, rel=0.05)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": 2}, "are 2, fewer than 3"),
        ({"count": 3}, "fit no polynomial"),  # all on the upper edge
        ({"off_by_deg": 80.0}, "would spread"),
        ({"off_by_deg": np.inf}, "have no"),
    ],
)
def test_points_that_place_nothing_are_named(tmp_path: Path, change: dict[str, float], said: str) -> None:
    path = with_points(tmp_path / "in.tif", ramp(), Affine(10, 0, 620000, 0, -10, 4830000), "EPSG:32631", **change)
    assert PRODUCT.matches(path)
    with pytest.raises(SceneError, match=said) as raised:
        geocoded(path, tmp_path / "out.tif")
    assert raised.value.code == "unusable-control-points"


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="FUSAR_REAL_DATA names no folder of real data")
@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("umbra/umbra_mount_yasur.tiff", Window(1100, 600, 300, 250)),
        ("pyrosar/S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db.tif", Window(0, 0, 217, 217)),
        ("sentinel1_los_angeles/los_angeles_s1_vh_mosaic.tif", Window(2000, 200, 260, 240)),
    ],
)
def test_real_pixels_placed_by_points_lie_where_their_affine_had_them(
    tmp_path: Path, name: str, window: Window
) -> None:
    with rasterio.open(REAL / name) as real:
        pixels, affine, crs = real.read(window=window), real.window_transform(window), real.crs
    source = with_points(tmp_path / "in.tif", pixels, affine, crs.to_string())
    facts, raster = geocoded(source, tmp_path / "out.tif")
    with raster:
        found = raster.read(1)
        inside = np.isfinite(found) if found.dtype.kind == "f" else found != raster.nodata
        rows, cols = np.nonzero(inside)
        x, y = raster.transform @ (cols + 0.5, rows + 0.5)
        col, row = ~affine @ tuple(
            np.asarray(at) for at in Transformer.from_crs(raster.crs, crs, always_xy=True).transform(x, y)
        )
    height, width = pixels.shape[1:]
    # On the border of a pixel a hair decides for it or its neighbour; elsewhere the value is that of the pixel there.
    clear = (np.abs(col % 1 - 0.5) < 0.45) & (np.abs(row % 1 - 0.5) < 0.45)
    clear &= (col > 0) & (col < width) & (row > 0) & (row < height)
    expected = pixels[0][row[clear].astype(int), col[clear].astype(int)]
    merged = np.where(expected == 254, 255, expected) if found.dtype == np.uint8 and raster.nodata == 254 else expected
    assert np.array_equal(found[rows, cols][clear], merged) and clear.mean() > 0.7
    assert float(str(facts["fusar:geocoding_residual_m"])) < 0.1 * math.sqrt(abs(affine.determinant))
