"""New data starts a retrain: a look at STAC APIs, and at the branch that names the data, every few minutes."""

from pathlib import Path

from prefect import flow
from prefect.states import Completed, Failed, State

from components.arrivals.errors import ItemsLeft
from components.arrivals.sources import StacSource
from components.arrivals.stac import look
from components.contract.errors import FusarError
from components.lineage.journal import journal_url
from components.revisions.home import Home, find_home
from flows.parameters import Profile, Revision
from flows.triggers.arriving import Branch, take
from flows.triggers.starting import start_once


@flow(name="watch", flow_run_name="{remote}/{branch}", persist_result=False)  # type: ignore[untyped-decorator]
def watch(remote: Revision, branch: Revision, profiles: list[Profile], stac: list[StacSource]) -> State[None]:
    """Add new items of STAC APIs to a branch; retrain its newest commit, once for each profile.

    Args:
        remote: Name of the git remote, as `git remote` lists it.
        branch: Branch there whose newest commit is retrained; its data.dvc names the data.
        profiles: Parameter sets in profiles/ that are retrained.
        stac: APIs whose new items become scenes of the branch.
    """
    home = find_home(Path.cwd())
    said: list[str] = []
    refused: list[str] = []
    # One place that does not answer keeps nobody from looking at the others.
    for source in (*stac, None):  # the branch last: what the others add to it is retrained at once
        try:
            if source is None:
                said += _retrain_newest(home, Branch(remote, branch), profiles)
            else:
                said += _take_items(home, source, Branch(remote, branch))
        except FusarError as error:
            refused.append(str(error))
    if refused:
        return Failed(message="; ".join((*refused, *said)))
    return Completed(message="; ".join(said) or "nothing new")


def _retrain_newest(home: Home, branch: Branch, profiles: list[str]) -> list[str]:
    """Start what is not yet retrained; one phrase for each profile."""
    commit = branch.tip(home)
    return [f"{commit[:12]} {profile}: {start_once(home.root, commit, profile)}" for profile in profiles]


def _take_items(home: Home, source: StacSource, branch: Branch) -> list[str]:
    """Add what is new, then move on: after a kill between the two, the next look finds that the branch has it."""
    found = look(source, journal_url(home.root))
    if not found.arrivals:
        found.done()
        return []
    taken = take(home, found, branch)
    said = f"{source.url}: {len(found.arrivals)} new items: {taken.in_words}"
    if taken.later:
        raise ItemsLeft(said, taken.later)
    found.done()
    return [said]
