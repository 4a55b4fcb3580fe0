"""Entries of DVC's run-cache that a kill or a full disk left half written: they hide the whole ones beside them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

RUNS_FOLDER: Final = "runs"
# Writing an entry takes milliseconds; what is as old as this, nobody writes any more.
_WRITTEN_SECONDS: Final = 10.0


def drop_half_entries(folder: Path) -> None:
    """Remove half written entries from the cache and the remotes of a checkout, as far as they are folders.

    DVC writes `<entry>/.<random>.tmp`, takes the newest file of an entry for its content, and carries the unfinished
    one to every other machine: the stage would run again although its result is there.
    """
    for store in _stores(folder):
        for partial in _older(store, list((store / RUNS_FOLDER).glob("??/*/.*.tmp")), _WRITTEN_SECONDS):
            partial.unlink(missing_ok=True)


def _older(store: Path, files: list[Path], seconds: float) -> Iterator[Path]:
    """Those of some files that nobody has written for so long [s], by the clock of the disk that they lie on."""
    if not files:
        return
    # Not by this machine's clock: ahead of the others', it would take away what another machine is writing.
    with tempfile.NamedTemporaryFile(dir=store) as probe:
        now = Path(probe.name).stat().st_mtime
    for file in files:
        try:
            age = now - file.stat().st_mtime
        except FileNotFoundError:  # renamed meanwhile: it was being written
            continue
        if age > seconds:
            yield file


def _stores(folder: Path) -> Iterator[Path]:
    from dvc.config import Config

    config = Config(str(folder / ".dvc"), validate=False)
    yield Path(config.get("cache", {}).get("dir") or folder / ".dvc" / "cache")
    for remote in config.get("remote", {}).values():
        if "://" not in str(remote["url"]):
            yield Path(remote["url"])
