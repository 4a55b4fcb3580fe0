"""What a machine that serves must download is no larger than it may be."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import Field

from components.lineage.versions import logged_model_id
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings

_FOLDER_OF_WEIGHTS = "artifacts"


class Size(Settings):
    """Settings of the gate."""

    max_mb: float = Field(gt=0, description="Largest size of the model's own files: weights and tokenizer [10^6 byte].")


def judge(settings: Size, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Add up the sizes that the artifact store gives; nothing is downloaded.

    Evaluations and verdicts, which grow with the life of a version, do not count; the code does not either.
    """
    sizes = dict(_sizes(candidate, _FOLDER_OF_WEIGHTS))
    total = sum(sizes.values()) / 1e6
    evidence = {"bytes": sum(sizes.values()), "files": sizes}
    if not sizes:
        return Outcome(False, "the version holds no model files", evidence)
    largest = PurePosixPath(max(sizes, key=lambda path: (sizes[path], path))).name
    told = f"{total:.1f} MB in {len(sizes)} files (largest {largest}), allowed {settings.max_mb:g} MB"
    return Outcome(total <= settings.max_mb, told, evidence)


def _sizes(candidate: Candidate, folder: str) -> Iterator[tuple[str, int]]:
    for entry in candidate.client.list_logged_model_artifacts(logged_model_id(candidate.version), folder):
        if entry.is_dir:
            yield from _sizes(candidate, entry.path)
        else:
            yield entry.path, int(entry.file_size)


GATE = Gate("size", Size, judge)
