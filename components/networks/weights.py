"""The one place that puts a module's weights on disk and takes them back: safetensors only, nothing trusted."""

import json
from collections import Counter
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from components.networks.errors import BadModelConfig, BadWeights

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
Config = TypeVar("Config", bound=BaseModel)


def save_weights(module: nn.Module, folder: Path, config_json: str) -> None:
    """Write `model.safetensors` and `config.json`: the same module gives the same bytes.

    Tied tensors are written once, under the name that sorts first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _distinct_tensors(module).items()}
    save_file(tensors, folder / WEIGHTS_FILE)
    (folder / CONFIG_FILE).write_text(config_json.rstrip("\n") + "\n", encoding="utf-8")


def load_weights(module: nn.Module, folder: Path) -> None:
    """Fill `module` from a folder that `save_weights` wrote; the module is untouched unless every tensor is good.

    Raises:
        BadWeights: the file is missing or damaged, a name is not exactly the module's or stands twice, a shape differs,
            or a value is not finite; the message names file and tensor.
    """
    path = folder / WEIGHTS_FILE
    wanted = _distinct_tensors(module)
    found = _read(path)
    for name in sorted(wanted.keys() - found.keys()):
        raise BadWeights(path, name, "is missing")
    for name in sorted(found.keys() - wanted.keys()):
        raise BadWeights(path, name, "is not part of this model")
    for name, tensor in found.items():
        if tensor.shape != wanted[name].shape:
            raise BadWeights(path, name, f"has shape {tuple(tensor.shape)}, not {tuple(wanted[name].shape)}")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise BadWeights(path, name, "holds a value that is not finite")
    with torch.no_grad():
        for name, tensor in found.items():
            wanted[name].copy_(tensor)


def load_config(folder: Path, kind: type[Config]) -> Config:
    """Read `config.json` of a model folder as the pydantic model `kind`.

    Raises:
        BadModelConfig: the file is missing, is not JSON, or a key is unknown, missing or out of range.
    """
    path = folder / CONFIG_FILE
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadModelConfig(path, "does not exist or cannot be read") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise BadModelConfig(path, f"is no {kind.__name__} ({error})") from error


def _distinct_tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    """Every tensor of the module's state once, by name; of tied tensors the name that sorts first."""
    names_by_identity: dict[int, str] = {}
    state = module.state_dict(keep_vars=True)
    for name in sorted(state):
        names_by_identity.setdefault(id(state[name]), name)
    return {name: state[name] for name in sorted(names_by_identity.values())}


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError) as error:
        raise BadWeights(path, "", f"cannot be read as safetensors ({error})") from error
    for name, count in Counter(_names(path)).items():
        if count > 1:
            raise BadWeights(path, name, f"stands {count} times in the file")
    return found


def _names(path: Path) -> list[str]:
    """The names in the header as often as they stand there: of two tensors of one name safetensors takes the last."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        return [name for name, _ in json.loads(file.read(size), object_pairs_hook=list)]
