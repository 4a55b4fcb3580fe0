"""From a registered version to champion and back: every gate judges, the ledger decides, the alias follows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from components.lineage.events.telling import tell_promotion
from components.lineage.journal import journal_url
from components.lineage.versions import CHAIN_TAG, CHALLENGER, CHAMPION, open_registry
from components.registry.approvals import Person
from components.registry.errors import LostChampion, LostRace, RollbackRefused
from components.registry.following import follow, seen_entries
from components.registry.gates.approvals import GATE as APPROVALS
from components.registry.judging import judge, judge_former
from components.registry.ledger import PROMOTE, ROLLBACK, Answer, Entry, Ledger, Written
from components.registry.policy import Policy, committed_policy
from components.registry.upserting import upsert
from components.registry.verdicts import AWAITING as AWAITING
from components.registry.verdicts import Verdict as Verdict
from components.registry.verdicts import as_bytes, keep_verdict, put_verdict
from components.revisions import git
from components.revisions.home import Home
from components.tracking.identity import signed_in

_SAID: Final = ("name", "verified", "reason", "digest", "at")


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
        return self._judge(model, version, self._entries(model))

    def consider(self, model: str, version: str) -> Verdict:
        """Make a version champion if the model has none and all gates are passed, else challenger with reasons."""
        follow(self._client, self._ledger, model)
        entries = self._entries(model)
        verdict = self._judge(model, version, entries)
        if verdict.champion == version:
            return replace(verdict, state=CHAMPION)
        if verdict.passed and not entries:
            try:
                return self._crown(verdict, entries)
            except LostRace:  # nobody asked for a promotion: now there is a champion to compare with
                return self.consider(model, version)
        if not verdict.waits_for_people:
            verdict = replace(verdict, state=CHALLENGER)
        keep_verdict(self._client, verdict)
        upsert(self._client.set_registered_model_alias, model, CHALLENGER, version)
        return verdict

    def record(self, model: str, version: str) -> Verdict:
        """Keep what the gates say of a version on it; no alias moves and the ledger stays as it is."""
        verdict = self._judge(model, version, self._entries(model))
        keep_verdict(self._client, verdict)
        return verdict

    def promote(self, model: str, version: str) -> Verdict:
        """Make a version champion if every gate is passed; otherwise nothing changes but its recorded verdict.

        Raises:
            LostRace: another promotion was written since this one looked.
            BrokenJournal: an entry was changed.
        """
        follow(self._client, self._ledger, model)
        entries = self._entries(model)
        verdict = self._judge(model, version, entries)
        if verdict.champion == version:
            return replace(verdict, state=CHAMPION)
        if verdict.passed:
            return self._crown(verdict, entries)
        keep_verdict(self._client, verdict)
        return verdict

    def rollback(self, model: str, version: str, reason: str) -> Entry:
        """Make an earlier champion champion again, by an entry like any other.

        It was champion and so had passed every gate; now it must pass those that say whether it may be used at all and
        is still what it was (`judging.judge_former`), and there is no way around them.

        Args:
            model: registered name.
            version: number of a version that was champion before; empty for the one before today's.
            reason: why, in words.

        Raises:
            RollbackRefused: there is no such earlier champion, or it may not come back; nothing was written.
            LostRace: another promotion was written since this one looked.
            BrokenJournal: an entry was changed.
        """
        if not reason.strip():
            raise RollbackRefused(model, "say why in a few words: --reason TEXT")
        entries = self._entries(model)
        target = self._version(model, _earlier(model, entries, version).version)
        reigning = entries[-1].entry.version
        verdict = judge_former(self._home, self._client, self._policy, target, reigning)
        if not verdict.passed:
            raise RollbackRefused(model, _why_not(verdict, entries))
        digest = put_verdict(self._client, target, as_bytes(verdict))
        return self._enter(verdict, entries, digest, action=ROLLBACK, reason=reason.strip())

    def _entries(self, model: str) -> tuple[Written, ...]:
        return seen_entries(self._client, self._ledger, model)

    def _judge(self, model: str, version: str, entries: tuple[Written, ...]) -> Verdict:
        reigning = entries[-1].entry.version if entries else ""
        return judge(self._home, self._client, self._policy, self._client.get_model_version(model, version), reigning)

    def _crown(self, verdict: Verdict, entries: tuple[Written, ...]) -> Verdict:
        self._enter(verdict, entries, keep_verdict(self._client, verdict), action=PROMOTE, reason="")
        return replace(verdict, state=CHAMPION)

    def _enter(self, verdict: Verdict, entries: tuple[Written, ...], digest: str, *, action: str, reason: str) -> Entry:
        """Decide by an entry, then have the alias follow it: a promotion counts from the entry on."""
        version, person = self._version(verdict.model, verdict.version), _who(self._home)
        # The ledger knows no accounts: whoever may not write on the version is refused here, before it counts.
        chain = version.tags.get(CHAIN_TAG, "")
        upsert(self._client.set_model_version_tag, verdict.model, verdict.version, CHAIN_TAG, chain)
        entry = self._ledger.append(
            verdict.model,
            entries,
            action=action,
            version=verdict.version,
            chain=chain,
            reason=reason,
            by=person.name,
            verified=person.verified,
            verdict=tuple(Answer(gate=j.gate, passed=j.outcome.passed, reason=j.outcome.reason) for j in verdict.gates),
            verdict_sha256=digest,
            approvals=_approvals(verdict),
            at=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        follow(self._client, self._ledger, verdict.model)
        tell_promotion(self._home, entry.model_dump())
        return entry

    def _version(self, model: str, number: str) -> ModelVersion:
        try:
            return self._client.get_model_version(model, number)
        except MlflowException as error:
            raise LostChampion(model, number) from error


def _who(home: Home) -> Person:
    """The account that MLflow knows; where it has none, who commits here, which nobody vouches for."""
    account = signed_in(home.root)
    return Person(account or git.user_name(home.root), account is not None)


def _approvals(verdict: Verdict) -> tuple[dict[str, Any], ...]:
    """The approvals that count, as the gate that asks for them has them."""
    stated = [said for j in verdict.gates if j.gate == APPROVALS.name for said in j.outcome.evidence["stated"]]
    return tuple(
        {name: said[name] for name in _SAID} for said in stated if said["counts_now"] and said["action"] == "approve"
    )


def _earlier(model: str, entries: tuple[Written, ...], version: str) -> Entry:
    """The newest entry that made another version than today's champion; the named one where one is named."""
    for entry in _others(entries):
        if version in ("", entry.version):
            return entry
    asked = f"version {version}" if version else "one"
    raise RollbackRefused(model, f"the ledger does not name {asked} as an earlier champion{_known(entries, version)}")


def _others(entries: tuple[Written, ...]) -> list[Entry]:
    reigning = entries[-1].entry.version if entries else ""
    return [written.entry for written in reversed(entries) if written.entry.version != reigning]


def _known(entries: tuple[Written, ...], besides: str) -> str:
    known = dict.fromkeys(entry.version for entry in _others(entries) if entry.version != besides)
    return f"; earlier champions: {', '.join(known)}" if known else ""


def _why_not(verdict: Verdict, entries: tuple[Written, ...]) -> str:
    refused = [f"{j.gate}: {j.outcome.reason}" for j in verdict.gates if not j.outcome.passed]
    return f"version {verdict.version} may not come back ({'; '.join(refused)}){_known(entries, verdict.version)}"
