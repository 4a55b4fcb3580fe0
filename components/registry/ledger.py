"""Who was champion when: one object per entry, created exclusively, each with the hash of the one before.

MLflow's aliases have neither history nor compare-and-set; two promoters would both believe that they won.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import fsspec
from fsspec.implementations.local import LocalFileSystem
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.registry.errors import BrokenLedger, LostRace
from components.revisions.home import Home

DVC_FOLDER: Final = ".dvc"
NOTHING: Final = "0" * 64  # the hash "before" the first entry


def ledger_url(root: Path) -> str:
    """Where the ledger of the repository at `root` lies: its default DVC remote, which all its machines share."""
    from dvc.config import Config

    if (root / DVC_FOLDER).is_dir():
        config = Config(str(root / DVC_FOLDER), validate=False)
        name = config.get("core", {}).get("remote")
        url = config.get("remote", {}).get(name, {}).get("url") if name else None
        if url is not None:
            return str(url)
    return str(Home(root).remote)


class Entry(BaseModel):
    """One change of champion.

    Attributes:
        number: 1 for the first entry of a model.
        version: the champion from here on.
        replaces: the champion that the promoter expected and compared with; empty for the first.
        chain: digest of the work that made the version.
        verdict_sha256: of the artifact that says which gates it passed.
        previous_sha256: of the bytes of entry number-1.
        at: UTC time of writing, ISO 8601.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int = Field(ge=1)
    model: str
    action: Literal["promote"]
    version: str
    replaces: str
    chain: str
    verdict_sha256: str
    previous_sha256: str
    at: str


@dataclass(frozen=True)
class Written:
    """An entry with the hash of its bytes."""

    entry: Entry
    sha256: str


class Ledger:
    """The ledger of all models, beside the objects of the DVC remote."""

    def __init__(self, url: str) -> None:
        """Take the folder that holds `ledger/`, as a path or an fsspec url (s3://bucket/prefix)."""
        self._files, root = fsspec.core.url_to_fs(url)
        self._root = root.rstrip("/")

    def entries(self, model: str) -> tuple[Written, ...]:
        """All entries of a model, the oldest first, with the chain of hashes checked.

        Raises:
            BrokenLedger: an entry is unreadable, is missing, or is not the one that its successor was written after.
        """
        written: list[Written] = []
        for number, path in enumerate(self._paths(model), start=1):
            expected = written[-1].sha256 if written else NOTHING
            entry, digest = self._read(path)
            if (entry.number, entry.model) != (number, model):
                raise BrokenLedger(path, f"is entry {entry.number} of {entry.model}, not {number} of {model}")
            if entry.previous_sha256 != expected:
                raise BrokenLedger(self._path(model, number - 1), f"was changed after entry {number} was written")
            written.append(Written(entry, digest))
        return tuple(written)

    def champion(self, model: str) -> str:
        """Version that the ledger names champion; empty when there is none yet."""
        entries = self.entries(model)
        return entries[-1].entry.version if entries else ""

    def append(self, model: str, expected: tuple[Written, ...], **values: Any) -> Entry:
        """Write the entry after `expected`: who creates it has won.

        Args:
            model: registered name.
            expected: the entries that the promoter has seen.
            values: version, chain, verdict_sha256, at.

        Raises:
            LostRace: the entry exists already.
        """
        number = len(expected) + 1
        entry = Entry(
            number=number,
            model=model,
            action="promote",
            replaces=expected[-1].entry.version if expected else "",
            previous_sha256=expected[-1].sha256 if expected else NOTHING,
            **values,
        )
        content = (json.dumps(entry.model_dump(), indent=1, sort_keys=True) + "\n").encode()
        try:
            self._create(self._path(model, number), content)
        except FileExistsError as error:
            raise LostRace(model, number) from error
        return entry

    def _create(self, path: str, content: bytes) -> None:
        """Create an object with all its bytes, or fail because it exists."""
        if not isinstance(self._files, LocalFileSystem):
            self._files.pipe_file(path, content, mode="create")  # one conditional PUT on an object store
            return
        # On a local folder fsspec's mode="create" looks first and then writes (two promoters both win, and a kill
        # leaves half an entry); a hard link is made at once or not at all.
        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=folder, prefix=".", suffix=".partial")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(partial, path)
        finally:
            Path(partial).unlink()

    def _read(self, path: str) -> tuple[Entry, str]:
        content = self._files.cat_file(path)
        try:
            return Entry.model_validate_json(content), hashlib.sha256(content).hexdigest()
        except ValidationError as error:
            raise BrokenLedger(path, f"is no ledger entry ({error.error_count()} problems)") from error

    def _paths(self, model: str) -> list[str]:
        folder = f"{self._root}/ledger/{model}"
        self._files.invalidate_cache(folder)
        if not self._files.exists(folder):
            return []
        names = (str(path).rsplit("/", 1)[-1] for path in self._files.ls(folder, detail=False))
        numbers = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        return [self._path(model, number) for number in sorted(int(text) for text in numbers if text.isdigit())]

    def _path(self, model: str, number: int) -> str:
        return f"{self._root}/ledger/{model}/{number}.json"
