"""How FUSAR-KLIP sees scenes: the mean embedding of some chips of each."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from components.records.schemas import CHIPS
from components.records.tables import read_table

Floats = npt.NDArray[np.float64]
_COLUMNS: Final = ("chip_id", "polarizations", "height", "width", "backscatter")
_DIGITS: Final = 5  # what is beyond depends on threads and libraries


def embed_scenes(klip_folder: Path, files: Mapping[str, Path], chips_per_scene: int) -> dict[str, Floats]:
    """Mean embedding of each scene by id, (E,) float64 in steps of 1e-5.

    Args:
        klip_folder: a FUSAR-KLIP model folder.
        files: scene id to its CHIPS file.
        chips_per_scene: most chips of a scene; a hash of the chip's id picks them.

    Raises:
        BadModelConfig: the folder holds no FUSAR-KLIP that this code can read; BadWeights likewise.
    """
    import torch  # only where something is embedded

    from components.networks.klip import load_klip

    klip, _ = load_klip(klip_folder)
    threads = torch.get_num_threads()
    # One thread adds in one order; several that spin collapse as soon as anything else wants a core.
    torch.set_num_threads(1)
    try:
        return {scene_id: _embed(klip, file, chips_per_scene) for scene_id, file in sorted(files.items())}
    finally:
        torch.set_num_threads(threads)


def _embed(klip: Any, file: Path, most: int) -> Floats:
    import torch

    from components.networks.channels import channels

    rows = read_table(file, CHIPS, _COLUMNS).to_pylist()
    chosen = sorted(rows, key=lambda row: hashlib.sha256(row["chip_id"].encode()).digest())[:most]
    shape = (len(chosen[0]["polarizations"]), chosen[0]["height"], chosen[0]["width"])
    codes = np.stack([np.frombuffer(row["backscatter"], np.uint8).reshape(shape) for row in chosen])
    vectors = klip.embed_images(channels(torch.from_numpy(codes), chosen[0]["polarizations"]))
    return np.asarray(vectors.double().mean(dim=0).numpy().round(_DIGITS))
