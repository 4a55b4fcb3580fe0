"""A small catalogue that tests fill with good scenes and with scenes named after their flaw."""

import datetime as dt
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from pystac.extensions.sar import FrequencyBand, Polarization, SarExtension
from pystac.extensions.view import ViewExtension

from components.ingestion.config import IngestConfig
from components.ingestion.stage import run_ingest

UTM31 = Affine(10.0, 0.0, 620000.0, 0.0, -10.0, 4830000.0)
WITHDRAWN_HEADER = "md5,scene_id,reason,name,time\n"


class Catalogue:
    """A data folder, withdrawn.csv and the outputs of ingest, all below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"
        self.withdrawn = root / "withdrawn.csv"
        self.outputs = root / "outputs"
        for name in ("items", "scenes", "land_cover", "objects", "alphaearth"):
            (self.data / name).mkdir(parents=True)
        self.withdrawn.write_text(WITHDRAWN_HEADER)

    def raster(self, file: str, pixels: np.ndarray, **profile: Any) -> Path:
        path = self.data / file
        settings = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM31, **profile}
        bands, height, width = pixels.shape
        with rasterio.open(path, "w", count=bands, height=height, width=width, dtype=pixels.dtype, **settings) as sink:
            sink.write(pixels)
        return path

    def item(self, scene_id: str, assets: dict[str, str] | None = None, **changes: Any) -> Path:
        """Write an item; `changes` are properties with `__` for `:`, None removes one."""
        taken = dt.datetime(2021, 7, 21, 8, 40, 10, tzinfo=dt.UTC)
        item = pystac.Item(scene_id, None, None, taken, {"platform": "sentinel-1a"})
        for name, href in (assets or {"backscatter": f"../scenes/{scene_id}.tif"}).items():
            item.add_asset(name, pystac.Asset(href))
        SarExtension.ext(item, add_if_missing=True).apply(
            "IW", FrequencyBand.C, [Polarization.VV, Polarization.VH], "GRD", looks_equivalent_number=4.4
        )
        ViewExtension.ext(item, add_if_missing=True).apply(incidence_angle=38.0)
        item.properties |= {"fusar:quantity": "gamma0", "fusar:scale": "decibel", "fusar:simulated": True}
        item.properties |= {name.replace("__", ":"): value for name, value in changes.items()}
        content = item.to_dict(include_self_link=False)
        kept = {name: value for name, value in content["properties"].items() if value is not None or name == "datetime"}
        path = self.data / "items" / f"{scene_id}.json"
        path.write_text(json.dumps({**content, "properties": kept}))
        return path

    def good(self, scene_id: str = "good", height: int = 128, width: int = 128, **changes: Any) -> np.ndarray:
        """Add a scene of two bands in decibels, no two names with the same; returns its pixels."""
        most = 5 + zlib.crc32(scene_id.encode()) % 1000 / 200
        pixels = np.linspace(most, -30, 2 * height * width, dtype=np.float32).reshape(2, height, width)
        self.raster(f"scenes/{scene_id}.tif", pixels)
        self.item(scene_id, **changes)
        return pixels

    def ingest(self, config: IngestConfig) -> dict[str, float]:
        outputs = {name: self.outputs / name for name in ("chips", "set_aside.parquet")}
        return dict(run_ingest(config, {"data": self.data, "withdrawn": self.withdrawn}, outputs))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path)


@pytest.fixture
def config() -> IngestConfig:
    return IngestConfig(
        chip_size=64,
        chip_stride=64,
        min_valid=0.5,
        alphaearth_grid=4,
        min_cell_area=0.5,
        place_cell_deg=0.25,
        split_seed=1,
        val_share=0.1,
        test_share=0.2,
        threads=2,
        chip_extent_m={},
    )
