"""Generated scenes: real STAC items, a few bytes for pixels. Nothing of them was acquired, and their items say so."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import shapely
import yaml

FIRST = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
_SENSORS = (("sentinel-1a", "C", ["VV", "VH"]), ("umbra-05", "X", ["VV"]), ("gaofen-3", "C", ["HH", "HV"]))


def scene_id(number: int) -> str:
    """The id of a scene."""
    return f"simulated-{number:06d}"


def item(number: int) -> dict[str, Any]:
    """The STAC item of a scene: one an hour, on a grid of half degrees that goes around the globe."""
    platform, band, polarizations = _SENSORS[number % len(_SENSORS)]
    west, south = number % 720 / 2 - 180, number // 720 % 300 / 2 - 75
    ring = [[west + 0.1, south], [west + 0.4, south + 0.1], [west + 0.3, south + 0.4], [west, south + 0.3]]
    footprint = shapely.geometry.Polygon(ring)
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/sar/v1.0.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
        ],
        "id": scene_id(number),
        "geometry": shapely.geometry.mapping(footprint),
        "bbox": list(footprint.bounds),
        "properties": {
            "datetime": (FIRST + dt.timedelta(hours=number)).isoformat().replace("+00:00", "Z"),
            "platform": platform,
            "gsd": 10.0,
            "sar:instrument_mode": "IW",
            "sar:frequency_band": band,
            "sar:polarizations": polarizations,
            "sar:product_type": "RTC",
            "view:incidence_angle": 30 + number % 15,
            "fusar:quantity": "gamma0",
            "fusar:scale": "decibel",
            "fusar:product": "generated",
            "fusar:simulated": True,
        },
        "links": [],
        "assets": {
            "backscatter": {
                "href": f"../scenes/{scene_id(number)}.tif",
                "type": "image/tiff; application=geotiff",
                "roles": ["data"],
                "raster:bands": [{"data_type": "float32", "unit": "dB"} for _ in polarizations],
            }
        },
    }


def write_scene(data: Path, number: int) -> None:
    """Write the item of a scene, and a few bytes in place of its pixels."""
    for path, text in (
        (data / f"items/{scene_id(number)}.json", json.dumps(item(number), indent=1)),
        (data / f"scenes/{scene_id(number)}.tif", f"pixels of {number}"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def pin(root: Path, paths: Iterable[Path]) -> None:
    """Write data.dvc and its manifest into DVC's cache as `dvc add data` would, but keep no copy of the files."""
    rows = [
        {
            "md5": hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(),
            "relpath": path.relative_to(root / "data").as_posix(),
        }
        for path in sorted(paths)
    ]
    manifest = json.dumps(rows, sort_keys=True).encode()
    md5 = hashlib.md5(manifest, usedforsecurity=False).hexdigest() + ".dir"
    kept = root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(manifest)
    out = {"md5": md5, "nfiles": len(rows), "hash": "md5", "path": "data"}
    (root / "data.dvc").write_text(yaml.safe_dump({"outs": [out]}), encoding="utf-8")
