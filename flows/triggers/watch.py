"""New data starts a retrain: a look at the branch that names the data, and at STAC APIs, every few minutes."""

from pathlib import Path

from prefect import flow
from prefect.states import Completed, Failed, State

from components.arrivals.errors import NoSuchBranch
from components.arrivals.stac import Look, StacSource, look
from components.contract.errors import FusarError
from components.lineage.journal import journal_url
from components.revisions.home import Home, find_home
from components.revisions.remotes import fetch_branch, remote_tip
from flows.events import event_id, tell
from flows.parameters import Profile, Revision
from flows.triggers.starting import start_once

FOUND = "fusar.data.found"  # items of a STAC API; `fusar.data.changed` is a commit
_ITEMS_PER_EVENT = 500


@flow(name="watch", flow_run_name="{remote}/{branch}", persist_result=False)  # type: ignore[untyped-decorator]
def watch(remote: Revision, branch: Revision, profiles: list[Profile], stac: list[StacSource]) -> State[None]:
    """Retrain the newest commit of a branch, once for each profile; tell new items of STAC APIs as events.

    Args:
        remote: Name of the git remote, as `git remote` lists it.
        branch: Branch there whose newest commit is retrained; its data.dvc names the data.
        profiles: Parameter sets in profiles/ that are retrained.
        stac: APIs whose new items are told.
    """
    home = find_home(Path.cwd())
    said: list[str] = []
    refused: list[str] = []
    # One place that does not answer keeps nobody from looking at the others.
    for source in (None, *stac):
        try:
            said += _retrain_newest(home, remote, branch, profiles) if source is None else _tell_items(home, source)
        except FusarError as error:
            refused.append(str(error))
    if refused:
        return Failed(message="; ".join((*refused, *said)))
    return Completed(message="; ".join(said) or "nothing new")


def _retrain_newest(home: Home, remote: str, branch: str, profiles: list[str]) -> list[str]:
    """Start what is not yet retrained; one phrase for each profile."""
    commit = remote_tip(home.root, remote, branch)
    if commit is None:
        raise NoSuchBranch(remote, branch)
    fetch_branch(home.root, remote, branch)
    return [f"{commit[:12]} {profile}: {start_once(home.root, commit, profile)}" for profile in profiles]


def _tell_items(home: Home, source: StacSource) -> list[str]:
    """Tell what is new, then move on: a kill between the two tells the same event again, which the server drops."""
    found = look(source, journal_url(home.root))
    told = all(_tell(found, start) for start in range(0, len(found.arrivals), _ITEMS_PER_EVENT))
    if not told:
        return [f"{source.url}: the server took no event; the next look finds the same items"]
    found.done()
    return [f"{source.url}: {len(found.arrivals)} new items"] if found.arrivals else []


def _tell(found: Look, start: int) -> bool:
    some = found.arrivals[start : start + _ITEMS_PER_EVENT]
    source = found.source
    payload = {"url": source.url, "collections": source.collections, "count": len(found.arrivals)}
    items = [{"id": item.id, "collection": item.collection, source.by: item.time} for item in some]
    told_as = event_id(FOUND, source.name, *(item.key for item in some))
    return tell(FOUND, f"fusar.stac.{source.url}", {**payload, "items": items}, told_as)
