"""Enough people want the version live, and none of them has said no."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, Field

from components.registry.approvals import Approval, approvals_of, standing
from components.registry.candidate_digest import candidate_digest
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class Approvals(Settings):
    """Settings of the gate."""

    # In the policy the key is `from`, which Python keeps for itself.
    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    needed: int = Field(ge=1, description="How many people must approve.")
    people: tuple[str, ...] = Field(alias="from", description="Names whose word counts; empty where anybody's does.")
    verified: bool = Field(description="Whether only names that MLflow's accounts vouch for count.")


def judge(settings: Approvals, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Count the people whose newest statement approves the version as it is now; one rejection outweighs them all."""
    stated = approvals_of(candidate.home, candidate.version)
    # The digest reads every byte of the version: only where somebody has spoken at all.
    digest = candidate_digest(candidate.client, candidate.version) if stated else ""
    said = standing(stated, digest)
    counted = [approval for approval in said.values() if _counts(settings, approval)]
    approved = [approval for approval in counted if approval.action == "approve"]
    rejected = [approval for approval in counted if approval.action == "reject"]
    evidence = {"digest": digest, "statements": len(stated), "stated": [_told(approval, said) for approval in stated]}
    if rejected:
        return Outcome(False, f"{rejected[-1].in_words}: {rejected[-1].reason}", evidence)
    names = ", ".join(approval.in_words for approval in approved)
    counts = f"{len(approved)} of {settings.needed} approvals"
    if len(approved) >= settings.needed:
        return Outcome(True, f"{counts}: {names}", evidence)
    return Outcome(False, counts + _why_not_more(settings, stated, approved, said), evidence, waits_for_people=True)


def _counts(settings: Approvals, approval: Approval) -> bool:
    return (not settings.people or approval.name in settings.people) and (approval.verified or not settings.verified)


def _told(approval: Approval, said: Mapping[str, Approval]) -> dict[str, Any]:
    return {**approval.model_dump(exclude={"previous_sha256"}), "counts_now": said.get(approval.name) == approval}


def _why_not_more(
    settings: Approvals, stated: Sequence[Approval], approved: Sequence[Approval], said: Mapping[str, Approval]
) -> str:
    """What a person who approved in vain must know, and who is asked."""
    parts = [approval.in_words for approval in approved]
    void = sorted({approval.name for approval in stated} - set(said))
    parts += [f"the word of {', '.join(void)} was about other bytes and is void"] if void else []
    strangers = [name for name, approval in said.items() if not _counts(settings, approval)]
    parts += [f"the word of {', '.join(strangers)} does not count by the policy"] if strangers else []
    whose = f"asked: {', '.join(settings.people)}" if settings.people else "asked: anybody"
    return f" ({'; '.join([*parts, whose])})"


GATE = Gate("approvals", Approvals, judge)
