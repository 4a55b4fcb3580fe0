"""STAC items that describe simulated scenes, and say so."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pystac
from pystac.extensions.projection import ProjectionExtension
from pystac.extensions.raster import DataType, RasterBand, RasterExtension
from pystac.extensions.sar import FrequencyBand, ObservationDirection, Polarization, SarExtension
from pystac.extensions.sat import OrbitState, SatExtension
from pystac.extensions.view import ViewExtension

from components.simulation.alphaearth import BANDS, NODATA
from components.simulation.backscatter import Look
from components.simulation.catalogue import SceneSpec
from components.simulation.files import footprint
from components.simulation.grid import Grid
from components.simulation.sensors import Sensor

GEOTIFF = "image/tiff; application=geotiff"
YEARS = (2016, 2024)  # AlphaEarth begins in 2017: the scenes of 2016 go without, as real ones do


@dataclass(frozen=True)
class Acquisition:
    """When and how a scene was taken.

    Attributes:
        time: of acquisition, UTC.
        look: incidence and orbit direction.
        relative_orbit: number of the orbit in its cycle.
    """

    time: dt.datetime
    look: Look
    relative_orbit: int


def draw_acquisition(rng: np.random.Generator, look: Look, longitude: float) -> Acquisition:
    """Draw a day between YEARS; the hour is dusk for ascending and dawn for descending orbits in local solar time."""
    first, last = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (YEARS[0], YEARS[1] + 1))
    day = first + dt.timedelta(days=int(rng.integers(0, (last - first).days)))
    hour = (18.1 if look.is_ascending else 5.9) - longitude / 15
    seconds = int((hour % 24) * 3600) + int(rng.integers(-900, 900))
    return Acquisition(day + dt.timedelta(seconds=seconds % 86400), look, int(rng.integers(1, 176)))


def scene_item(spec: SceneSpec, sensor: Sensor, grid: Grid, taken: Acquisition, has_alphaearth: bool) -> dict[str, Any]:
    """The STAC item of one scene as a dictionary, its asset hrefs relative to data/items/."""
    geometry, box = footprint(grid)
    item = pystac.Item(spec.scene_id, geometry, box, taken.time, _properties(spec, sensor))
    bands = [RasterBand.create(data_type=DataType.FLOAT32, unit="1") for _ in sensor.polarizations]
    _add(item, "backscatter", f"../scenes/{spec.scene_id}.tif", "Simulated sigma nought, linear power", bands)
    cover = [RasterBand.create(data_type=DataType.UINT8, nodata=0)]
    _add(item, "land_cover", f"../land_cover/{spec.scene_id}.tif", "Simulated land cover", cover)
    item.add_asset(
        "objects",
        pystac.Asset(
            f"../objects/{spec.scene_id}.geojson", "Simulated objects", None, "application/geo+json", ["data"]
        ),
    )
    if has_alphaearth:
        tile = [RasterBand.create(data_type=DataType.INT8, nodata=NODATA) for _ in range(BANDS)]
        _add(item, "alphaearth", f"../alphaearth/{spec.scene_id}.tif", "Simulated AlphaEarth-like embeddings", tile)
        item.assets["alphaearth"].extra_fields["fusar:year"] = taken.time.year
    _extend(item, sensor, grid, taken)
    content: dict[str, Any] = item.to_dict(include_self_link=False)
    return content


def _properties(spec: SceneSpec, sensor: Sensor) -> dict[str, Any]:
    return {
        "title": f"Simulated {sensor.band}-band scene, {spec.place}",
        "description": f"simulated: {sensor.platform} over {spec.place}, theme {spec.theme}; not a real acquisition",
        "platform": sensor.platform,
        "constellation": "fusar-sim",
        "instruments": [f"{sensor.platform}-sar"],
        "gsd": sensor.spacing_m,
        "fusar:quantity": "sigma0",
        "fusar:scale": "linear",
        "fusar:simulated": True,
        "fusar:nesz_db": sensor.nesz_db,
    }


def _add(item: pystac.Item, key: str, href: str, title: str, bands: list[RasterBand]) -> None:
    item.add_asset(key, pystac.Asset(href, title, None, GEOTIFF, ["data"]))
    RasterExtension.ext(item.assets[key], add_if_missing=True).apply(bands)


def _extend(item: pystac.Item, sensor: Sensor, grid: Grid, taken: Acquisition) -> None:
    SarExtension.ext(item, add_if_missing=True).apply(
        instrument_mode=sensor.mode,
        frequency_band=FrequencyBand(sensor.band),
        polarizations=[Polarization(name) for name in sensor.polarizations],
        product_type="GRD",
        center_frequency=sensor.frequency_ghz,
        pixel_spacing_range=sensor.spacing_m,
        pixel_spacing_azimuth=sensor.spacing_m,
        looks_range=sensor.looks_range,
        looks_azimuth=sensor.looks_azimuth,
        looks_equivalent_number=sensor.looks,
        observation_direction=ObservationDirection.RIGHT,
    )
    state = OrbitState.ASCENDING if taken.look.is_ascending else OrbitState.DESCENDING
    SatExtension.ext(item, add_if_missing=True).apply(orbit_state=state, relative_orbit=taken.relative_orbit)
    azimuth = 78.0 if taken.look.is_ascending else 282.0
    ViewExtension.ext(item, add_if_missing=True).apply(incidence_angle=taken.look.incidence_deg, azimuth=azimuth)
    ProjectionExtension.ext(item, add_if_missing=True).apply(
        code=f"EPSG:{grid.epsg}", shape=[grid.height, grid.width], transform=list(grid.affine)[:6]
    )
