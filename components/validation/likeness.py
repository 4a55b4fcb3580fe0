"""What chips are known by: digests for exact copies, hashes for mirrored, turned and noisier ones."""

import hashlib
from pathlib import Path
from typing import Final

import pyarrow as pa

from components.pictures.hashing import frequencies, hashes
from components.pictures.near_duplicates import picture
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
