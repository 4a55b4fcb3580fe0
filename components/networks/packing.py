"""Chips of a training set as one tensor of bytes: read once, then every batch is an index."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from components.networks.channels import select_planes
from components.networks.errors import MixedChipSizes


def pack_planes(chips: Sequence[Mapping[str, Any]]) -> torch.Tensor:
    """Co- and cross-polarised backscatter codes of chips, uint8 (N, 2, H, W); an absent plane is nodata.

    Args:
        chips: N rows of records.schemas.CHIPS: chip_id, height, width, polarizations and backscatter are read.

    Raises:
        MixedChipSizes: chips of several sizes.
        BadChip: a chip holds no polarization that is known.
    """
    sizes = [(chip["height"], chip["width"]) for chip in chips]
    packed = torch.zeros((len(chips), 2, *(sizes[0] if sizes else (0, 0))), dtype=torch.uint8)
    for index, (chip, size) in enumerate(zip(chips, sizes, strict=True)):
        if size != sizes[0]:
            raise MixedChipSizes(chip["chip_id"], size, sizes[0])
        codes = np.frombuffer(chip["backscatter"], dtype=np.uint8).reshape(-1, *size)
        packed[index] = select_planes(torch.from_numpy(codes.copy()), chip["polarizations"])
    return packed
