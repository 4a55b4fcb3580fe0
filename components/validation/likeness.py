"""Which chips show the same measurement: digests for exact copies, hashes for mirrored, turned and noisier ones."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from components.pictures.hashing import (
    ORIENTATIONS,
    Counts,
    Images,
    Words,
    candidates,
    frequencies,
    hashes,
    orientations,
    signs,
    turned,
)
from components.pictures.near_duplicates import LEAST_GRAIN, grain, picture
from components.pictures.stacks import COLUMNS, stacks
from components.records.schemas import CHIPS
from components.records.tables import read_table

HASHED = pa.schema(
    [
        ("chip_id", pa.string()),
        ("scene_id", pa.string()),
        ("split", pa.string()),
        ("file", pa.string()),
        ("shape", pa.string()),
        ("digest", pa.string()),
        ("words", pa.binary()),
    ]
)
# Two hashes are compared in some nanoseconds: this many take half a minute, and beyond it chips are left out evenly.
MOST_COMPARISONS: Final = 10_000_000_000
_AT_ONCE: Final = 512  # chips in memory as floats
_EVEN: Final = 2.0  # codes; the spread of a chip that shows nothing


def hashed_chips(file: Path) -> pa.Table:
    """Digest and hash of each chip of a file, as HASHED; missing for an even chip, which is like any other even one."""
    names = ["chip_id", "scene_id", "split"]
    table = read_table(file, CHIPS, [*names, *COLUMNS])
    count = table.num_rows
    digests: list[str | None] = [None] * count
    words: list[bytes | None] = [None] * count
    shapes = [""] * count
    for places, codes in stacks(table):
        for start in range(0, len(places), _AT_ONCE):
            part = codes[start : start + _AT_ONCE]
            images = picture(part)
            has_grain = images.std(axis=(1, 2)) >= _EVEN
            packed = hashes(frequencies(images))
            for row, place in enumerate(places[start : start + _AT_ONCE]):
                shapes[place] = "x".join(map(str, images.shape[1:]))
                if has_grain[row]:
                    digests[place] = hashlib.sha256(part[row].tobytes()).hexdigest()[:32]
                    words[place] = packed[row].tobytes()
    more = {"file": [file.name] * count, "shape": shapes, "digest": digests, "words": words}
    columns = [*(table[name] for name in names), *more.values()]
    return pa.table(dict(zip(HASHED.names, columns, strict=True)), schema=HASHED)


def twins(left: pd.DataFrame, right: pd.DataFrame, folder: Path) -> dict[str, str]:
    """Chips of `left` that show what a chip of `right` shows, by id; the first such chip stands for all.

    Args:
        left: rows of HASHED; no chip of theirs is in `right`.
        right: rows of HASHED.
        folder: of the files that both were measured on: candidates are looked at pixel by pixel.
    """
    known = right.dropna(subset=["digest"]).drop_duplicates("digest").set_index("digest")["chip_id"]
    same = left["digest"].map(known).dropna()
    found = dict(zip(left.loc[same.index, "chip_id"], same, strict=True))
    rest = left[~left["chip_id"].isin(found)].dropna(subset=["words"])
    for shape, some in rest.groupby("shape", sort=True):
        others = right[right["shape"] == shape].dropna(subset=["words"])
        if len(others):
            found |= _alike(some, others, folder)
    return found


def comparable(left: pd.DataFrame, count: int) -> pd.DataFrame:
    """The chips of `left` that can be compared with `count` others in bearable time, spread evenly over all of them."""
    step = -(-len(left) * count * ORIENTATIONS // MOST_COMPARISONS)
    return left.iloc[:: max(1, step)]


def _alike(left: pd.DataFrame, right: pd.DataFrame, folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for turn, pairs in enumerate(_pairs(_words(left), _words(right))):
        for start in range(0, len(pairs), _AT_ONCE):
            some = pairs[start : start + _AT_ONCE]
            sides = [side.iloc[some[:, number]] for number, side in enumerate((left, right))]
            images = [_pictures(side, folder) for side in sides]
            shared = grain(turned(images[0], turn), images[1])
            for one, other, correlation in zip(sides[0]["chip_id"], sides[1]["chip_id"], shared, strict=True):
                if correlation >= LEAST_GRAIN:
                    found.setdefault(one, other)
    return found


def _pairs(left: Words, right: Words) -> Iterator[Counts]:
    """Candidates (K, 2), for each orientation of the left side."""
    for query in orientations(signs(left)):
        yield candidates(query, right)[0]


def _words(chips: pd.DataFrame) -> Words:
    return np.frombuffer(b"".join(chips["words"]), np.uint64).reshape(len(chips), -1)


def _pictures(chips: pd.DataFrame, folder: Path) -> Images:
    """Pictures of chips in their order, each read once."""
    by_id: dict[str, Images] = {}
    for file, some in chips.drop_duplicates("chip_id").groupby("file", sort=True):
        table = read_table(folder / str(file), CHIPS, ["chip_id", *COLUMNS])
        table = table.filter(pc.is_in(table["chip_id"], value_set=pa.array(some["chip_id"], pa.string())))
        names = table["chip_id"].to_pylist()
        for places, codes in stacks(table):
            by_id |= zip((names[place] for place in places), picture(codes), strict=True)
    return np.stack([by_id[name] for name in chips["chip_id"]])
