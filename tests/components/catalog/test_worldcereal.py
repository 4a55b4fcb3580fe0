"""WorldCereal's netCDF: written here as the real file is, and hostile ones."""

import os
from pathlib import Path

import h5netcdf.legacyapi as netcdf
import h5py
import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from components.catalog.products.worldcereal import PRODUCT
from components.ingestion.chips import chips_of
from components.ingestion.config import IngestConfig
from components.ingestion.items import read_scene
from components.rasters.errors import SceneError
from tests.components.catalog.conftest import House

REAL = Path(os.environ.get("FUSAR_REAL_DATA", "unset"))


def written(path: Path, numbers: np.ndarray, fill: int | None = None, descending: bool = True, **axes: object) -> Path:
    """A file of (t, y, x) unsigned numbers, stored as signed ones."""
    times, height, width = numbers.shape
    y = 5612115 - 10.0 * np.arange(height)
    with netcdf.Dataset(str(path), "w") as sink:
        for name, values in {
            "t": np.arange(11262, 11262 + times, dtype=np.int32),
            "y": axes.get("y", y if descending else y[::-1]),
            "x": axes.get("x", 664005 + 10.0 * np.arange(width)),
        }.items():
            sink.createDimension(name, len(values))
            sink.createVariable(name, values.dtype, (name,))[:] = values
        sink.variables["t"].setncattr("units", "days since 1990-01-01")
        crs = sink.createVariable("crs", "S1", ())
        crs.setncattr("crs_wkt", CRS.from_epsg(32631).to_wkt())
        for name in ("S1-SIGMA0-VH", "S1-SIGMA0-VV"):
            variable = sink.createVariable(name, "i2", ("t", "y", "x"), fill_value=fill)
            variable[:] = numbers.view(np.int16)
            variable.setncattr("_Unsigned", "true")
            variable.setncattr("grid_mapping", "crs")
    return path


def numbers(times: int = 2, side: int = 80) -> np.ndarray:
    """From 200 (-37 dB) to 40000 (+9 dB): the upper ones are negative where the sign is not understood."""
    return np.linspace(200, 40000, times * side * side).astype(np.uint16).reshape(times, side, side)


def converted(path: Path, target: Path) -> np.ndarray:
    next(iter(PRODUCT.scenes(path).values()))(target)
    with rasterio.open(target) as raster:
        return np.asarray(raster.read())


def test_each_date_is_a_scene_of_unsigned_numbers_and_65535_is_nodata(house: House, laptop_params) -> None:
    stored = numbers()
    stored[1, :5] = 65535
    written(house.own / "cereal.nc", stored)
    assert "does not say platform" in house.add(house.own).err
    assert house.add(house.own, "--set", "platform=sentinel-1").code == 0
    item = house.item("cereal_20201102")
    facts = item["properties"]
    assert (facts["datetime"], facts["fusar:scale"], facts["fusar:dn_offset_db"], facts["fusar:quantity"]) == (
        "2020-11-02T00:00:00Z", "dn", [-83.0, -83.0], "sigma0",
    )  # fmt: skip
    assert item["properties"]["proj:transform"] == [10.0, 0.0, 664000.0, 0.0, -10.0, 5612120.0]
    with rasterio.open(house.data / "scenes/cereal_20201102.tif") as raster:
        assert raster.nodata == 65535 and raster.descriptions == (None, None)
        assert np.array_equal(raster.read(1), stored[1])
    config = IngestConfig.model_validate(laptop_params["ingest"])
    chips = chips_of(read_scene(house.data / "items/cereal_20201102.json", house.data), config)
    first = np.frombuffer(next(iter(chips))["backscatter"], np.uint8).reshape(2, config.chip_size, config.chip_size)
    assert (first[:, :5] == 0).all() and (first[:, 5:] > 0).all()
    # 20 log10(DN) - 83, by hand for the first valid pixel.
    decibels = -40 + (float(first[0, 5, 0]) - 1) * 0.25
    assert abs(decibels - (20 * np.log10(float(stored[1, 5, 0])) - 83)) <= 0.125 + 1e-6


def test_a_declared_fill_value_is_nodata_and_ascending_rows_stay_as_they_are(tmp_path: Path) -> None:
    stored = numbers()
    stored[0, 0, :7] = 400
    found = converted(written(tmp_path / "a.nc", stored, fill=400, descending=False), tmp_path / "a.tif")
    assert (found[0, 0, :7] == 65535).all() and np.array_equal(found[1, 1:], stored[0, 1:])
    with rasterio.open(tmp_path / "a.tif") as raster:
        assert (raster.transform.e, raster.transform.f) == (10.0, 5612115 - 790 - 5)


def refused(path: Path, tmp_path: Path) -> SceneError:
    with pytest.raises(SceneError) as raised:
        converted(path, tmp_path / "out.tif")
    return raised.value


def test_an_uneven_axis_and_a_scale_factor_are_refused(tmp_path: Path) -> None:
    x = 664005 + 10.0 * np.arange(80)
    x[40] += 3
    assert "x are not evenly spaced" in refused(written(tmp_path / "x.nc", numbers(), x=x), tmp_path).problem
    scaled = written(tmp_path / "s.nc", numbers())
    with h5py.File(scaled, "a") as file:
        file["S1-SIGMA0-VV"].attrs["scale_factor"] = 0.1
    assert "scale_factor" in refused(scaled, tmp_path).problem


@pytest.mark.parametrize("kind", ["link", "soft", "external", "virtual"])
def test_what_lies_in_another_file_is_never_read(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"canary!!" * 1600)
    path = written(tmp_path / "a.nc", numbers(1))
    with h5py.File(path, "a") as file:
        if kind == "link":
            file["S1-SIGMA0-HH"] = h5py.ExternalLink(str(secret), "/x")
        elif kind == "soft":
            file["S1-SIGMA0-HH"] = h5py.SoftLink("/S1-SIGMA0-VV")
        elif kind == "external":
            file.create_dataset("S1-SIGMA0-HH", (1, 80, 80), "<u2", external=[(str(secret), 0, 12800)])
        else:
            layout = h5py.VirtualLayout((1, 80, 80), "<u2")
            layout[:] = h5py.VirtualSource(str(secret), "x", (1, 80, 80))
            file.create_virtual_dataset("S1-SIGMA0-HH", layout)
    assert refused(path, tmp_path).code == "linked-netcdf"
    assert not (tmp_path / "out.tif").exists()


def test_far_more_pixels_than_bytes_are_not_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path / "a.nc", numbers(1))
    with h5py.File(path, "a") as file:
        del file["S1-SIGMA0-VV"]
        file.create_dataset("S1-SIGMA0-VV", (1, 80, 500_000), "<u2", chunks=(1, 80, 80))  # 80 MB, none of it written
    assert refused(path, tmp_path).code == "inflated"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_are_named_or_read_but_nothing_else_happens(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "good.nc"
    if not path.exists():
        written(path, numbers(1, 70))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged.nc"
    damaged.write_bytes(content[: data.draw(st.integers(9, len(content)))])
    try:
        converted(damaged, tmp_path / "out.tif")
    except SceneError as error:
        assert error.problem


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="FUSAR_REAL_DATA names no folder of real data")
def test_the_real_file_gives_twelve_dates_of_the_numbers_that_it_holds(tmp_path: Path) -> None:
    path = next((REAL / "worldcereal").glob("*.nc"))
    scenes = PRODUCT.scenes(path)
    months = [*(f"2020{month}01" for month in (11, 12)), *(f"2021{month:02}01" for month in range(1, 11))]
    assert [name[-8:] for name in scenes] == months
    with h5py.File(path) as file:
        for index, (name, write) in enumerate(scenes.items()):
            facts = write(tmp_path / f"{name}.tif")
            with rasterio.open(tmp_path / f"{name}.tif") as raster:
                for band, polarization in enumerate(facts["sar:polarizations"], 1):
                    stored = file[f"S1-SIGMA0-{polarization}"][index].view(np.uint16)
                    assert np.array_equal(raster.read(band), stored)
                # Pixel centres are what the file says, to a hundredth of a pixel.
                assert raster.transform @ (0.5, 0.5) == pytest.approx((file["x"][0], file["y"][0]), abs=0.1)
                assert raster.transform @ (99.5, 99.5) == pytest.approx((file["x"][-1], file["y"][-1]), abs=0.1)
                assert raster.crs.to_epsg() == 32631
        numbers_vv = file["S1-SIGMA0-VV"][:].view(np.uint16).astype(float)
    assert np.percentile(20 * np.log10(numbers_vv) - 83, [1, 50, 99]) == pytest.approx([-15.6, -9.9, -2.7], abs=0.06)
