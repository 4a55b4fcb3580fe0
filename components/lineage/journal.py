"""What happened, in order: numbered objects beside the DVC remote, each made once and holding the hash of the last.

MLflow's tags and aliases have neither history nor compare-and-set; what has to be decided once is decided here.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import fsspec

from components.lineage.errors import BrokenJournal, NumberTaken
from components.revisions import objects
from components.revisions.home import Home

DVC_FOLDER: Final = ".dvc"
NOTHING: Final = "0" * 64  # the hash "before" the first entry
NUMBER, PREVIOUS = "number", "previous_sha256"
_ENTRY: Final = re.compile(r"[1-9][0-9]*\.json")


def journal_url(root: Path) -> str:
    """Where the journals of the repository at `root` lie: its default DVC remote, which all its machines share."""
    from dvc.config import Config

    if (root / DVC_FOLDER).is_dir():
        config = Config(str(root / DVC_FOLDER), validate=False)
        name = config.get("core", {}).get("remote")
        url = config.get("remote", {}).get(name, {}).get("url") if name else None
        if url is not None:
            return str(url)
    return str(Home(root).remote)


@dataclass(frozen=True)
class Line:
    """An entry as it was written.

    Attributes:
        number: 1 for the first.
        content: all of its keys, `number` and `previous_sha256` included.
        sha256: of its bytes; the next entry holds it.
        path: of its object.
    """

    number: int
    content: Mapping[str, Any]
    sha256: str
    path: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with one object of a journal.

    Attributes:
        kind: edited, removed, inserted; or unproven: whole, but what it rests on elsewhere says otherwise.
        path: of the object.
        sentence: what is wrong, in words, without the path.
    """

    kind: Literal["edited", "removed", "inserted", "unproven"]
    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"


class Journal:
    """One folder of numbered entries."""

    def __init__(self, url: str, folder: str) -> None:
        """Take the folder or fsspec url (s3://bucket/prefix) of all journals, and this one's place in it."""
        self._files, root = fsspec.core.url_to_fs(url)
        self._folder = f"{root.rstrip('/')}/{folder}"

    def lines(self) -> tuple[Line, ...]:
        """All entries, the oldest first, with the chain of hashes checked.

        Raises:
            BrokenJournal: an entry is unreadable, is missing, or is not the one that its successor was written after.
        """
        lines: list[Line] = []
        for number, path in enumerate(self._paths(), start=1):
            line = self._read(path)
            if line.number != number:
                raise BrokenJournal(path, f"is entry {line.number}, not {number}")
            if line.content.get(PREVIOUS) != (lines[-1].sha256 if lines else NOTHING):
                before = lines[-1].path if lines else self._path(0)
                raise BrokenJournal(before, f"was changed after entry {number} was written")
            lines.append(line)
        return tuple(lines)

    def faults(self) -> tuple[Fault, ...]:
        """Every object that was edited, removed or put there by somebody else, where `lines` stops at the first.

        The newest entry has no successor that vouches for it: whether it is still the one that was written has to be
        asked elsewhere.
        """
        found = [
            Fault("inserted", f"{self._folder}/{name}", "is no entry of this journal: somebody put it there")
            for name in self._names()
            if not _ENTRY.fullmatch(name)
        ]
        before: Line | None = None
        number = 0
        for path in self._paths():
            number, last = int(path.rsplit("/", 1)[-1].removesuffix(".json")), number
            if number != last + 1:
                gap = f"entry {last + 1}" if number == last + 2 else f"entries {last + 1} to {number - 1}"
                found.append(Fault("removed", self._path(last + 1), f"{gap} before {number}.json: removed"))
            try:
                line = self._read(path)
            except BrokenJournal as error:
                found.append(Fault("edited", path, error.problem))
                before = None
                continue
            found += _against(line, number, before, is_next=number == last + 1)
            before = line
        return tuple(found)

    def append(self, expected: tuple[Line, ...], content: Mapping[str, Any]) -> Line:
        """Write the entry after `expected`, the entries that the writer has seen: who creates it has won.

        Raises:
            NumberTaken: the entry exists already.
        """
        number, previous = len(expected) + 1, expected[-1].sha256 if expected else NOTHING
        whole = {**content, NUMBER: number, PREVIOUS: previous}
        data = (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode()
        path = self._path(number)
        try:
            objects.create(self._files, path, data)
        except FileExistsError as error:
            raise NumberTaken(path) from error
        return Line(number, whole, hashlib.sha256(data).hexdigest(), path)

    def _read(self, path: str) -> Line:
        data = self._files.cat_file(path)
        try:
            content = json.loads(data)
            number = int(content[NUMBER])
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenJournal(path, f"is no entry of a journal ({type(error).__name__})") from error
        return Line(number, content, hashlib.sha256(data).hexdigest(), path)

    def _paths(self) -> list[str]:
        numbers = sorted(int(name.removesuffix(".json")) for name in self._names() if _ENTRY.fullmatch(name))
        return [self._path(number) for number in numbers]

    def _names(self) -> list[str]:
        """Names of the objects; what a kill left of a file that was being written is none."""
        self._files.invalidate_cache(self._folder)
        if not self._files.exists(self._folder):
            return []
        names = (str(path).rsplit("/", 1)[-1] for path in self._files.ls(self._folder, detail=False))
        return sorted(name for name in names if name and not name.startswith("."))

    def _path(self, number: int) -> str:
        return f"{self._folder}/{number}.json"


def _against(line: Line, number: int, before: Line | None, *, is_next: bool) -> list[Fault]:
    """What a readable entry says against its own place, and against the entry that stands before it."""
    if line.number != number:
        return [Fault("inserted", line.path, f"says that it is entry {line.number}: it was put in this place")]
    if number == 1 and line.content.get(PREVIOUS) != NOTHING:
        return [Fault("inserted", line.path, "says that another entry stood before it: it was put in this place")]
    if is_next and before is not None and line.content.get(PREVIOUS) != before.sha256:
        words = f"was changed, or put in the place of another, after entry {number} was written"
        return [Fault("edited", before.path, words)]
    return []
