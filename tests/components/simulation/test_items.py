import numpy as np
import pystac
import pytest
import rasterio
from pystac.extensions.projection import ProjectionExtension
from pystac.extensions.sar import SarExtension
from pystac.extensions.sat import SatExtension
from pystac.extensions.view import ViewExtension
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from shapely.geometry import shape

from components.geography.projection import pixel_to_lonlat
from components.simulation.sensors import sensor


def test_every_item_is_valid_stac(tiny_scenes):
    validator = JsonSchemaSTACValidator()  # its core schemas lie in the package: no network
    for written in tiny_scenes:
        assert validator.validate_core(written.item, pystac.STACObjectType.ITEM, written.item["stac_version"])


def test_every_item_says_that_it_is_simulated(tiny_scenes):
    for written in tiny_scenes:
        assert written.item["properties"]["fusar:simulated"] is True
        assert "simulated" in written.item["properties"]["description"]
        assert all("imulated" in asset["title"] for asset in written.item["assets"].values())


def test_extensions_describe_the_raster_that_lies_on_disk(tiny_scenes):
    for written in tiny_scenes:
        item = pystac.Item.from_dict(written.item)
        projection = ProjectionExtension.ext(item)
        assert projection.code == written.crs
        assert projection.shape == list(written.power.shape[1:])
        assert projection.transform == pytest.approx(list(written.affine)[:6])
        names = [str(polarization.value) for polarization in SarExtension.ext(item).polarizations]
        assert len(names) == len(written.power)
        instrument = sensor(written.spec.sensor)
        assert names == list(instrument.polarizations)
        low, high = instrument.incidence_deg
        assert low <= ViewExtension.ext(item).incidence_angle <= high
        assert SatExtension.ext(item).orbit_state.value in ("ascending", "descending")


def test_hrefs_are_relative_and_lead_to_files_on_the_same_ground(tiny_scenes, tiny_folder):
    for written in tiny_scenes:
        for asset in written.item["assets"].values():
            assert asset["href"].startswith("../")
            assert (tiny_folder / "items" / asset["href"]).is_file()
        with rasterio.open(tiny_folder / "land_cover" / f"{written.spec.scene_id}.tif") as cover:
            assert (cover.transform, cover.crs.to_string()) == (written.affine, written.crs)
            assert cover.compression is None


def test_the_footprint_is_the_rasters_four_corners(tiny_scenes):
    for written in tiny_scenes:
        height, width = written.power.shape[1:]
        lon, lat = pixel_to_lonlat(written.crs, written.affine, [0, 0, width, width], [0, height, height, 0])
        corners = np.array(shape(written.item["geometry"]).exterior.coords[:4])
        np.testing.assert_allclose(corners, np.stack([lon, lat], axis=1), atol=1e-7)


def test_scenes_before_alphaearth_have_none_and_later_ones_name_their_year(tiny_scenes):
    for written in tiny_scenes:
        year = int(written.item["properties"]["datetime"][:4])
        if written.alphaearth is not None:
            assert written.item["assets"]["alphaearth"]["fusar:year"] == year >= 2017
        else:
            assert year < 2017 or written.spec.theme == "sea"
