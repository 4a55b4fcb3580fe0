"""What follows the stages: versions in the registry, the policy's verdict on each, the report page."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.revisions.checkout import Checkout, verify
from components.revisions.home import Home
from components.revisions.lock import lock_digest
from flows.result import Registration
from flows.stage_run import Work
from flows.steps import run_step
from flows.telling import tell_champions, tell_verdicts


def register(work: Work, flow_run_id: str) -> Registration:
    """Register the models of a finished checkout, hold them against the policy and write the report.

    Asked again with the same lock, it answers what it answered before.

    Raises:
        CheckoutChanged: the checkout is not its commit.
        StepFailed: a step refused.
    """
    digest = lock_digest(work.entries)
    known = known_registration(work.home, work.checkout.profile, digest)
    if known is not None:
        return known
    home, checkout = work.home, work.checkout
    verify(home, checkout)
    where = ("--root", str(home.root), "--checkout", str(checkout.folder))
    which = ("--commit", checkout.commit, "--profile", checkout.profile)
    runs = ("--flow-run-id", flow_run_id, "--mlflow-run-id", work.recorder.mlflow_run_id)
    made = _step(home, checkout, "register", "components.registry", "register", *where, *which, *runs)
    versions = made["versions"]
    names = [f"{version['model']}/{version['version']}" for version in versions]
    judge = ("components.registry", "consider", "--root", str(home.root), *names)
    verdicts = _step(home, checkout, "consider", *judge)["verdicts"] if names else []
    tell_verdicts(verdicts)
    tell_champions(home, [str(version["model"]) for version in versions])
    facts = {"lock": digest, "versions": versions, "verdicts": verdicts, "mlflow_run_id": work.recorder.mlflow_run_id}
    report = _report(work, ", ".join(names), facts)
    registration = Registration(tuple(versions), tuple(verdicts), str(report), True)
    _remember(work, digest, registration)
    return registration


def _report(work: Work, names: str, facts: dict[str, Any]) -> Path:
    home, checkout = work.home, work.checkout
    page = home.state / "reports" / f"{checkout.profile}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    # A file beside the page and no argument: the code that writes the page is the commit's own, older ones take three.
    page.with_suffix(".json").write_text(json.dumps(facts, default=str), encoding="utf-8")
    subtitle = f"{names}: commit {checkout.commit[:12]}, profile {checkout.profile}"
    _step(home, checkout, "report", "components.reporting", str(checkout.folder), str(page), subtitle)
    return page


def _step(home: Home, checkout: Checkout, step: str, *command: str) -> dict[str, Any]:
    """A step as a task run of its own, so that Prefect's page shows what the time after the last stage goes to."""
    from prefect import task
    from prefect.cache_policies import NO_CACHE

    def run() -> dict[str, Any]:
        return run_step(home, checkout, step, *command)

    shown = task(run, name=step, task_run_name=step, cache_policy=NO_CACHE, persist_result=False)
    return dict(shown())


def _note(home: Home, profile: str) -> Path:
    """Where the answer for the newest registered lock of a profile is kept, beside that lock."""
    return home.locks / f"{profile}.registered.json"


def known_registration(home: Home, profile: str, digest: str) -> Registration | None:
    """The answer of an earlier retrain with the same lock (`lock_digest`), unless MLflow's store has gone since."""
    note = _note(home, profile)
    store = home.root / "mlruns" / "mlflow.db"
    if not note.exists() or not (store.exists() or os.environ.get("MLFLOW_TRACKING_URI")):
        return None
    content = json.loads(note.read_text(encoding="utf-8"))
    if content.pop("lock") != digest:
        return None
    return Registration(tuple(content["versions"]), tuple(content["verdicts"]), content["report"], False)


def _remember(work: Work, digest: str, registration: Registration) -> None:
    note = _note(work.home, work.checkout.profile)
    content = {"lock": digest, **asdict(registration)}
    partial = note.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1, default=str), encoding="utf-8")
    partial.replace(note)
