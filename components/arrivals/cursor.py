"""How far a STAC API was read: one small object beside the DVC remote, so that every machine goes on from there."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

import fsspec

from components.arrivals.errors import BadCursor
from components.revisions import objects

FOLDER: Final = "watched"
SCHEMA_VERSION: Final = 1


@dataclass(frozen=True)
class Cursor:
    """Where the next search begins.

    Attributes:
        newest: the latest time of an item that was told, RFC 3339 in UTC; the time of the first poll before that.
        told: of each item whose time is still searched again, its collection, id and time, joined by `/`.
        source: what is read, for people.
        schema_version: of this object.
    """

    newest: str
    told: tuple[str, ...]
    source: str
    schema_version: int = SCHEMA_VERSION


class CursorFile:
    """The object that holds the cursor of one source."""

    def __init__(self, url: str, source: str) -> None:
        """Take the folder or fsspec url of the DVC remote, and what is read as one line of text."""
        self._files, root = fsspec.core.url_to_fs(url)
        self._source = source
        self.path = f"{root.rstrip('/')}/{FOLDER}/{hashlib.sha256(source.encode()).hexdigest()[:16]}.json"

    def read(self) -> Cursor | None:
        """The cursor; None before the first poll.

        Raises:
            BadCursor: the object is not one that `write` has made.
        """
        try:
            self._files.invalidate_cache(self.path.rsplit("/", 1)[0])
            content = json.loads(self._files.cat_file(self.path))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise BadCursor(self.path, "it is not JSON") from error
        try:
            found = Cursor(**{**content, "told": tuple(content["told"])})
        except (KeyError, TypeError) as error:
            raise BadCursor(self.path, "its keys are others") from error
        if found.schema_version != SCHEMA_VERSION:
            raise BadCursor(self.path, f"its schema version is {found.schema_version!r}, not {SCHEMA_VERSION}")
        return found

    def write(self, newest: str, told: tuple[str, ...]) -> None:
        """Move on: readers find the old cursor or this one, whatever is killed."""
        content = asdict(Cursor(newest, told, self._source))
        objects.replace(self._files, self.path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
