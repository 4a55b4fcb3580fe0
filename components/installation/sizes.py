"""How much disk folders take, as du counts: blocks, and a file with several names once."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = 512  # the unit of st_blocks, whatever the file system's own


@dataclass(frozen=True)
class Sizes:
    """Disk that groups of folders take.

    Attributes:
        groups: name and bytes of each; what several groups share by hard links counts in the first.
        is_whole: whether everything was counted; otherwise time ran out and these are lower bounds.
    """

    groups: Mapping[str, int]
    is_whole: bool

    @property
    def total(self) -> int:
        """Bytes of all groups."""
        return sum(self.groups.values())


def measure(groups: Mapping[str, Iterable[Path]], seconds: float = float("inf")) -> Sizes:
    """Disk that each group of folders takes [byte], counted for at most `seconds`; absent folders take none."""
    deadline = time.monotonic() + seconds
    seen: set[tuple[int, int]] = set()
    counted = {name: 0 for name in groups}
    for name, folders in groups.items():
        for status in _statuses(folders):
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                counted[name] += status.st_blocks * BLOCK
            if len(seen) % 1024 == 0 and time.monotonic() > deadline:
                return Sizes(counted, is_whole=False)
    return Sizes(counted, is_whole=True)


def _statuses(folders: Iterable[Path]) -> Iterator[os.stat_result]:
    """Status of everything below some folders; links are not followed, what vanishes meanwhile is passed over."""
    waiting = [str(folder) for folder in folders]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue


def gigabytes(size: float) -> str:
    """Bytes in words: 3.28 GB, 35 MB."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def state_groups(root: Path, remote: Path, cache: Path) -> dict[str, tuple[Path, ...]]:
    """Folders of a clone by what they hold; cache and checkouts share their files, which count as the cache's."""
    state = root / ".fusar"
    others = [path for path in state.iterdir() if path.name not in ("worktrees", "demo")] if state.is_dir() else []
    return {
        "DVC cache and remote": (cache, remote),
        "MLflow": (root / "mlruns",),
        "checkouts": (state / "worktrees", state / "demo"),
        "other state": tuple(path for path in others if path != remote),
    }
