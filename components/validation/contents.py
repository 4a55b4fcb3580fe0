"""What the chips of a scene hold, counted by kind; and the objects that are labelled on them, one by one."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.records.backscatter import NODATA_CODE, STEP_DB
from components.records.families import family_of
from components.records.landcover import LAND_COVER, UNKNOWN
from components.records.schemas import CHIPS
from components.records.tables import read_table

# Kinds of classes: the caption's family, the commonest land cover, the categories of objects; and what is known at all.
FAMILY, COVER, OBJECT, KNOWN, SENSOR = "family", "land cover", "object", "known", "sensor"
CONTENTS = pa.schema([("split", pa.string()), ("kind", pa.string()), ("name", pa.string()), ("chips", pa.int64())])
OBJECTS = pa.schema(
    [
        ("object", pa.string()),
        ("scene_id", pa.string()),
        ("category", pa.string()),
        ("length_m", pa.float64()),
        ("area_px", pa.float64()),
        ("outside_px", pa.float64()),
        ("valid_share", pa.float64()),
        ("contrast_db", pa.float64()),
    ]
)
# Kind KNOWN: chips that carry each of these columns, and `all` of them.
CARRIED: Final = ("land_cover", "objects", "alphaearth")
_COUNTED: Final = ("split", "platform", "frequency_band", "quantity", *CARRIED)
_LABELLED: Final = ("chip_id", "scene_id", "height", "width", "quantity", "backscatter", "objects")
_AMPLITUDE: Final = "amplitude"
Codes = npt.NDArray[np.uint8]


def counted_contents(file: Path) -> pa.Table:
    """How many chips of a file of CHIPS are of each class, by split and kind: rows of CONTENTS, sorted."""
    table = read_table(file, CHIPS, list(_COUNTED))
    counts: Counter[tuple[str, str, str]] = Counter()
    sensors = zip(*(table[name].to_pylist() for name in _COUNTED[1:4]), strict=True)
    carried = {name: table[name].is_valid().to_pylist() for name in CARRIED}
    labels = zip(table["split"].to_pylist(), sensors, table["land_cover"], table["objects"].to_pylist(), strict=True)
    for number, (split, sensor, packed, objects) in enumerate(labels):
        counts[split, SENSOR, " ".join(sensor)] += 1
        counts[split, KNOWN, "all"] += 1
        for name in CARRIED:
            counts[split, KNOWN, name] += carried[name][number]
        cover = np.frombuffer(packed.as_buffer(), np.uint8) if packed.is_valid else None
        for kind, name in _classes(cover, objects):
            counts[split, kind, name] += 1
    rows = [dict(zip(CONTENTS.names, (*key, counts[key]), strict=True)) for key in sorted(counts)]
    return pa.Table.from_pylist(rows, CONTENTS)


def _classes(cover: Codes | None, objects: list[dict[str, Any]] | None) -> Iterator[tuple[str, str]]:
    if cover is None and objects is None:
        return
    yield FAMILY, family_of(objects, cover).name
    if cover is not None:
        counts = np.bincount(cover[cover != UNKNOWN], minlength=max(LAND_COVER) + 1)
        if counts.any():
            yield COVER, LAND_COVER[int(counts.argmax())]
    yield from ((OBJECT, name) for name in sorted({thing["category"] for thing in objects or ()}))


def measured_objects(file: Path) -> pa.Table:
    """Each labelled object of a file of CHIPS, as OBJECTS: its box, and what the pixels below it say.

    `object` is the chip's id and the object's number; `contrast_db` is the mean of the first polarisation in the box
    above the chip's median [dB], missing for uncalibrated amplitude and where no pixel is valid.
    """
    rows = [row for row in read_table(file, CHIPS, list(_LABELLED)).to_pylist() if row["objects"]]
    return pa.Table.from_pylist([thing for row in rows for thing in _objects_of(row)], OBJECTS)


def _objects_of(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    height, width = row["height"], row["width"]
    first = np.frombuffer(row["backscatter"], np.uint8).reshape(-1, height, width)[0]
    valid = first[first != NODATA_CODE]
    median = float(np.median(valid)) if valid.size and row["quantity"] != _AMPLITUDE else np.nan
    for number, thing in enumerate(row["objects"]):
        x0, y0, x1, y1 = (float(thing[side]) for side in ("x0", "y0", "x1", "y1"))
        below = first[max(0, int(y0)) : max(0, int(np.ceil(y1))), max(0, int(x0)) : max(0, int(np.ceil(x1)))]
        inside = below[below != NODATA_CODE]
        yield {
            "object": f"{row['chip_id']} {number}",
            "scene_id": row["scene_id"],
            "category": thing["category"],
            "length_m": thing["length_m"],
            "area_px": (x1 - x0) * (y1 - y0) if x1 > x0 and y1 > y0 else 0.0,
            "outside_px": max(0.0, -x0, -y0, x1 - width, y1 - height),
            "valid_share": inside.size / below.size if below.size else 0.0,
            "contrast_db": STEP_DB * (float(inside.mean()) - median) if inside.size else np.nan,
        }
