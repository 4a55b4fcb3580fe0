"""What all gates together say of a version, and how that is kept on the version: one artifact and tags."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.errors import LineageError
from components.lineage.versions import VERDICT_TAG, VERDICTS_FOLDER, fetch, logged_model_id
from components.registry.gates.gate import Outcome
from components.registry.upserting import upsert

SCHEMA: Final = 1  # of the artifact
CHECKED: Final = "checked"
AWAITING: Final = "awaiting approval"
PASSED: Final = "passed"  # first words of the tag, which the digest of the artifact follows
WAITS: Final = "awaiting"
REFUSED: Final = "refused"
WRITING: Final = "writing"  # while the tags of the gates are written: not all of them are of this verdict yet
_GATE_TAG: Final = "fusar.gate."
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


def as_bytes(verdict: Verdict) -> bytes:
    """The artifact of a verdict; its SHA-256 names it. One without a schema version is of the first."""
    content = {"schema_version": SCHEMA, **verdict.as_dict()}
    return (json.dumps(content, indent=1, sort_keys=True, default=str) + "\n").encode()


def keep_verdict(client: MlflowClient, verdict: Verdict) -> str:
    """Keep a verdict on its version and answer its digest; a kill in between is seen by the tag and can be finished."""
    content = as_bytes(verdict)
    digest = hashlib.sha256(content).hexdigest()
    version = client.get_model_version(verdict.model, verdict.version)
    word = _word(verdict.passed, verdict.waits_for_people)
    if version.tags.get(VERDICT_TAG) != f"{word} {digest}":
        put_verdict(client, version, content)
        upsert(client.set_model_version_tag, verdict.model, verdict.version, VERDICT_TAG, f"{WRITING} {digest}")
        _write_tags(client, version, (word, digest), [_sentence(asdict(judged)) for judged in verdict.gates])
    return digest


def put_verdict(client: MlflowClient, version: ModelVersion, content: bytes) -> str:
    """Keep the artifact of a verdict alone, without a word on the version's page; answer its digest."""
    digest = hashlib.sha256(content).hexdigest()
    with tempfile.TemporaryDirectory(prefix="fusar-promote-") as folder:
        path = Path(folder) / f"{digest}.json"
        path.write_bytes(content)
        client.log_model_artifact(logged_model_id(version), str(path), VERDICTS_FOLDER)
    return digest


def is_half_written(version: ModelVersion) -> bool:
    """Whether a kill came while the tags of a verdict were written."""
    return str(version.tags.get(VERDICT_TAG, "")).startswith(f"{WRITING} ")


def finish_verdict(client: MlflowClient, version: ModelVersion) -> None:
    """Write the tags of a half-written verdict from its artifact.

    Raises:
        LineageError: the artifact is not there or is another one.
    """
    digest = version.tags[VERDICT_TAG].removeprefix(f"{WRITING} ")
    content = read_verdict(client, version, digest)
    refused = [judged["outcome"] for judged in content["gates"] if not judged["outcome"]["passed"]]
    waits = bool(refused) and all(outcome["waits_for_people"] for outcome in refused)
    word = _word(not refused, waits)
    _write_tags(client, version, (word, digest), [_sentence(judged) for judged in content["gates"]])


def read_verdict(client: MlflowClient, version: ModelVersion, digest: str) -> dict[str, Any]:
    """A verdict as JSON types, from the version's artifact of that digest.

    Raises:
        LineageError: the artifact is not there or is another one.
    """
    with tempfile.TemporaryDirectory(prefix="fusar-promote-") as folder:
        content = fetch(client, version, f"{VERDICTS_FOLDER}/{digest}.json", Path(folder)).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise LineageError(f"{version.name}/{version.version}: {VERDICTS_FOLDER}/{digest}.json was changed.")
    return dict(json.loads(content))


def _write_tags(
    client: MlflowClient, version: ModelVersion, verdict: tuple[str, str], sentences: Iterable[tuple[str, str]]
) -> None:
    model, number = str(version.name), str(version.version)
    tags = {f"{_GATE_TAG}{place}.{gate}": sentence for place, (gate, sentence) in enumerate(sentences)}
    for name in sorted(name for name in version.tags if name.startswith(_GATE_TAG) and name not in tags):
        client.delete_model_version_tag(model, number, name)  # of a policy with other gates
    for name, value in sorted(tags.items()):
        upsert(client.set_model_version_tag, model, number, name, value)
    upsert(client.set_model_version_tag, model, number, VERDICT_TAG, " ".join(verdict))


def _sentence(judged: Mapping[str, Any]) -> tuple[str, str]:
    """A gate's name and what its tag says."""
    outcome = judged["outcome"]
    word = _word(outcome["passed"], outcome["waits_for_people"])
    return str(judged["gate"]), f"{word}: {outcome['reason']}"[:_TAG_LIMIT]


def _word(passed: bool, waits_for_people: bool) -> str:
    if passed:
        return PASSED
    return WAITS if waits_for_people else REFUSED
