"""What is told of retrains, candidates and champions; docs/reference/events.md has every event with its payload."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from components.lineage.journal import journal_url
from components.registry.ledger import Entry, Ledger
from components.revisions.home import Home
from flows.events import COMMIT_RESOURCE, VERSION_RESOURCE, event_id, tell

AWAITING: Final = "awaiting approval"  # as in components/registry/verdicts.py, which would import MLflow for it
# What happened longer ago is no news: a server forgets after a week which events it had.
_NEWS: Final = timedelta(days=1)


def tell_verdicts(verdicts: Iterable[Mapping[str, Any]]) -> None:
    """Tell what the gates said of each candidate; a verdict that is given again in the same words is not told again."""
    for verdict in verdicts:
        model, version, state = str(verdict["model"]), str(verdict["version"]), str(verdict["state"])
        refused = [_sentence(judged) for judged in verdict["gates"] if not judged["outcome"]["passed"]]
        payload = {
            "model": model,
            "version": version,
            "state": state,
            "champion": verdict["champion"],
            "reason": "; ".join(refused) or "every gate was passed",
        }
        name = "fusar.candidate.awaiting-approval" if state == AWAITING else "fusar.candidate.judged"
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        tell(name, f"{VERSION_RESOURCE}.{model}.{version}", payload, event_id("verdict", digest))


def tell_champions(home: Home, models: Iterable[str]) -> None:
    """Tell of each model's newest change of champion; an entry of the ledger is told once, whoever tells it."""
    ledger = Ledger(journal_url(home.root))
    for model in models:
        entries = ledger.entries(model)
        if entries and datetime.now(UTC) - datetime.fromisoformat(entries[-1].entry.at) < _NEWS:
            entry = entries[-1].entry
            payload = {
                "model": model,
                "version": entry.version,
                "replaces": entry.replaces,
                "entry": entry.number,
                "reason": _why(entry),
            }
            resource = f"{VERSION_RESOURCE}.{model}.{entry.version}"
            tell("fusar.champion.changed", resource, payload, event_id("champion", entries[-1].sha256))


def tell_retrain(
    commit: str, profile: str, flow_run_id: str, failure: str = "", versions: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Tell how a retrain ended.

    Args:
        commit: full id.
        profile: name of its parameter set.
        flow_run_id: of its flow run in Prefect.
        failure: why it failed; empty where it did not.
        versions: what it came to: of each model version `model` and `version`.
    """
    what = "failed" if failure else "finished"
    payload = {"commit": commit, "profile": profile, "flow_run_id": flow_run_id}
    names = [f"{version['model']}/{version['version']}" for version in versions]
    payload |= {"reason": failure} if failure else {"versions": ", ".join(names)}
    tell(f"fusar.retrain.{what}", f"{COMMIT_RESOURCE}.{commit}", payload, event_id("retrain", flow_run_id, what))


def _sentence(judged: Mapping[str, Any]) -> str:
    return f"{judged['gate']}: {judged['outcome']['reason']}"


def _why(entry: Entry) -> str:
    before = f"instead of version {entry.replaces}" if entry.replaces else "the first one"
    who = f" by {entry.by}" if entry.by else ""
    return f"{entry.action}{who}, {before}{f': {entry.reason}' if entry.reason else ''}"
