"""Scenes that may no longer be used, by the content of their backscatter files."""

import csv
import hashlib
import re
from pathlib import Path

from components.ingestion.errors import BrokenWithdrawals

_COLUMNS = ["md5", "scene_id", "reason", "name", "time"]
_MD5 = re.compile(r"[0-9a-f]{32}")


def read_withdrawn(path: Path) -> frozenset[str]:
    """MD5 digests of the withdrawn files.

    Raises:
        BrokenWithdrawals: other columns, or a row without an MD5: whom it withdraws would stay in silently.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames
            rows = list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise BrokenWithdrawals(path, "not CSV in UTF-8") from error
    if columns != _COLUMNS:
        raise BrokenWithdrawals(path, f"columns are {columns}")
    for number, row in enumerate(rows, start=2):
        if not _MD5.fullmatch(row["md5"] or ""):
            raise BrokenWithdrawals(path, f"line {number}: md5 {str(row['md5'])[:40]!r} is not 32 hexadecimal digits")
    return frozenset(row["md5"] for row in rows)


def is_withdrawn(path: Path, withdrawn: frozenset[str]) -> bool:
    """Whether a file's content was withdrawn, under whatever name it comes; a missing file was not."""
    if not withdrawn or not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() in withdrawn
