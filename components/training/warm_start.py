"""A training that starts from the weights of an earlier version: its model folder by md5, from where DVC keeps it.

Nothing of it is trusted: every byte is hashed again, a listing may name plain files alone, weights are safetensors.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from components.training.errors import NoWarmStart, OtherNetwork

if TYPE_CHECKING:
    from torch import nn

FOLDER_MD5: Final = r"^[0-9a-f]{32}\.dir$"
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class WarmStart:
    """What a stage was asked to start from.

    Attributes:
        key: the parameter, `<stage>.warm_start`.
        md5: of the model folder as DVC has it; ends in `.dir`.
    """

    key: str
    md5: str

    def refuse(self, problem: str) -> NoWarmStart:
        """The error that says why this cannot be started from."""
        return NoWarmStart(self.key, self.md5, problem)


@contextmanager
def model_folder(asked: WarmStart) -> Iterator[Path]:
    """The files of the model folder, for the block: from the cache or the default remote of the checkout one is in.

    Raises:
        NoWarmStart: a file is missing or unreadable, is kept as other bytes, or would lie outside of the folder.
    """
    stores = _stores(asked)
    with tempfile.TemporaryDirectory(prefix="fusar-warm-start-") as scratch:
        listing = Path(scratch) / "listing"
        _fetch(asked, stores, asked.md5, listing)
        folder = Path(scratch) / "folder"
        folder.mkdir()
        for name, md5 in _files(asked, listing.read_bytes()).items():
            _fetch(asked, stores, md5, folder / name)
        yield folder


def take_over(module: "nn.Module", folder: Path, asked: WarmStart, differing: "Difference | None") -> None:
    """Fill a module with the weights of a folder.

    Args:
        module: as the parameters of now make it.
        folder: of `model_folder`.
        asked: what the folder is.
        differing: the first parameter of the network that was another one there; None where all are the same.

    Raises:
        OtherNetwork: the folder holds weights of another network.
        NoWarmStart: its weights do not fit its own configuration.
    """
    from components.networks.errors import BadWeights
    from components.networks.weights import load_weights

    try:
        load_weights(module, folder)
    except BadWeights as error:
        problem = f"tensor {error.tensor!r} {error.problem}" if error.tensor else error.problem
        if differing is None:
            raise asked.refuse(problem) from error
        raise OtherNetwork(asked.key, asked.md5, problem, differing.field, differing.values) from error
    if differing is not None:
        problem = "its tensors fit, but it computes something else"
        raise OtherNetwork(asked.key, asked.md5, problem, differing.field, differing.values)


@dataclass(frozen=True)
class Difference:
    """A parameter by its dotted name, with its value in the earlier version and now."""

    field: str
    values: tuple[Any, Any]


def first_difference(was: BaseModel, now: BaseModel, stage_of: Mapping[str, str]) -> Difference | None:
    """The first parameter in which two configurations of a network differ.

    Args:
        was: configuration of the earlier version.
        now: the one that the parameters of now make.
        stage_of: the stage whose parameters hold a part of it, by the part's name.
    """
    for name, before, after in _differing(was.model_dump(mode="json"), now.model_dump(mode="json")):
        return Difference(f"{stage_of[name.split('.')[0]]}.{name}", (before, after))
    return None


def _differing(was: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    for key in was:
        before, after = was[key], now[key]
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _differing(before, after, f"{prefix}{key}.")
        elif before != after:
            yield f"{prefix}{key}", before, after


def _stores(asked: WarmStart) -> tuple[Any, ...]:
    """The cache and, where one is set, the default remote of the DVC repository in the current folder."""
    from dvc.config import NoRemoteError
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        repo = Repo(str(Path.cwd()))
        try:
            return repo.cache.local, repo.cloud.get_remote_odb()
        except NoRemoteError:
            return (repo.cache.local,)
    except DvcException as error:
        raise asked.refuse(f"DVC has no store here: {error}") from error


def _fetch(asked: WarmStart, stores: tuple[Any, ...], md5: str, target: Path) -> None:
    """Write the object with an md5 to a file, from the first store that has the right bytes."""
    found = "is neither in the DVC cache nor in the DVC remote"
    for store in stores:
        path = store.oid_to_path(md5)
        try:
            if _copy(store, path, target) == md5.removesuffix(".dir"):
                return
            found = f"is kept as other bytes at {path}"
        except FileNotFoundError:
            continue
        except OSError as error:
            found = f"cannot be read at {path}: {type(error).__name__}"
    raise asked.refuse(f"object {md5} {found}")


def _copy(store: Any, path: str, target: Path) -> str:
    """Copy an object and answer the md5 of its bytes."""
    digest = hashlib.md5(usedforsecurity=False)
    with store.fs.open(path, "rb") as source, target.open("wb") as copy:
        while block := source.read(_BLOCK):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()


def _files(asked: WarmStart, listing: bytes) -> dict[str, str]:
    """Md5 of each file of a folder, by its name; DVC's listing of it is JSON."""
    try:
        rows = [(row["relpath"], row["md5"]) for row in json.loads(listing)]
        if not all(_NAME.fullmatch(name) and _MD5.fullmatch(md5) for name, md5 in rows):
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise asked.refuse("its listing is none of a model folder: that holds plain files alone") from error
    return dict(rows)
