"""Chips that show what a chip of another split shows. Whom the memo knows to be compared is not compared again: what a
new scene costs is its own chips against all others, and not all against all.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from cachetools import LRUCache

from components.memo.store import Memo
from components.pictures.hashing import ORIENTATIONS, Counts, Images, Words, candidates, orientations, signs, turned
from components.pictures.near_duplicates import LEAST_GRAIN, grain, picture
from components.pictures.stacks import COLUMNS, stacks
from components.records.schemas import CHIPS
from components.records.tables import read_table

# Two hashes are compared in some nanoseconds: this many take half a minute, and beyond it chips are left out evenly.
MOST_COMPARISONS: Final = 10_000_000_000
_AT_ONCE: Final = 512  # pairs in memory as floats
_PICTURE_BYTES: Final = 128_000_000  # of small pictures at hand: a chip is a candidate of many others

_Pairs = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Compared:
    """Digests of chips: each left one was compared with each right one, and these pairs show the same."""

    left: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()
    pairs: _Pairs = frozenset()


def comparable(left: pd.DataFrame, count: int) -> pd.DataFrame:
    """The chips of `left` that can be compared with `count` others in bearable time, spread evenly over all of them."""
    step = -(-len(left) * count * ORIENTATIONS // MOST_COMPARISONS)
    return left.iloc[:: max(1, step)]


def twins(left: pd.DataFrame, right: pd.DataFrame, folder: Path, memo: Memo | None, key: str) -> dict[str, str]:
    """Chips of `left` that show what a chip of `right` shows, by id; the first such chip stands for all.

    Args:
        left: rows of HASHED; no chip of theirs is in `right`.
        right: rows of HASHED.
        folder: of the files that both were measured on: candidates are looked at pixel by pixel.
        memo: where it is kept who was compared; None compares all.
        key: of the entry in the memo, from all that an answer depends on besides the chips.
    """
    left, right = (side.dropna(subset=["digest"]) for side in (left, right))
    first = right.drop_duplicates("digest").reset_index(drop=True)
    names = dict(zip(first["digest"], first["chip_id"], strict=True))
    rest = left[~left["digest"].isin(names)].drop_duplicates("digest")
    pairs = _compared(rest, first, folder, memo, key)
    order = {digest: place for place, digest in enumerate(first["digest"])}
    shown = {digest: digest for digest in names}
    for one, other in sorted(pairs, key=lambda pair: order[pair[1]]):
        shown.setdefault(one, other)
    found = left[left["digest"].isin(shown)]
    return {chip: names[shown[digest]] for chip, digest in zip(found["chip_id"], found["digest"], strict=True)}


def _compared(left: pd.DataFrame, right: pd.DataFrame, folder: Path, memo: Memo | None, key: str) -> _Pairs:
    """Pairs of digests that show the same, of chips that differ in their digests."""
    before = _kept(memo, key)
    now = (frozenset(left["digest"]), frozenset(right["digest"]))
    pictures = _Pictures(folder)
    is_known = left["digest"].isin(before.left)
    new_right = right[~right["digest"].isin(before.right)]
    pairs = {pair for pair in before.pairs if pair[0] in now[0] and pair[1] in now[1]}
    pairs.update(_alike(left[~is_known], right, pictures), _alike(left[is_known], new_right, pictures))
    after = Compared(*now, frozenset(pairs))
    if memo and after != before:
        memo.put(key, json.dumps([sorted(after.left), sorted(after.right), sorted(after.pairs)]).encode())
    return after.pairs


def _kept(memo: Memo | None, key: str) -> Compared:
    content = memo.get(key) if memo else None
    if content is None:
        return Compared()
    left, right, pairs = json.loads(content)
    return Compared(frozenset(left), frozenset(right), frozenset((one, other) for one, other in pairs))


def _alike(left: pd.DataFrame, right: pd.DataFrame, pictures: "_Pictures") -> Iterator[tuple[str, str]]:
    """Pairs of digests whose grain is the same, in any orientation of the left side."""
    for shape, some in left.groupby("shape", sort=True):
        others = right[right["shape"] == shape]
        if others.empty:
            continue
        for turn, near in enumerate(_candidates(_words(some), _words(others))):
            for start in range(0, len(near), _AT_ONCE):
                pairs = near[start : start + _AT_ONCE]
                sides = (some.iloc[pairs[:, 0]], others.iloc[pairs[:, 1]])
                images = [pictures.of(side) for side in sides]
                is_same = grain(turned(images[0], turn), images[1]) >= LEAST_GRAIN
                yield from zip(*(side.loc[is_same, "digest"] for side in sides), strict=True)


def _candidates(left: Words, right: Words) -> Iterator[Counts]:
    """Pairs of places (K, 2) whose hashes are near, for each orientation of the left side."""
    for query in orientations(signs(left)):
        yield candidates(query, right)[0]


def _words(chips: pd.DataFrame) -> Words:
    return np.frombuffer(b"".join(chips["words"]), np.uint64).reshape(len(chips), -1)


class _Pictures:
    """Small pictures of chips, the newest of them at hand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: LRUCache[str, Images] = LRUCache(_PICTURE_BYTES, getsizeof=lambda image: image.nbytes)

    def of(self, chips: pd.DataFrame) -> Images:
        """(N, h, w) pictures in the order of rows of HASHED, of one shape."""
        missing = chips[[digest not in self._known for digest in chips["digest"]]].drop_duplicates("digest")
        for file, some in missing.groupby("file", sort=True):
            self._read(self._folder / str(file), dict(zip(some["chip_id"], some["digest"], strict=True)))
        return np.stack([self._known[digest] for digest in chips["digest"]])

    def _read(self, file: Path, wanted: dict[str, str]) -> None:
        table = read_table(file, CHIPS, ["chip_id", *COLUMNS])
        table = table.filter(pc.is_in(table["chip_id"], value_set=pa.array(wanted, pa.string())))
        names = table["chip_id"].to_pylist()
        for places, codes in stacks(table):
            self._known.update(zip((wanted[names[place]] for place in places), picture(codes), strict=True))
