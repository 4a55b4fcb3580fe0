"""Questions put to the GPT, grouped so that each chip is encoded once."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from components.networks.channels import select_planes
from components.networks.errors import BadChip

CHIPS_AT_ONCE = 64


@dataclass(frozen=True)
class Request:
    """One question about one chip.

    Attributes:
        codes: uint8 records.backscatter codes, (P, H, W).
        polarizations: P names in the order of the planes.
        spacing_m: ground sample distance [m]; None where it is not known.
        question: the words put to the model.
        alphaearth: float32 (G, G, 64), unit length, or None where there is none.
        alphaearth_valid: bool (G, G), or None where every cell is valid.
    """

    codes: npt.NDArray[np.uint8]
    polarizations: tuple[str, ...]
    spacing_m: float | None
    question: str
    alphaearth: npt.NDArray[np.float32] | None
    alphaearth_valid: npt.NDArray[np.bool_] | None

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the chip [pixel].

        Raises:
            BadChip: the codes are no (P, H, W) array.
        """
        if self.codes.ndim != 3:
            raise BadChip(f"codes have shape {self.codes.shape}, not (planes, rows, columns)")
        return self.codes.shape[1], self.codes.shape[2]

    @property
    def planes(self) -> torch.Tensor:
        """The co- and the cross-polarised plane, uint8 (2, H, W)."""
        return select_planes(torch.from_numpy(np.ascontiguousarray(self.codes)), self.polarizations)


def blocks(requests: Sequence[Request]) -> Iterator[list[list[int]]]:
    """Yield the places of requests: blocks of at most 64 chips of one size, in each block a list of places a chip.

    Requests share a chip when codes, polarizations and AlphaEarth are equal.
    """
    sizes: dict[tuple[int, int], dict[str, list[int]]] = {}
    for place, request in enumerate(requests):
        sizes.setdefault(request.size, {}).setdefault(_identity(request), []).append(place)
    for chips in sizes.values():
        places = list(chips.values())
        for first in range(0, len(places), CHIPS_AT_ONCE):
            yield places[first : first + CHIPS_AT_ONCE]


def _identity(request: Request) -> str:
    digest = hashlib.blake2b(repr((request.codes.shape, request.polarizations)).encode(), digest_size=16)
    for array in (request.codes, request.alphaearth, request.alphaearth_valid):
        digest.update(b"absent" if array is None else repr(array.shape).encode() + array.tobytes())
    return digest.hexdigest()
