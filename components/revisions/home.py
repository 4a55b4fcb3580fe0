"""Where a repository keeps its state: one folder, found from any of its worktrees."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.revisions.errors import Busy
from components.revisions.git import main_folder

STATE_FOLDER = ".fusar"
HOME = "FUSAR_HOME"  # names the repository of a worker, whose flow runs start in folders of their own


@dataclass(frozen=True)
class Home:
    """The main working tree of the repository and the folders of its state.

    Attributes:
        root: root of the main working tree, absolute.
    """

    root: Path

    @property
    def state(self) -> Path:
        """Folder of everything that is neither code nor an MLflow run; git ignores it."""
        return self.root / STATE_FOLDER

    @property
    def remote(self) -> Path:
        """Default DVC remote; the promotion ledger lies beside its objects."""
        return self.state / "remote"

    @property
    def memo(self) -> Path:
        """Results of single items by content."""
        return self.state / "memo"

    @property
    def locks(self) -> Path:
        """The newest dvc.lock of each profile."""
        return self.state / "locks"

    @property
    def logs(self) -> Path:
        """What the newest run of each stage printed."""
        return self.state / "logs"

    @property
    def prefect(self) -> Path:
        """Prefect's home with its SQLite database."""
        return self.state / "prefect"

    @property
    def worktrees(self) -> Path:
        """Checkouts, one for each commit and profile."""
        return self.state / "worktrees"

    def busy_file(self, profile: str) -> Path:
        """What a process that works on a profile holds."""
        return self.locks / f"{profile}.busy"

    @contextmanager
    def busy(self, profile: str) -> Iterator[None]:
        """Hold a profile for this process; a killed holder lets go by itself.

        Raises:
            Busy: another process holds it.
        """
        self.locks.mkdir(parents=True, exist_ok=True)
        # Appended to, so that who looks does not wipe out what the holder says in it (components/revisions/turns.py).
        with self.busy_file(profile).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy(profile) from error
            yield


def find_home(folder: Path) -> Home:
    """The home of the repository that FUSAR_HOME names, else of the one that `folder` lies in.

    Raises:
        NotARepository: no repository holds the folder.
    """
    return Home(main_folder(Path(os.environ.get(HOME) or folder)).resolve())
