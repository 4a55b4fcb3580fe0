"""Checkouts of retrains: git links a checkout and its repository by absolute paths, which a move leaves behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.installation.finding import Finding, Installation, error, ok, some, warning
from components.revisions.git import git

LINK = "gitdir: "


@dataclass(frozen=True)
class Link:
    """A checkout of this clone as the file system has it.

    Attributes:
        folder: root of the checkout.
        record: folder in .git/worktrees that its .git file should name; None when no record has its name.
    """

    folder: Path
    record: Path | None

    @property
    def is_whole(self) -> bool:
        """Whether checkout and record name each other."""
        if self.record is None:
            return False
        back = (self.record / "gitdir").read_text(encoding="utf-8").strip()
        return back == str(self.folder / ".git") and named_record(self.folder) == self.record


def look(installation: Installation) -> Iterator[Finding]:
    """Checkouts whose links lead elsewhere, and records of checkouts that are gone."""
    links = links_of(installation)
    torn = [link for link in links if not link.is_whole]
    moved = [link.folder.name for link in torn if link.record is not None]
    orphans = [link.folder for link in torn if link.record is None]
    if moved:
        yield error(
            f"checkouts linked to another folder (a moved or copied repository): {some(moved, 4)}",
            "`fusar doctor --mend` links them anew. Not `git worktree repair`: in a copy it would change the original.",
            is_mendable=True,
        )
    if orphans:
        remedy = f"What lay in them is in DVC's cache: `rm -rf {' '.join(str(folder) for folder in orphans)}`."
        yield error(f"checkouts that git does not know: {some((folder.name for folder in orphans), 4)}", remedy)
    gone = [] if moved else abandoned(installation.root)
    if gone:
        remedy = "`git worktree prune`, or `fusar doctor --mend`."
        yield warning(f"git remembers checkouts that are gone: {some(gone, 4)}", remedy, is_mendable=True)
    if not torn and not gone:
        yield ok(f"{len(links)} checkouts in .fusar")


def links_of(installation: Installation) -> list[Link]:
    """Every checkout in .fusar."""
    state = installation.state
    folders = [*sorted((state / "worktrees").glob("*")), state / "demo"]
    records = installation.root / ".git/worktrees"
    links = []
    for folder in folders:
        if (folder / ".git").is_file():
            record = records / (named_record(folder).name or "-")
            links.append(Link(folder, record if (record / "gitdir").is_file() else None))
    return links


def named_record(folder: Path) -> Path:
    """The record that the .git file of a checkout names."""
    return Path((folder / ".git").read_text(encoding="utf-8").removeprefix(LINK).strip())


def abandoned(root: Path) -> list[str]:
    """Folders of checkouts that git remembers and that are gone."""
    listing = git(root, "worktree", "list", "--porcelain", "-z").decode(errors="replace")
    blocks = (block.split("\0") for block in listing.split("\0\0"))
    return [lines[0].removeprefix("worktree ") for lines in blocks if any(one.startswith("prunable") for one in lines)]
