"""Putting the policy's gates to a version: all of them, or those that a former champion must pass again."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from components.contract.errors import FusarError
from components.registry.errors import LostChampion
from components.registry.gates.gate import Candidate, Outcome
from components.registry.gates.no_withdrawn_scene import GATE as NO_WITHDRAWN_SCENE
from components.registry.policy import Policy, Rule
from components.registry.verdicts import AWAITING, CHECKED, Judged, Verdict
from components.revisions.home import Home

# A rollback is the way back in an emergency, to a version that had passed everything. What it once passed against
# others, or because people agreed, is not asked again: against the bad champion's figures it might not pass. What is
# asked is whether it may be used at all and is still the version that it was.
_BACK_AGAIN: Final = (NO_WITHDRAWN_SCENE.name, "lineage_verified", "finite_weights")


def judge(home: Home, client: MlflowClient, policy: Policy, version: ModelVersion, reigning: str) -> Verdict:
    """What every gate of the policy says of a version.

    Args:
        home: of the repository.
        client: of its registry.
        policy: the gates of each model.
        version: to judge.
        reigning: number of the champion to compare with; empty where there is none.

    Raises:
        LostChampion: the registry does not have the champion.
    """
    with tempfile.TemporaryDirectory(prefix="fusar-promote-") as folder:
        champion = None
        if reigning and reigning != str(version.version):
            champion = _candidate(
                home, client, _reigning(client, str(version.name), reigning), Path(folder, "champion")
            )
        candidate = _candidate(home, client, version, Path(folder, "candidate"))
        gates = _ask_all(policy.rules[str(version.name)], candidate, champion)
    verdict = Verdict(str(version.name), str(version.version), reigning, gates, policy.sha256, CHECKED)
    return replace(verdict, state=AWAITING) if verdict.waits_for_people else verdict


def judge_former(home: Home, client: MlflowClient, policy: Policy, version: ModelVersion, reigning: str) -> Verdict:
    """What those gates of the policy say that a former champion must pass to come back."""
    rules = [rule for rule in policy.rules[str(version.name)] if rule.gate.name in _BACK_AGAIN]
    with tempfile.TemporaryDirectory(prefix="fusar-promote-") as folder:
        candidate = _candidate(home, client, version, Path(folder))
        gates = tuple(_ask(rule, candidate, None) for rule in rules)
    return Verdict(str(version.name), str(version.version), reigning, gates, policy.sha256, CHECKED)


def _ask_all(rules: Sequence[Rule], candidate: Candidate, champion: Candidate | None) -> tuple[Judged, ...]:
    """The answers in the order of the policy; whether a scene was withdrawn is asked when all others have answered.

    A boot takes half a minute: whoever withdraws a scene in that time is heard.
    """
    answers: dict[int, Judged] = {}
    for place in sorted(range(len(rules)), key=lambda place: rules[place].gate.name == NO_WITHDRAWN_SCENE.name):
        answers[place] = _ask(rules[place], candidate, champion)
    return tuple(answers[place] for place in range(len(rules)))


def _candidate(home: Home, client: MlflowClient, version: ModelVersion, scratch: Path) -> Candidate:
    return Candidate(client, version, scratch, home)


def _reigning(client: MlflowClient, model: str, number: str) -> ModelVersion:
    try:
        return client.get_model_version(model, number)
    except MlflowException as error:
        raise LostChampion(model, number) from error


def _ask(rule: Rule, candidate: Candidate, champion: Candidate | None) -> Judged:
    try:
        outcome = rule.gate.judge(rule.settings, candidate, champion)
    except FusarError as error:  # a gate that cannot judge lets nothing pass
        outcome = Outcome(False, f"could not judge: {error}", {"error": type(error).__name__})
    return Judged(rule.gate.name, rule.settings.model_dump(), outcome)
