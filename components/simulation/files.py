"""Writing a scene's files: the same arrays give the same bytes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS

from components.simulation.grid import Grid
from components.simulation.targets import Target


def write_raster(path: Path, bands: npt.NDArray[Any], grid: Grid, nodata: float | None, names: Sequence[str]) -> None:
    """Write an uncompressed GeoTIFF, (bands, H, W), each band described by its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    profile = {
        "driver": "GTiff",
        "count": bands.shape[0],
        "height": grid.height,
        "width": grid.width,
        "dtype": bands.dtype.name,
        "crs": CRS.from_epsg(grid.epsg),
        "transform": grid.affine,
        "nodata": nodata,
        "interleave": "band",
    }
    with rasterio.open(partial, "w", **profile) as sink:
        sink.write(bands)
        sink.descriptions = tuple(names)
    partial.replace(path)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON with sorted keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(path)


def objects_geojson(targets: Sequence[Target], grid: Grid) -> dict[str, Any]:
    """Objects as oriented polygons in longitude and latitude [degree, 1e-8], with their size in metres."""
    spacing_m = grid.affine.a
    features = []
    for target in targets:
        corners = target.corners()
        lon, lat = grid.lonlat(corners[:, 0], corners[:, 1])
        ring = [[round(float(x), 8), round(float(y), 8)] for x, y in zip(lon, lat, strict=True)]
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
                "properties": {
                    "category": target.category,
                    "length_m": round(float(target.length_px * spacing_m), 2),
                    "width_m": round(float(target.width_px * spacing_m), 2),
                    "simulated": True,
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def footprint(grid: Grid) -> tuple[dict[str, Any], list[float]]:
    """GeoJSON polygon of a grid's four corners and its bounding box [degree]."""
    cols = np.array([0, 0, grid.width, grid.width], dtype=np.float64)
    rows = np.array([0, grid.height, grid.height, 0], dtype=np.float64)
    lon, lat = (np.round(values, 8) for values in grid.lonlat(cols, rows))
    ring = [[float(x), float(y)] for x, y in zip(lon, lat, strict=True)]
    box = [float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}, box
