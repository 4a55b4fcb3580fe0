"""Whole catalogues of simulated scenes."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from components.contract.progress import progress
from components.simulation.catalogue import SceneSpec, read_catalogue
from components.simulation.conditions import NOMINAL, Conditions
from components.simulation.ground import find_ground
from components.simulation.scene import write_scene

SCENES_PER_PROCESS = 20  # fewer are done sooner than a process starts


def simulate(catalogue: str, seed: int, folder: Path, conditions: Conditions = NOMINAL) -> tuple[str, ...]:
    """Write every scene of a catalogue into a data folder and return the ids; files of other scenes are left alone.

    Args:
        catalogue: a name of catalogues.yaml.
        seed: same seed, same bytes.
        folder: the data folder; items, scenes, land_cover, objects and alphaearth are made in it.
        conditions: calibration and season, if not those of the catalogues.

    Raises:
        UnknownCatalogue: no catalogue has this name.
        UnsuitablePlace: the real ground does not allow a scene's theme.
    """
    specs = read_catalogue(catalogue)
    for spec in specs:
        find_ground(spec)  # a misplaced scene is told before the first one is written
    return tuple(sorted(progress(_written(specs, seed, folder, conditions), "simulate", len(specs))))


def _written(specs: tuple[SceneSpec, ...], seed: int, folder: Path, conditions: Conditions) -> Iterator[str]:
    processes = min(os.cpu_count() or 1, len(specs) // SCENES_PER_PROCESS)
    if processes < 2:
        for spec in specs:
            yield write_scene(spec, seed, folder, conditions)
        return
    # Spawned, not forked: the caller may hold threads of torch or of a server.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for done in as_completed([pool.submit(write_scene, spec, seed, folder, conditions) for spec in specs]):
            yield done.result()
