"""From a chip's bytes to what the networks see: backscatter stays uint8 up to this boundary."""
# ruff: noqa: N803 (shape suffixes are capitals)

from collections.abc import Sequence

import numpy as np
import torch

from components.networks.errors import BadChip
from components.records.backscatter import NODATA_CODE, decode_decibels

CHANNELS = 3
# A channel of which nobody knows the polarization stands alone, and takes the place that most products fill first.
CO_POLARIZATIONS = ("VV", "HH", "unknown")
CROSS_POLARIZATIONS = ("VH", "HV")
# Middle and spread of sigma nought over land and sea at C and X band [dB]; one scale for all sensors, so that the
# absolute level stays visible to the network.
CO_CENTRE_DB, CROSS_CENTRE_DB, DIFFERENCE_CENTRE_DB = -12.0, -19.0, 7.0
SPREAD_DB, DIFFERENCE_SPREAD_DB = 8.0, 5.0


def select_planes(codes: torch.Tensor, polarizations: Sequence[str]) -> torch.Tensor:
    """Give the co-polarised and the cross-polarised plane of chips; an absent one is all nodata.

    Args:
        codes: uint8 records.backscatter codes, (..., P, H, W).
        polarizations: P names in the order of the planes, such as ("VV", "VH").

    Returns:
        uint8, (..., 2, H, W); of two co-polarised planes VV is taken.

    Raises:
        BadChip: the planes and names do not match, or no plane is known.
    """
    if codes.dtype != torch.uint8 or codes.ndim < 3 or codes.shape[-3] != len(polarizations):
        raise BadChip(f"{codes.dtype} planes {tuple(codes.shape)} do not match polarizations {tuple(polarizations)}")
    absent = torch.full_like(codes[..., 0, :, :], NODATA_CODE)
    places = plane_places(polarizations)
    return torch.stack([absent if place is None else codes[..., place, :, :] for place in places], dim=-3)


def plane_places(polarizations: Sequence[str]) -> tuple[int | None, int | None]:
    """Where the co- and the cross-polarised plane stand among these; None for one that is absent.

    Raises:
        BadChip: no plane is known.
    """
    co, cross = (
        next((list(polarizations).index(name) for name in names if name in polarizations), None)
        for names in (CO_POLARIZATIONS, CROSS_POLARIZATIONS)
    )
    if co is None and cross is None:
        raise BadChip(f"polarizations {tuple(polarizations)} hold none of VV, HH, VH, HV")
    return co, cross


def normalise(planes_B2HW: torch.Tensor) -> torch.Tensor:
    """Express co- and cross-polarised planes as the three channels: co, cross, co minus cross.

    Args:
        planes_B2HW: uint8 codes from `select_planes`, (..., 2, H, W).

    Returns:
        float32, (..., 3, H, W), centred and scaled decibels, about -3 to +4; nodata is 0, the middle of the scale, and
        the difference is 0 where either plane is nodata.
    """
    index = planes_B2HW.to(torch.int32)
    co = _TABLES[0].to(planes_B2HW.device)[index[..., 0, :, :]]
    cross = _TABLES[1].to(planes_B2HW.device)[index[..., 1, :, :]]
    difference_db = (co - cross) * SPREAD_DB + (CO_CENTRE_DB - CROSS_CENTRE_DB)
    both = (planes_B2HW != NODATA_CODE).all(dim=-3)
    difference = torch.where(both, (difference_db - DIFFERENCE_CENTRE_DB) / DIFFERENCE_SPREAD_DB, 0.0)
    return torch.stack([co, cross, difference], dim=-3)


def channels(codes_BPHW: torch.Tensor, polarizations: Sequence[str]) -> torch.Tensor:
    """Give the networks' input for chips of one sensor mode; see `select_planes` and `normalise`.

    Args:
        codes_BPHW: uint8 codes, (..., P, H, W). An uncalibrated amplitude passes through the same scale.
        polarizations: P names in the order of the planes.

    Returns:
        float32, (..., 3, H, W).
    """
    return normalise(select_planes(codes_BPHW, polarizations))


def _table(centre_db: float) -> torch.Tensor:
    decibels = decode_decibels(np.arange(256, dtype=np.uint8))
    return torch.from_numpy(np.nan_to_num((decibels - np.float32(centre_db)) / np.float32(SPREAD_DB), nan=0.0))


_TABLES = (_table(CO_CENTRE_DB), _table(CROSS_CENTRE_DB))
