"""The scenes that are cut: speckle of known level, in the layouts that products have."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

BLOCK = 512
CRS, NORTH_UP = "EPSG:32631", Affine(10, 0, 500000, 0, -10, 4800000)
_LEVEL = 4467.0  # as digital number: -10 dB with the offset -83
OFFSET_DB = -83.0


@dataclass(frozen=True)
class Layout:
    """How a scene is stored.

    Attributes:
        dtype: uint16 digital numbers, or float32 linear power.
        profile: settings of the GeoTIFF.
    """

    name: str
    dtype: str
    profile: dict[str, Any]


_TILED: dict[str, Any] = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
LAYOUTS = (
    Layout("deflate", "uint16", {**_TILED, "compress": "deflate"}),
    Layout("zstd", "uint16", {**_TILED, "compress": "zstd"}),
    Layout("strips", "uint16", {}),
    Layout("float32", "float32", {**_TILED, "compress": "deflate"}),
)


def raw_bytes(layout: Layout, side: int) -> int:
    """Size of the decoded samples of a scene of two polarisations."""
    return 2 * side * side * np.dtype(layout.dtype).itemsize


def write_scene(folder: Path, layout: Layout, side: int) -> Path:
    """Write a scene of side x side pixels with its item below a data folder; returns the item."""
    for name in ("items", "scenes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(20261127)
    path = folder / "scenes" / f"{layout.name}.tif"
    profile = {"driver": "GTiff", "count": 2, "height": side, "width": side, "dtype": layout.dtype, **layout.profile}
    with rasterio.open(path, "w", crs=CRS, transform=NORTH_UP, BIGTIFF="IF_SAFER", **profile) as sink:
        for row in range(0, side, BLOCK):
            height = min(BLOCK, side - row)
            # Multilook speckle (4.4 looks) of unit mean.
            power = random.gamma(4.4, 1 / 4.4, (2, height, side)).astype(np.float32)
            numbers = np.clip(np.rint(_LEVEL * np.sqrt(power)), 1, 65534).astype(np.uint16)
            sink.write(0.1 * power if layout.dtype == "float32" else numbers, window=Window(0, row, side, height))
    item = folder / "items" / f"{layout.name}.json"
    item.write_text(json.dumps(_item(layout)), encoding="utf-8")
    return item


def _item(layout: Layout) -> dict[str, Any]:
    scale: dict[str, Any] = {"fusar:scale": "linear"}
    if layout.dtype == "uint16":
        scale = {"fusar:scale": "dn", "fusar:dn_offset_db": [OFFSET_DB, OFFSET_DB]}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": layout.name,
        "geometry": None,
        "properties": {
            "datetime": "2021-07-21T08:40:10Z",
            "platform": "generated",
            "sar:polarizations": ["VV", "VH"],
            "fusar:quantity": "sigma0",
            "fusar:simulated": True,
            **scale,
        },
        "links": [],
        "assets": {"backscatter": {"href": f"../scenes/{layout.name}.tif"}},
    }
