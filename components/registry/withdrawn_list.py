"""Adding to withdrawn.csv, the list that a commit carries and that ingestion reads."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from components.lineage.withdrawals import COLUMNS, Withdrawal, parse_withdrawn


def add_to_list(path: Path, contents: Iterable[Withdrawal]) -> None:
    """Add rows to a withdrawn.csv where it does not have them; a kill leaves the old file or the new one.

    Raises:
        UnreadableWithdrawals: it holds something else.
    """
    old = path.read_bytes() if path.exists() else b""
    known = {row.md5 for row in parse_withdrawn(old, str(path))}
    fresh = [row for row in contents if row.md5 not in known]
    if not fresh:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not old.strip():
        old = b""
        writer.writerow(COLUMNS)
    elif not old.endswith(b"\n"):
        old += b"\n"
    writer.writerows([getattr(row, column) for column in COLUMNS] for row in fresh)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(old + text.getvalue().encode())
    partial.replace(path)
