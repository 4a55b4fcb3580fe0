"""The weights that the registry serves are exactly the model's tensors, and every value is finite."""

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
    size = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    try:
        loaders[candidate.version.name](folder)
    except NetworkError as error:
        return Outcome(False, str(error).replace(f"{folder}/", ""), {"bytes": size})
    return Outcome(True, f"all tensors named, shaped and finite ({size / 1e6:.1f} MB)", {"bytes": size})


GATE = Gate("finite_weights", FiniteWeights, judge)
