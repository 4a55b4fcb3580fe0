"""An earlier version's folder by md5: from a real DVC cache or remote, and nothing of it trusted."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from components.networks.weights import save_weights
from components.training.errors import NoWarmStart, OtherNetwork
from components.training.warm_start import Difference, WarmStart, model_folder, take_over
from tests.components.training.stored import init, keep

CONTENT = {"config.json": b"{}\n", "model.safetensors": b"weights"}


class Store:
    """A DVC repository whose cache and remote hold one model folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache, self.remote = root / ".dvc/cache/files/md5", root / "remote/files/md5"
        self.names = {name: self.put(content) for name, content in CONTENT.items()}
        self.listing = [{"md5": md5, "relpath": name} for name, md5 in self.names.items()]
        self.md5 = self.put_listing(self.listing)

    def put(self, content: bytes, suffix: str = "") -> str:
        return {keep(store, content, suffix) for store in (self.cache, self.remote)}.pop()

    def put_listing(self, rows: object) -> str:
        return self.put(json.dumps(rows).encode(), ".dir")

    @staticmethod
    def path(store: Path, md5: str) -> Path:
        return store / md5[:2] / md5[2:]

    def read(self, md5: str = "") -> dict[str, bytes]:
        with model_folder(WarmStart("pretrain.warm_start", md5 or self.md5)) as folder:
            return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("empty")
    init(root)
    return root


@pytest.fixture
def store(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    root = Path(shutil.copytree(empty, tmp_path / "repo"))
    monkeypatch.chdir(root)
    return Store(root)


def test_the_folder_comes_from_the_cache_or_else_from_the_remote(store: Store) -> None:
    assert store.read() == CONTENT
    shutil.rmtree(store.cache)
    assert store.read() == CONTENT
    assert not store.cache.exists(), "a stage leaves no trace beside its outputs"


def test_a_wrong_byte_in_the_cache_is_passed_over_and_in_both_is_refused(store: Store) -> None:
    weights = store.names["model.safetensors"]
    store.path(store.cache, weights).write_bytes(b"weighty")
    assert store.read() == CONTENT
    store.path(store.remote, weights).write_bytes(b"weighty")
    with pytest.raises(NoWarmStart, match=f"pretrain.warm_start: cannot start from {store.md5}.*{weights} is kept as"):
        store.read()


def test_a_changed_listing_is_refused(store: Store) -> None:
    rows = json.dumps([*store.listing, {"md5": store.names["config.json"], "relpath": "more.json"}]).encode()
    for place in (store.cache, store.remote):
        store.path(place, store.md5).write_bytes(rows)
    with pytest.raises(NoWarmStart, match=f"object {store.md5} is kept as other bytes"):
        store.read()


def test_what_is_nowhere_is_said_by_its_md5(store: Store) -> None:
    with pytest.raises(NoWarmStart, match=r"object 0{32}\.dir is neither in the DVC cache nor in the DVC remote"):
        store.read("0" * 32 + ".dir")
    for place in (store.cache, store.remote):
        store.path(place, store.names["config.json"]).unlink()
    with pytest.raises(NoWarmStart, match=f"object {store.names['config.json']} is neither"):
        store.read()


@pytest.mark.parametrize(
    "name", ["../config.json", "/etc/passwd", "a/b.json", "..", ".hidden", "config.json\n", "a\\b", "", 7]
)
def test_a_listing_that_names_anything_but_plain_files_is_refused(store: Store, name: object) -> None:
    hostile = store.put_listing([{"md5": store.names["config.json"], "relpath": name}])
    with pytest.raises(NoWarmStart, match="plain files alone"):
        store.read(hostile)
    assert not (store.root / "config.json").exists()


@pytest.mark.parametrize("rows", [[{"md5": "../../x", "relpath": "config.json"}], [{}], 7, [7], {"a": 1}])
def test_a_listing_of_another_shape_is_refused(store: Store, rows: object) -> None:
    with pytest.raises(NoWarmStart, match="plain files alone"):
        store.read(store.put_listing(rows))


def test_outside_of_a_dvc_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoWarmStart, match="DVC has no store here"), model_folder(WarmStart("x", "0" * 32 + ".dir")):
        pass


def test_weights_are_taken_over_whole_or_not_at_all(tmp_path: Path) -> None:
    torch.manual_seed(1)
    earlier, now, other = nn.Linear(3, 2), nn.Linear(3, 2), nn.Linear(4, 2)
    save_weights(earlier, tmp_path, "{}")
    asked = WarmStart("align.warm_start", "0" * 32 + ".dir")
    take_over(now, tmp_path, asked, None)
    assert torch.equal(now.weight, earlier.weight) and torch.equal(now.bias, earlier.bias)
    before = other.weight.clone()
    wider = Difference("align.language.width", (3, 4))
    with pytest.raises(OtherNetwork, match=r"'weight' has shape .* Set align.language.width to 3 as it was"):
        take_over(other, tmp_path, asked, wider)
    assert torch.equal(other.weight, before)
    with pytest.raises(OtherNetwork, match="tensors fit, but it computes something else"):
        take_over(now, tmp_path, asked, Difference("pretrain.vision.heads", (2, 4)))
