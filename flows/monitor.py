"""A look at new scenes as a flow: compared with the champion's, shown, and on drift told, so that a retrain starts."""

import json
from pathlib import Path

from prefect import flow
from prefect.states import Completed, Failed, State

from components.contract.errors import FusarError
from components.lineage.journal import journal_url
from components.revisions.data_commits import commit_data, publish
from components.revisions.git import origin
from components.revisions.home import Home, find_home
from components.tracking.markdown import code, escaped, table
from flows.artifacts import key_of, show_markdown
from flows.deploying.stores import is_file
from flows.drift import DRIFT_FOUND, REPORTS, Request, Seen, key_of_scenes, look, payload_of
from flows.events import VERSION_RESOURCE, event_id, tell
from flows.parameters import AskedVersion, Location

_MOST_ROWS = 30


@flow(name="monitor", flow_run_name="beside {model}", persist_result=False)  # type: ignore[untyped-decorator]
def monitor(
    scenes: Location | None = None,
    predictions: Location | None = None,
    model: AskedVersion = "fusar-gpt@champion",
) -> State[None]:
    """Compare new scenes, or answers to them, with those that made a version; on drift, have a retrain started.

    Args:
        scenes: Data folder of new scenes (items, scenes ...); relative to the repository.
        predictions: Folder that predictions were written to; relative to the repository.
        model: MODEL@ALIAS or MODEL/VERSION.
    """
    home = find_home(Path.cwd())
    scene_folder, prediction_folder = (home.root / name if name else None for name in (scenes, predictions))
    request = Request(model, scene_folder, prediction_folder)
    # A message and no exception: Prefect would have to pickle the error.
    try:
        seen = look(home, request)
        page = _write_page(home, seen, request)
        commit = _commit(home, seen, request) if seen.watched.drift.is_found else ""
    except FusarError as error:
        return Failed(message=str(error))
    version = seen.watched.version.name
    show_markdown(key_of("monitor", version), _markdown(seen, page, commit), f"New scenes beside {version}")
    if not commit:
        return Completed(message=json.dumps({"drift": False, "scenes": len(seen.scenes)}))
    resource = f"{VERSION_RESOURCE}.{version.replace('/', '.')}"
    told = tell(DRIFT_FOUND, resource, payload_of(seen, commit), event_id(DRIFT_FOUND, key_of_scenes(seen), commit))
    return Completed(name="Drift found", message=seen.reason + ("" if told else "; no server took the event"))


def _commit(home: Home, seen: Seen, request: Request) -> str:
    """The commit that made the version with the new scenes on top; the commit itself where no scenes were given."""
    base = seen.watched.version.commit
    if request.scenes is None:
        return base
    message = f"[data] {len(seen.scenes)} new scenes that differ from those of {seen.watched.version.name}"
    commit = commit_data(home, base, request.scenes, message)
    if commit != base and _has_workers_elsewhere(home):
        publish(home, commit)
    return commit


def _has_workers_elsewhere(home: Home) -> bool:
    """Whether workers on other machines may take the retrain: they need a DVC remote and a git remote of their own."""
    return bool(origin(home.root)) and not is_file(journal_url(home.root))


def _write_page(home: Home, seen: Seen, request: Request) -> Path:
    # Here and not above: `fusar deploy` reads this file to make the deployment, and matplotlib takes a second.
    from components.monitoring.page import write_drift_page

    page = home.state / REPORTS / f"drift-{key_of_scenes(seen)[:12]}.html"
    write_drift_page(seen.watched, request.in_words, seen.set_aside, page)
    return page


def _markdown(seen: Seen, page: Path, commit: str) -> str:
    drift = seen.watched.drift
    rows = [
        [found.subject, found.old, found.new, f"{found.corrected:.2g}", "drift" if found in drift.drifted else ""]
        for found in drift.findings[:_MOST_ROWS]
    ]
    lines = [f"- {escaped(line)}" for line in drift.in_words()] or ["Nothing has drifted."]
    parts = ["\n".join(lines), table(["test", "baseline", "new", "p, corrected", ""], rows)]
    parts += [f"Page with plots: {code(str(page))}"]
    if commit:
        parts.append(f"Commit with the new scenes: {code(commit)}. A retrain of it starts where an automation says so.")
    return "\n\n".join(parts)
