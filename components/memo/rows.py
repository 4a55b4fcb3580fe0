"""Rows that were measured on files, kept by the files' content: who judges a whole table measures only what is new."""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.memo.files import file_digest
from components.memo.store import Memo, memo_key

# One new file rewrites one shard, and all shards are read: both stay small from ten files to some hundred thousand.
_SHARDS = 64
_OF = "of"  # column that says which file, by name and content, a row was measured on


@dataclass(frozen=True)
class Rows:
    """The rows of all files, in the order of the files.

    Attributes:
        anew: how many of them were measured now.
        known: how many came from the memo.
    """

    table: pa.Table
    anew: int
    known: int


def rows_of(
    files: Sequence[Path], schema: pa.Schema, measure: Callable[[Path], pa.Table], memo: Memo | None, version: str
) -> Rows:
    """What `measure` answers for each file, one after the other.

    Args:
        files: names must differ.
        schema: of each answer.
        measure: depends on the file's name and content alone.
        memo: where rows are kept; None measures all.
        version: digest of everything else that the rows depend on. Rows of files that are gone are forgotten.
    """
    order = {memo_key(file.name, file_digest(file)): place for place, file in enumerate(files)}
    digests = list(order)
    shards: dict[int, list[str]] = {}
    for digest, file in zip(digests, files, strict=True):
        shards.setdefault(_shard(file.name), []).append(digest)
    tables, anew = [schema.append(pa.field(_OF, pa.string())).empty_table()], 0
    for shard, wanted in shards.items():
        key = memo_key("rows", version, str(shard))
        kept = _kept(memo, key, tables[0].schema, set(wanted))
        known = set(kept[_OF].to_pylist())
        fresh = [_labelled(measure(files[order[digest]]), digest, schema) for digest in wanted if digest not in known]
        tables += [kept, *fresh]
        anew += sum(len(table) for table in fresh)
        if memo and fresh:
            memo.put(key, _packed(pa.concat_tables([kept, *fresh])))
    table = pa.concat_tables(tables)
    places = np.array([order[digest] for digest in table[_OF].to_pylist()], dtype=np.int64)
    in_order = table.take(np.argsort(places, kind="stable")).drop_columns([_OF])
    return Rows(in_order, anew, len(in_order) - anew)


def _shard(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % _SHARDS


def _labelled(table: pa.Table, digest: str, schema: pa.Schema) -> pa.Table:
    return table.cast(schema).append_column(pa.field(_OF, pa.string()), pa.array([digest] * len(table), pa.string()))


def _kept(memo: Memo | None, key: str, schema: pa.Schema, wanted: set[str]) -> pa.Table:
    content = memo.get(key) if memo else None
    if content is None:
        return schema.empty_table()
    table = pq.read_table(io.BytesIO(content)).cast(schema)
    return table.filter(pa.array([digest in wanted for digest in table[_OF].to_pylist()], pa.bool_()))


def _packed(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", compression_level=1)
    return sink.getvalue()
