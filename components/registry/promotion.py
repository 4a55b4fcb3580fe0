"""From a registered version to champion: every gate judges, the ledger decides, the alias follows."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.journal import journal_url
from components.lineage.versions import (
    CHAIN_TAG,
    CHALLENGER,
    CHAMPION,
    VERDICT_TAG,
    VERDICTS_FOLDER,
    logged_model_id,
    open_registry,
    with_alias,
)
from components.registry.errors import RollbackRefused
from components.registry.gates.gate import Candidate, Outcome
from components.registry.ledger import ROLLBACK, Entry, Ledger, Written
from components.registry.policy import Policy, Rule, committed_policy
from components.revisions.home import Home

CHECKED: Final = "checked"
AWAITING: Final = "awaiting approval"
_TAG_LIMIT: Final = 1000


@dataclass(frozen=True)
class Judged:
    """One gate's answer, with the settings that it judged by."""

    gate: str
    settings: Mapping[str, Any]
    outcome: Outcome


@dataclass(frozen=True)
class Verdict:
    """What all gates together say of a version.

    Attributes:
        model: registered name.
        version: number of the version.
        champion: version that it was compared with; empty when there was none.
        gates: every gate's answer, in the order of the policy.
        policy_sha256: of the policy's text.
        state: what the version is now: champion, challenger, only checked, or awaiting approval (only gates that wait
            for people did not pass).
    """

    model: str
    version: str
    champion: str
    gates: tuple[Judged, ...]
    policy_sha256: str
    state: str

    @property
    def passed(self) -> bool:
        """Whether every gate was passed."""
        return all(judged.outcome.passed for judged in self.gates)

    @property
    def waits_for_people(self) -> bool:
        """Whether some gate was not passed, and each of those waits for people."""
        refused = [judged.outcome for judged in self.gates if not judged.outcome.passed]
        return bool(refused) and all(outcome.waits_for_people for outcome in refused)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON types, `passed` included."""
        return {**asdict(self), "passed": self.passed}


class Promoter:
    """The registry, ledger and policy of one repository."""

    def __init__(self, home: Home, policy: Policy | None = None) -> None:
        """Open them: the policy is the one committed at HEAD unless another is given."""
        self._home = home
        self._client: MlflowClient = open_registry(home.root)
        self._policy = committed_policy(home) if policy is None else policy
        self._ledger = Ledger(journal_url(home.root))

    def check(self, model: str, version: str) -> Verdict:
        """What the gates say of a version; nothing is written."""
        return self._judge(self._client.get_model_version(model, version), self._ledger.entries(model))

    def consider(self, model: str, version: str) -> Verdict:
        """Make a version champion if the model has none and all gates are passed, else challenger with reasons."""
        entries = self._ledger.entries(model)
        self._follow(model, entries)
        verdict = self._judge(self._client.get_model_version(model, version), entries)
        if verdict.champion == version:
            return replace(verdict, state=CHAMPION)
        if verdict.passed and not entries:
            return self._crown(verdict, entries)
        if not verdict.waits_for_people:
            verdict = replace(verdict, state=CHALLENGER)
        self._write_verdict(verdict)
        self._client.set_registered_model_alias(model, CHALLENGER, version)
        return verdict

    def promote(self, model: str, version: str) -> Verdict:
        """Make a version champion if every gate is passed; otherwise nothing changes but its recorded verdict.

        Raises:
            LostRace: another promotion was written since this one looked.
            BrokenJournal: an entry was changed.
        """
        entries = self._ledger.entries(model)
        self._follow(model, entries)
        verdict = self._judge(self._client.get_model_version(model, version), entries)
        if verdict.champion == version:
            return replace(verdict, state=CHAMPION)
        if verdict.passed:
            return self._crown(verdict, entries)
        self._write_verdict(verdict)
        return verdict

    def rollback(self, model: str, version: str, reason: str) -> Entry:
        """Make an earlier champion champion again, by an entry like any other.

        Args:
            model: registered name.
            version: number of a version that the ledger names champion before; empty for the one before this one.
            reason: why, in words.

        Raises:
            RollbackRefused: the ledger has no such earlier champion.
            LostRace: another promotion was written since this one looked.
            BrokenJournal: an entry was changed.
        """
        entries = self._ledger.entries(model)
        target = _earlier(model, entries, version)
        entry = self._ledger.append(
            model,
            entries,
            action=ROLLBACK,
            version=target.version,
            reason=reason,
            chain=target.chain,
            verdict_sha256=target.verdict_sha256,
            at=_now(),
        )
        self._set_champion(model, entry.version)
        return entry

    def _crown(self, verdict: Verdict, entries: tuple[Written, ...]) -> Verdict:
        version = self._client.get_model_version(verdict.model, verdict.version)
        digest = self._write_verdict(verdict)
        written = self._ledger.append(
            verdict.model,
            entries,
            version=verdict.version,
            chain=version.tags.get(CHAIN_TAG, ""),
            verdict_sha256=digest,
            at=_now(),
        )
        self._set_champion(verdict.model, written.version)
        return replace(verdict, state=CHAMPION)

    def _follow(self, model: str, entries: tuple[Written, ...]) -> None:
        """Repeat the alias write that a kill between ledger and alias left out."""
        if not entries:
            return
        current = with_alias(self._client, model, CHAMPION)
        if current is None or str(current.version) != entries[-1].entry.version:
            self._set_champion(model, entries[-1].entry.version)

    def _set_champion(self, model: str, version: str) -> None:
        self._client.set_registered_model_alias(model, CHAMPION, version)
        challenger = with_alias(self._client, model, CHALLENGER)
        if challenger is not None and str(challenger.version) == version:
            self._client.delete_registered_model_alias(model, CHALLENGER)

    def _judge(self, version: ModelVersion, entries: tuple[Written, ...]) -> Verdict:
        name, number = str(version.name), str(version.version)
        reigning = entries[-1].entry.version if entries else ""
        with tempfile.TemporaryDirectory(prefix="fusar-promote-") as folder:
            scratch = Path(folder)
            candidate = Candidate(self._client, version, scratch / "candidate", self._home)
            champion = None
            if reigning and reigning != number:
                other = self._client.get_model_version(name, reigning)
                champion = Candidate(self._client, other, scratch / "champion", self._home)
            gates = tuple(_ask(rule, candidate, champion) for rule in self._policy.rules[name])
        verdict = Verdict(name, number, reigning, gates, self._policy.sha256, CHECKED)
        return replace(verdict, state=AWAITING) if verdict.waits_for_people else verdict

    def _write_verdict(self, verdict: Verdict) -> str:
        """Keep a verdict on its version, as tags and as an artifact named by its digest; answer the digest."""
        content = (json.dumps(verdict.as_dict(), indent=1, sort_keys=True, default=str) + "\n").encode()
        digest = hashlib.sha256(content).hexdigest()
        version = self._client.get_model_version(verdict.model, verdict.version)
        with tempfile.TemporaryDirectory(prefix="fusar-promote-") as folder:
            path = Path(folder) / f"{digest}.json"
            path.write_bytes(content)
            self._client.log_model_artifact(logged_model_id(version), str(path), VERDICTS_FOLDER)
        tags = {f"fusar.gate.{place}.{judged.gate}": _sentence(judged) for place, judged in enumerate(verdict.gates)}
        tags[VERDICT_TAG] = f"{'passed' if verdict.passed else 'refused'} {digest}"
        for name, value in sorted(tags.items()):
            self._client.set_model_version_tag(verdict.model, verdict.version, name, value)
        return digest


def _earlier(model: str, entries: tuple[Written, ...], version: str) -> Entry:
    """The newest entry that made another version than today's champion champion; that version, where one is named."""
    reigning = entries[-1].entry.version if entries else ""
    earlier = [written.entry for written in reversed(entries) if written.entry.version != reigning]
    for entry in earlier:
        if version in ("", entry.version):
            return entry
    known = ", ".join(dict.fromkeys(entry.version for entry in earlier)) or "none"
    asked = f"version {version}" if version else "any"
    raise RollbackRefused(model, f"the ledger names no earlier champion ({asked} was asked for; earlier: {known})")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _ask(rule: Rule, candidate: Candidate, champion: Candidate | None) -> Judged:
    outcome = rule.gate.judge(rule.settings, candidate, champion)
    return Judged(rule.gate.name, rule.settings.model_dump(), outcome)


def _sentence(judged: Judged) -> str:
    return f"{'passed' if judged.outcome.passed else 'refused'}: {judged.outcome.reason}"[:_TAG_LIMIT]
