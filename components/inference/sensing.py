"""What the bands of a scene are, and of whom: from its STAC item, or from the person who asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from components.inference.errors import UnknownBands
from components.rasters.calibration import Scale


@dataclass(frozen=True)
class Bands:
    """Polarisation of each band, what its samples are, and who made them.

    Attributes:
        dn_offset_db: for digital numbers, one a band [dB]; otherwise empty.
        product: family of the product, `fusar:product`; "" where nobody says it, as for `platform`.
    """

    polarizations: tuple[str, ...]
    scale: Scale
    dn_offset_db: tuple[float, ...] = ()
    product: str = ""
    platform: str = ""


def bands_of(scene: Path, polarizations: str, scale: str) -> Bands:
    """Bands of a scene: what is given first, then what the item at ../items/<scene>.json says.

    Args:
        scene: the GeoTIFF.
        polarizations: "VV,VH", or "" to take the item's.
        scale: linear, decibel or amplitude, or "" to take the item's (dn, too, whose offsets stand there).

    Raises:
        UnknownBands: neither says it, or the scale is none that is known.
    """
    return bands_from(item_properties(scene), scene, polarizations, scale)


def bands_from(properties: Mapping[str, object], scene: Path, polarizations: str = "", scale: str = "") -> Bands:
    """`bands_of` with the properties of an item that is at hand.

    Raises:
        UnknownBands: neither says it, or the scale is none that is known.
    """
    names = polarizations.split(",") if polarizations else properties.get("sar:polarizations")
    known = {name: name for name in get_args(Scale)}.get(scale or str(properties.get("fusar:scale")))
    if not isinstance(names, list) or known is None:
        raise UnknownBands(scene)
    offsets = properties.get("fusar:dn_offset_db") if known == "dn" else []
    if not isinstance(offsets, list) or len(offsets) != (len(names) if known == "dn" else 0):
        raise UnknownBands(scene)
    named = (str(properties.get(name) or "") for name in ("fusar:product", "platform"))
    return Bands(tuple(str(name).strip().upper() for name in names), known, tuple(map(float, offsets)), *named)


def item_properties(scene: Path) -> dict[str, object]:
    """Properties of the item at ../items/<scene>.json; none where there is none."""
    item = scene.parent.parent / "items" / f"{scene.stem}.json"
    try:
        properties = json.loads(item.read_text(encoding="utf-8"))["properties"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(properties) if isinstance(properties, dict) else {}
