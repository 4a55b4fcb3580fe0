"""Files that a person names by their addresses, fetched so that those of one place lie beside each other here."""

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from components.arrivals.assets import Asset
from components.arrivals.errors import AssetUnreachable, NotFetched, RefusedItem
from components.arrivals.fetching import fetch
from components.arrivals.sources import Bounds

# A name that is a file's everywhere; with anything else in it, it could be a folder's, an option or a pattern.
_NAME: Final = re.compile(r"[\w(][\w ().+=,-]{0,200}")


@dataclass
class Fetched:
    """What has come.

    Attributes:
        folders: each folder here with the address that its files come from.
        refused: of each file that is not fetched, why.
        later: why files do not come now; "" where all have come.
    """

    folders: dict[Path, str] = field(default_factory=dict)
    refused: list[NotFetched] = field(default_factory=list)
    later: str = ""

    def with_addresses(self, text: str) -> str:
        """A text with addresses in the place of our folders."""
        for folder, address in self.folders.items():
            text = text.replace(str(folder), address)
        return text

    def remove(self) -> None:
        """Remove what came whole: it is in data/ now, or is no scene."""
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


def is_address(text: str) -> bool:
    """Whether a person means an address and no file."""
    return text.startswith(("http://", "https://", "s3://"))


def fetch_named(addresses: Sequence[str], bounds: Bounds, here: Path) -> Fetched:
    """Fetch files; those of one place, such as the bands of a scene and their metadata, into one folder.

    A place of which a file does not come now gives no folder: a scene of half its bands would be another scene.

    Raises:
        NoDriver: nothing here reads such an address.
    """
    found = Fetched()
    places: dict[str, list[str]] = {}
    for address in dict.fromkeys(addresses):
        places.setdefault(urlsplit(address)._replace(query="").geturl().rpartition("/")[0], []).append(address)
    for place, files in places.items():
        folder = here / hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()[:16]
        try:
            came = [_fetch(address, folder, bounds, found) for address in files]
        except AssetUnreachable as error:
            found.later = found.later or str(error)
            continue
        if any(came):
            found.folders[folder] = place
    return found


def _fetch(address: str, folder: Path, bounds: Bounds, found: Fetched) -> bool:
    name = unquote(urlsplit(address).path).rpartition("/")[2]
    try:
        if not _NAME.fullmatch(name):
            raise RefusedItem(address, f"{address[:200]!a} ends with no name of a file")
        fetch(Asset(address, address, None, None), folder / name, bounds)
    except RefusedItem as error:
        found.refused.append(NotFetched(Path(name or "file"), error.problem))
        return False
    return True
