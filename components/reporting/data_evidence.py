"""What the page about the data rests on: chips as ingestion cuts them, verdicts on them, and what the items say."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from components.records.schemas import CHIPS, SET_ASIDE, VERDICTS
from components.records.tables import read_table

NOT_STATED: Final = "not stated"
_MOST_ITEM_BYTES: Final = 1_000_000
_LONGEST: Final = 300  # characters of a licence or a name that a page shows
_FACTS: Final = (
    *("platform", "frequency_band", "quantity", "place_id", "split", "simulated", "polarizations", "datetime"),
    "footprint",
)
_HALF_TURN: Final = 180.0


@dataclass(frozen=True)
class CutScene:
    """One scene that gave chips.

    Attributes:
        sensor: platform and band.
        bounds: west, south, east, north [degree], east above 180 across the antimeridian; None without georeferencing.
        file: its chips.
    """

    scene_id: str
    sensor: str
    quantity: str
    place_id: str
    split: str
    simulated: bool
    polarizations: tuple[str, ...]
    acquired: datetime | None
    chips: int
    bounds: tuple[float, float, float, float] | None
    file: Path


@dataclass(frozen=True, order=True)
class Terms:
    """On what terms scenes may be used: licence and origin as their items say, and product family or asset."""

    licence: str
    attribution: str
    product: str


@dataclass(frozen=True)
class DataEvidence:
    """Scenes cut and set aside, what was found about them, and how many scenes go by which terms."""

    scenes: Sequence[CutScene]
    set_aside: pa.Table
    verdicts: pa.Table
    terms: Mapping[Terms, int]


def read_data_evidence(ingest: Path, check: Path, items: Path) -> DataEvidence:
    """Read what the stages ingest and check_chips wrote, and the items.

    Args:
        ingest: folder with `chips/` and `set_aside.parquet`.
        check: folder with `verdicts.parquet`.
        items: folder of STAC items.

    Raises:
        FusarError: a table is missing or of another schema.
    """
    scenes = [scene for file in sorted((ingest / "chips").glob("*.parquet")) for scene in _scenes(file)]
    return DataEvidence(
        scenes=scenes,
        set_aside=read_table(ingest / "set_aside.parquet", SET_ASIDE),
        verdicts=read_table(check / "verdicts.parquet", VERDICTS),
        terms=Counter(terms for scene in scenes for terms in _terms(items / f"{scene.scene_id}.json")),
    )


def _scenes(file: Path) -> list[CutScene]:
    table = read_table(file, CHIPS, ["scene_id", *_FACTS])
    names = pc.unique(table["scene_id"]).to_pylist()
    return [_scene(table.filter(pc.equal(table["scene_id"], name)), file) for name in names]


def _scene(chips: pa.Table, file: Path) -> CutScene:
    first = chips.slice(0, 1).to_pylist()[0]
    return CutScene(
        scene_id=first["scene_id"],
        sensor=" ".join(dict.fromkeys((first["platform"], first["frequency_band"]))),  # both may be "unknown"
        quantity=first["quantity"],
        place_id=first["place_id"],
        split=first["split"],
        simulated=first["simulated"],
        polarizations=tuple(first["polarizations"]),
        acquired=first["datetime"],
        chips=chips.num_rows,
        bounds=_bounds(chips["footprint"].drop_null().to_pylist()),
        file=file,
    )


def _bounds(footprints: Sequence[bytes]) -> tuple[float, float, float, float] | None:
    found = shapely.bounds(shapely.from_wkb(list(footprints), on_invalid="ignore"))
    found = found[np.isfinite(found).all(axis=1)] if len(found) else found
    if not len(found):
        return None
    # Chips on both sides of the antimeridian: those in the west go on beyond 180.
    if found[:, 2].max() - found[:, 0].min() > _HALF_TURN:
        found[found[:, 0] < 0, 0::2] += 2 * _HALF_TURN
    (west, south), (east, north) = found[:, :2].min(axis=0), found[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)


def _terms(item: Path) -> Iterator[Terms]:
    """Of a scene, and of its assets that come under terms of their own, named after the asset.

    An item that ingestion could read is small and JSON; what it does not say is not stated.
    """
    if item.stat().st_size > _MOST_ITEM_BYTES:
        yield Terms(NOT_STATED, NOT_STATED, NOT_STATED)
        return
    content = json.loads(item.read_bytes())
    properties = content["properties"]
    product = _text(properties.get("fusar:product"))
    yield Terms(_licence(properties, content.get("links")), _attribution(properties), product)
    for name, asset in sorted(content.get("assets", {}).items()):
        if asset.get("license"):
            yield Terms(_licence(asset, None), _attribution(asset), _text(name))


def _licence(properties: Mapping[str, Any], links: Any) -> str:
    """STAC's `license`, with the address of its text where the item links to one."""
    named = _text(properties.get("license"))
    address = next((link.get("href") for link in _entries(links) if link.get("rel") == "license"), None)
    return f"{named} ({_text(address)})" if address else named


def _attribution(properties: Mapping[str, Any]) -> str:
    """What the item asks to be said, or who provides it."""
    for name in ("attribution", "sci:citation"):
        if properties.get(name):
            return _text(properties[name])
    names = [_text(provider.get("name")) for provider in _entries(properties.get("providers"))]
    return ", ".join(names) or NOT_STATED


def _entries(value: Any) -> list[dict[str, Any]]:
    """The objects of a list in JSON; none where it is something else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return str(value)[:_LONGEST] if value else NOT_STATED
