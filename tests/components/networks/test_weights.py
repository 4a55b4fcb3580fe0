import json
import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from components.networks.encoder_sizes import TextConfig
from components.networks.errors import BadModelConfig, BadWeights
from components.networks.weights import load_config, load_weights, save_weights


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(5, 4), nn.Linear(4, 5, bias=False)
        self.head.weight = self.table.weight


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    save_weights(nn.Linear(3, 2), tmp_path, "{}")
    return tmp_path


def damage(folder, change) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def test_weights_come_back_as_they_were(folder):
    module = nn.Linear(3, 2)
    load_weights(module, folder)
    assert torch.equal(module.weight, load_file(folder / "model.safetensors")["weight"])


@pytest.mark.parametrize(
    ("change", "tensor", "problem"),
    [
        (lambda t: t["weight"].fill_(float("nan")), "weight", "not finite"),
        (lambda t: t.update(wight=t.pop("weight")), "weight", "is missing"),
        (lambda t: t.update(extra=torch.zeros(1)), "extra", "not part of this model"),
        (lambda t: t.update(weight=torch.zeros(3, 2)), "weight", r"shape \(3, 2\), not \(2, 3\)"),
    ],
    ids=["nan", "renamed", "extra", "reshaped"],
)
def test_a_bad_tensor_is_refused_by_name_and_the_module_stays_as_it_was(folder, change, tensor, problem):
    damage(folder, change)
    module = nn.Linear(3, 2)
    before = module.weight.clone()
    with pytest.raises(BadWeights, match=problem) as caught:
        load_weights(module, folder)
    assert str(folder / "model.safetensors") in str(caught.value) and repr(tensor) in str(caught.value)
    assert torch.equal(module.weight, before)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_truncated_file_and_a_missing_one_are_named(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(BadWeights, match="safetensors"):
        load_weights(nn.Linear(3, 2), folder)
    path.unlink()
    with pytest.raises(BadWeights, match="safetensors"):
        load_weights(nn.Linear(3, 2), folder)


def test_a_name_that_stands_twice_is_refused_though_safetensors_takes_the_last(folder):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    twice = json.dumps(header)[:-1] + ', "weight": ' + json.dumps(header["weight"]) + "}"
    path.write_bytes(len(twice).to_bytes(8, "little") + twice.encode() + content[8 + size :])
    assert set(load_file(path)) == {"weight", "bias"}, "the library says nothing"
    with pytest.raises(BadWeights, match="tensor 'weight' stands 2 times in the file"):
        load_weights(nn.Linear(3, 2), folder)


def test_tied_tensors_are_written_once_and_stay_tied(tmp_path):
    module = Tied()
    save_weights(module, tmp_path, "{}")
    assert list(load_file(tmp_path / "model.safetensors")) == ["head.weight"]
    other = Tied()
    load_weights(other, tmp_path)
    assert torch.equal(other.table.weight, module.table.weight) and other.head.weight is other.table.weight


def test_the_same_weights_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        torch.manual_seed(3)
        save_weights(nn.Linear(3, 2), tmp_path / name, "{}")
    assert (tmp_path / "a/model.safetensors").read_bytes() == (tmp_path / "b/model.safetensors").read_bytes()


@pytest.mark.parametrize("content", ["{", "{}", json.dumps({"depth": 0}), "[1]"])
def test_a_wrong_config_names_its_file(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(BadModelConfig, match=r"config\.json"):
        load_config(tmp_path, TextConfig)
