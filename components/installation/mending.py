"""What the doctor mends by itself: addresses after a move, leftovers of killed processes; no work is lost."""

import json
from collections.abc import Iterator

from components.installation.artifact_locations import rewrite
from components.installation.finding import Installation
from components.installation.holders import abandoned_dvc_locks
from components.installation.run_store import database
from components.installation.services import has_stale_file, services_file
from components.installation.worktrees import LINK, abandoned, links_of
from components.revisions.checkout import configure_dvc
from components.revisions.git import git
from components.revisions.home import Home


def mend(installation: Installation) -> Iterator[str]:
    """Mend what is safe to mend; one sentence for each thing that was done.

    Raises:
        StoreInUse: another process writes to MLflow's database.
    """
    yield from _locations(installation)
    yield from _checkouts(installation)
    yield from _reports(installation)
    gone = abandoned(installation.root)
    if gone:
        git(installation.root, "worktree", "prune")
        yield f"git forgot {len(gone)} checkouts that are gone"
    for file in abandoned_dvc_locks(installation):
        file.unlink()
        yield f"{file}: removed, its processes are gone"
    if has_stale_file(installation):
        services_file(installation).unlink()
        yield f"{services_file(installation)}: removed, its servers are gone"


def _locations(installation: Installation) -> Iterator[str]:
    file = database(installation)
    done = rewrite(file) if file is not None and file.exists() else None
    if done is not None:
        yield f"{file}: {done[0]} artifact locations lead to {file.parent if file else ''} now; before: {done[1]}"


def _checkouts(installation: Installation) -> Iterator[str]:
    """Link checkouts with this repository, the checkout first: until then its git commands would reach the old one."""
    for link in links_of(installation):
        if link.is_whole or link.record is None:
            continue
        (link.folder / ".git").write_text(f"{LINK}{link.record}\n", encoding="utf-8")
        (link.record / "gitdir").write_text(f"{link.folder / '.git'}\n", encoding="utf-8")
        configure_dvc(Home(installation.root), link.folder)
        yield f"{link.folder}: linked with {installation.root}"


def _reports(installation: Installation) -> Iterator[str]:
    """The newest retrain of each profile remembers its report page by its full path."""
    for file in sorted(installation.state.glob("locks/*.registered.json")):
        kept = json.loads(file.read_text(encoding="utf-8"))
        page = installation.state / "reports" / str(kept.get("report", "")).rsplit("/", 1)[-1]
        if kept.get("report") not in (None, str(page)) and page.is_file():
            kept["report"] = str(page)
            partial = file.with_suffix(".partial")  # half a file would be read by the next retrain
            partial.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            partial.replace(file)
            yield f"{file}: its report page is {page} now"
