"""One simulated scene, from its line in a catalogue to its files."""

import hashlib
from pathlib import Path

import numpy as np

from components.simulation.alphaearth import BANDS, FIRST_YEAR, NODATA, draw_alphaearth
from components.simulation.backscatter import draw_backscatter, draw_look
from components.simulation.catalogue import SceneSpec
from components.simulation.conditions import NOMINAL, Conditions
from components.simulation.covers import draw_covers
from components.simulation.files import objects_geojson, write_json, write_raster
from components.simulation.grid import alphaearth_grid, scene_grid
from components.simulation.ground import find_ground
from components.simulation.items import draw_acquisition, scene_item
from components.simulation.placement import draw_targets
from components.simulation.sensors import sensor


def write_scene(spec: SceneSpec, seed: int, folder: Path, conditions: Conditions = NOMINAL) -> str:
    """Simulate one scene and write its files under `folder`; returns its id.

    The same spec, seed and conditions give the same bytes, whatever else the catalogue holds. The item comes last, so
    that a scene that was cut off has none.

    Raises:
        UnsuitablePlace: the real ground does not allow the scene's theme.
        MissingLandCoverMap: the land-cover map is not installed.
    """
    cover_rng, target_rng, look_rng, image_rng, embedding_rng = scene_generators(spec.scene_id, seed)
    instrument = sensor(spec.sensor)
    ground = find_ground(spec)
    grid = scene_grid(ground.longitude, ground.latitude, instrument.spacing_m, spec.size_px)
    look = draw_look(look_rng, instrument)
    taken = draw_acquisition(look_rng, look, ground.longitude)
    covers = draw_covers(cover_rng, spec.theme, ground, (spec.size_px, spec.size_px), instrument.block_px)
    targets = draw_targets(target_rng, covers, instrument, look.facing)
    image = draw_backscatter(image_rng, covers, targets, instrument, look, conditions)
    tile = alphaearth_grid(grid)
    has_year = taken.time.year >= FIRST_YEAR
    embeddings = draw_alphaearth(embedding_rng, covers.labels, grid, tile) if has_year else None
    name = spec.scene_id
    write_raster(folder / "scenes" / f"{name}.tif", image, grid, None, instrument.polarizations)
    write_raster(folder / "land_cover" / f"{name}.tif", covers.labels[None], grid, 0, ("land_cover",))
    write_json(folder / "objects" / f"{name}.geojson", objects_geojson(targets, grid))
    if embeddings is not None:
        names = [f"A{band:02d}" for band in range(BANDS)]
        write_raster(folder / "alphaearth" / f"{name}.tif", embeddings, tile, NODATA, names)
    item = scene_item(spec, instrument, grid, taken, embeddings is not None)
    write_json(folder / "items" / f"{name}.json", item)
    return name


def scene_generators(scene_id: str, seed: int) -> list[np.random.Generator]:
    """Five independent sources of randomness that depend on the scene's id and the seed alone."""
    digest = int.from_bytes(hashlib.sha256(scene_id.encode()).digest()[:8], "big")
    return [np.random.default_rng(child) for child in np.random.SeedSequence([seed, digest]).spawn(5)]
