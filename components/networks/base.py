"""A pretrained Qwen2.5-VL as the base: loading it without trusting it, and LoRA on its language projections."""

import hashlib
import re
from pathlib import Path

import torch
from torch import nn
from transformers import Qwen2_5_VLForConditionalGeneration
from transformers.utils import cached_file

from components.networks.errors import BadModelConfig
from components.networks.qwen import ModulatedQwen, modulated
from components.networks.sizes import LoraSettings

# Language projections only: the tower has projections of the same names (papers: section 2.6).
PROJECTIONS = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def load_base(base_model: str, revision: str | None) -> tuple[ModulatedQwen, str]:
    """Load a pretrained Qwen2.5-VL from safetensors: bfloat16 on a GPU, float32 elsewhere.

    Args:
        base_model: a local folder, or a hub id `owner/name`.
        revision: of a hub id, the commit or branch; None = the newest. A local folder has none to choose.

    Returns:
        The network and the exact revision: the hub's commit, or `sha256:...` over the local files.

    Raises:
        BadModelConfig: there is no such folder, or it holds no Qwen2.5-VL.
    """
    where = Path(base_model)
    is_local = where.is_dir()
    if not is_local and not HUB_ID.fullmatch(base_model):
        # Asking the hub for a mistyped path costs minutes of retries.
        raise BadModelConfig(where, "base_model is neither a folder nor a hub id (owner/name)")
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    chosen = None if is_local else revision
    try:
        network, report = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            base_model, revision=chosen, use_safetensors=True, dtype=dtype, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise BadModelConfig(where, f"base_model cannot be loaded as a Qwen2.5-VL ({error})") from error
    odd = sorted(report["missing_keys"] | report["unexpected_keys"])
    if odd:  # transformers only warns, and fills what is missing with random numbers
        raise BadModelConfig(where, f"base_model lacks or does not know the weights {', '.join(odd[:5])}")
    return modulated(network), folder_digest(where) if is_local else str(network.config._commit_hash)


def base_tokenizer(base_model: str, revision: str | None) -> Path:
    """Path of the base model's tokenizer.json.

    Raises:
        BadModelConfig: the base model has none.
    """
    try:
        found = cached_file(base_model, "tokenizer.json", revision=None if Path(base_model).is_dir() else revision)
    except OSError as error:
        raise BadModelConfig(Path(base_model), f"base_model has no tokenizer.json ({error})") from error
    return Path(str(found))


def folder_digest(folder: Path) -> str:
    """`sha256:` and the digest over the names and contents of a local model's configuration and weights."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.safetensors"), folder / "config.json"]):
        with path.open("rb") as file:
            digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def add_lora(network: ModulatedQwen, settings: LoraSettings) -> None:
    """Add untrained adapters to the language projections; they change nothing until they are trained."""
    from peft import LoraConfig, inject_adapter_in_model  # takes 2 s to import, and only a pretrained base needs it

    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=PROJECTIONS,
        bias="none",
    )
    inject_adapter_in_model(config, network)
    # Adapters take the base's bfloat16 on a GPU, in which a step of the optimiser would be rounded away.
    for parameter in lora_parameters(network).values():
        parameter.data = parameter.data.float()


def lora_parameters(network: ModulatedQwen) -> dict[str, nn.Parameter]:
    """The adapters' weights by name."""
    return {name: parameter for name, parameter in network.named_parameters() if ".lora_" in name}
