"""New items of a STAC API become scenes: fetched, added as `fusar data add` adds, committed to the watched branch."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from components.arrivals.errors import AssetUnreachable, NoSuchBranch, RefusedItem
from components.arrivals.sources import StacSource
from components.arrivals.stac import Arrival, Look
from components.revisions.data_commits import advance, commit_data, files_of
from components.revisions.errors import GitFailed
from components.revisions.home import Home
from components.revisions.remotes import fetch_branch, remote_tip
from flows.adding import as_ingestion_reads
from flows.items_as_scenes import Destination, bring

_ITEMS_PER_COMMIT: Final = 20  # so much lies here at once, and so much is fetched again after a kill
_TRIES: Final = 4  # of a push, while others push to the same branch


@dataclass(frozen=True)
class Taken:
    """What became of new items.

    Attributes:
        added: ids of those that are scenes of the branch now.
        known: how many the branch had before.
        set_aside: of each that can be none, its id and why.
        later: why the others do not come now; "" where all have come.
    """

    added: tuple[str, ...]
    known: int
    set_aside: tuple[str, ...]
    later: str

    @property
    def in_words(self) -> str:
        """In one line."""
        counts = f"{len(self.added)} added, {self.known} there before, {len(self.set_aside)} set aside"
        shown = self.set_aside[:5]
        more = f" and {len(self.set_aside) - 5} more" if len(self.set_aside) > 5 else ""
        return counts + (f" ({'; '.join(shown)}{more})" if shown else "")


@dataclass(frozen=True)
class Branch:
    """The branch that names the data.

    Attributes:
        remote: name of the git remote.
        name: of the branch there.
    """

    remote: str
    name: str

    def tip(self, home: Home) -> str:
        """Its newest commit, which the repository has afterwards.

        Raises:
            NoSuchBranch: the remote has none of this name.
        """
        commit = remote_tip(home.root, self.remote, self.name)
        if commit is None:
            raise NoSuchBranch(self.remote, self.name)
        fetch_branch(home.root, self.remote, self.name)
        return commit


def take(home: Home, found: Look, branch: Branch) -> Taken:
    """Add new items to a branch as scenes; those that it has already are not fetched again.

    Raises:
        NoSuchBranch: the remote has no such branch.
        DataNotAdded: the DVC remote cannot be read or written.
        GitFailed: the branch takes no commit.
    """
    source = found.source
    folder = home.state / "arrivals" / hashlib.sha256(source.name.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        names = files_of(home, branch.tip(home))
        new = [one for one in found.arrivals if f"items/{one.id}.json" not in names]
        added, aside, later = list[str](), list[str](), list[str]()
        for start in range(0, len(new), _ITEMS_PER_COMMIT):
            some = _Batch(home, folder, source)
            for arrival in new[start : start + _ITEMS_PER_COMMIT]:
                some.bring(arrival)
            some.commit(branch)
            added, aside, later = added + some.added, aside + some.set_aside, later + some.later
        if not later:
            shutil.rmtree(folder, ignore_errors=True)
    return Taken(tuple(added), len(found.arrivals) - len(new), tuple(aside), later[0] if later else "")


class _Batch:
    """Some items on their way into one commit."""

    def __init__(self, home: Home, folder: Path, source: StacSource) -> None:
        self.added, self.set_aside, self.later = list[str](), list[str](), list[str]()
        self._home, self._folder, self._source = home, folder, source
        self._data = folder / "data"
        shutil.rmtree(self._data, ignore_errors=True)
        self._fetched = list[Path]()

    def bring(self, arrival: Arrival) -> None:
        """Fetch the files of an item and make it a scene."""
        folder = self._folder / hashlib.sha256(arrival.key.encode()).hexdigest()[:16]
        to = Destination(self._data, self._folder / "staging", self._as_ingestion_reads)
        try:
            outcome = bring(arrival, self._source, folder, to)
        except AssetUnreachable as error:
            self.later.append(str(error))
            return
        except RefusedItem as error:
            self.set_aside.append(str(error))
        else:
            if outcome.error is None:
                self.added.append(arrival.id)
            else:
                self.set_aside.append(f"{arrival.id[:100]!a}: {outcome.error.code}: {outcome.error.problem}")
        self._fetched.append(folder)

    def _as_ingestion_reads(self, item_file: Path, data: Path) -> int:
        """Looks at the parameters only once there is something to read by them."""
        return as_ingestion_reads(self._home.root)(item_file, data)

    def commit(self, branch: Branch) -> None:
        """Commit the scenes on top of the branch, wherever it is by then."""
        if self.added:
            message = f"[data] {len(self.added)} scenes of {self._source.url}\n\n" + "\n".join(self.added)
            for attempt in range(1, _TRIES + 1):
                base = branch.tip(self._home)
                commit = commit_data(self._home, base, self._data, message)
                try:
                    advance(self._home, commit, branch.remote, branch.name)
                    break
                except GitFailed:
                    if attempt == _TRIES or remote_tip(self._home.root, branch.remote, branch.name) == base:
                        raise
        for folder in (self._data, *self._fetched):
            shutil.rmtree(folder, ignore_errors=True)
