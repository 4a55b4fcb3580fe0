"""One corpus in every contestant's format: generated speckle with a caption a chip (nothing of it was acquired)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from components.records.backscatter import encode_decibels
from components.records.schemas import CHIPS
from components.records.tables import table_stream

SIDE, PLANES, LOOKS = 256, 2, 4
CHIPS_OF_A_SCENE = 250
_POOL = 128  # distinct chips; each is moved by a shift of its own
_SEED = 20261127
_SHARD_BYTES = 64_000_000


@dataclass(frozen=True)
class Chip:
    """One sample.

    Attributes:
        chip_id: sorts in the order of its number.
        codes: (2, 256, 256) uint8.
        caption: eight clauses.
    """

    chip_id: str
    codes: npt.NDArray[np.uint8]
    caption: str


def chips(count: int) -> Iterator[Chip]:
    """The first `count` chips, the same in every run."""
    random = np.random.default_rng(_SEED)
    speckle = random.gamma(LOOKS, 1 / LOOKS, (_POOL, PLANES, SIDE, SIDE)).astype(np.float32)
    level_db = np.array([-12.0, -19.0], np.float32)[:, None, None]
    pool = encode_decibels(10 * np.log10(speckle) + level_db)
    caption = " ".join(f"lead in words say value number {n} $" for n in range(8))
    for number in range(count):
        shift = tuple(random.integers(SIDE, size=2))
        yield Chip(f"{number:07d}", np.roll(pool[number % _POOL], shift, (1, 2)), f"{number} {caption}")


def write_all(folder: Path, count: int) -> None:
    """Write the corpus once for each contestant, each in a folder of its own."""
    for write in (write_parquet, write_png, write_webdataset, write_litdata):
        write(folder, count)


def write_parquet(folder: Path, count: int) -> None:
    """As ingestion writes chips: a file a scene, zstd-1; captions in a table of their own."""
    names, captions = [], []
    made = chips(count)
    for first in range(0, count, CHIPS_OF_A_SCENE):
        with table_stream(CHIPS, folder / f"parquet/chips/{first:07d}.parquet") as write:
            for _, chip in zip(range(CHIPS_OF_A_SCENE), made, strict=False):
                write(pa.Table.from_pylist([_row(chip)], schema=CHIPS))
                names.append(chip.chip_id)
                captions.append(chip.caption)
    pq.write_table(pa.table({"chip_id": names, "caption": captions}), folder / "parquet/captions.parquet")


def write_png(folder: Path, count: int) -> None:
    """A file of two channels a chip, and one of its caption."""
    (folder / "png").mkdir()
    for chip in chips(count):
        Image.fromarray(np.moveaxis(chip.codes, 0, -1), "LA").save(folder / f"png/{chip.chip_id}.png")
        (folder / f"png/{chip.chip_id}.txt").write_text(chip.caption)


def write_webdataset(folder: Path, count: int) -> None:
    """Shards of .npy and .txt."""
    import webdataset

    (folder / "webdataset").mkdir()
    with webdataset.ShardWriter(str(folder / "webdataset/%05d.tar"), maxsize=_SHARD_BYTES, verbose=0) as shards:
        for chip in chips(count):
            shards.write({"__key__": chip.chip_id, "npy": chip.codes, "txt": chip.caption})


def write_litdata(folder: Path, count: int) -> None:
    """Chunks by its own `optimize`, uncompressed."""
    import litdata

    litdata.optimize(
        partial(_litdata_sample, {chip.chip_id: chip for chip in chips(count)}),
        [f"{number:07d}" for number in range(count)],
        str(folder / "litdata"),
        chunk_bytes=_SHARD_BYTES,
        num_workers=1,
        verbose=False,
    )


def _litdata_sample(made: dict[str, Chip], chip_id: str) -> dict[str, Any]:
    chip = made[chip_id]
    return {"chip_id": chip.chip_id, "codes": chip.codes, "caption": chip.caption}


def _row(chip: Chip) -> dict[str, Any]:
    known: dict[str, Any] = {field.name: _NOTHING.get(field.type, []) for field in CHIPS if not field.nullable}
    size = {"height": SIDE, "width": SIDE, "affine": [1.0, 0, 0, 0, -1.0, 0], "polarizations": ["VV", "VH"]}
    return {**known, **size, "chip_id": chip.chip_id, "scene_id": "generated", "backscatter": chip.codes.tobytes()}


_NOTHING = {
    pa.string(): "generated",
    pa.binary(): b"",
    pa.bool_(): True,
    pa.int32(): 0,
    pa.float32(): 0.0,
    pa.float64(): 0.0,
    pa.timestamp("us", tz="UTC"): 0,
}
