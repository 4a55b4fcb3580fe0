"""The weights that the registry serves are exactly the model's tensors, and every value is finite."""

import hashlib
from pathlib import Path

from components.networks.errors import NetworkError
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class FiniteWeights(Settings):
    """The gate has no settings."""


def judge(settings: FiniteWeights, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Load the version's own files through the one door for weights, which checks names, shapes and values."""
    # Torch costs seconds; a person who asks for help, or whose policy has no such gate, never waits for it.
    from components.networks.gpt import load_gpt
    from components.networks.klip import load_klip

    loaders = {"fusar-klip": load_klip, "fusar-gpt": load_gpt}
    folder = candidate.model_folder()
    files = sorted(folder.rglob("*.safetensors"))
    size = sum(file.stat().st_size for file in files)
    evidence = {"bytes": size, "sha256": {file.name: _sha256(file) for file in files}}
    try:
        loaders[candidate.version.name](folder)
    except NetworkError as error:
        return Outcome(False, str(error).replace(f"{folder}/", ""), evidence)
    return Outcome(True, f"all tensors named, shaped and finite ({size / 1e6:.1f} MB)", evidence)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


GATE = Gate("finite_weights", FiniteWeights, judge)
