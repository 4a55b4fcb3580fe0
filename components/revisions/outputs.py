"""Outputs of a stage, hashed again: a name says nothing about the bytes under it, in a cache or in a remote."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.revisions.errors import Poisoned

if TYPE_CHECKING:
    from dvc.repo import Repo

_RUN_CACHE = "md5-dos2unix"  # by this name DVC gives the stores that hold `runs/`


def check_outputs(folder: Path, stage: str, entry: Mapping[str, Any]) -> None:
    """Hash the outputs of a stage, without DVC's memory of what it has hashed before.

    Also of one that has just run: DVC takes an object that is there for right and puts it in place of what was written.

    Args:
        folder: root of the checkout.
        stage: their stage.
        entry: its lock entry.

    Raises:
        Poisoned: the bytes on disk are not those of the entry.
    """
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB
    from dvc_objects.fs.local import localfs

    with tempfile.TemporaryDirectory() as nothing:
        objects = HashFileDB(localfs, nothing, hash_name="md5")
        for out in entry.get("outs", ()):
            path = folder / out["path"]
            found = build(objects, str(path), localfs, "md5", dry_run=True)[2].hash_info.value if path.exists() else ""
            if found != out.get("md5"):
                problem = f"its bytes have the digest {found}, not {out.get('md5')}" if found else "it is missing"
                raise Poisoned(stage, out["path"], problem)


def remove_refused(folder: Path, stage: str, entry: Mapping[str, Any]) -> None:
    """Remove from cache and remote what made an output refused, so that the stage runs when it is asked for again.

    That is each object of its outputs whose bytes are not those of its name, and what the run-cache says of its inputs.

    Args:
        folder: root of the checkout.
        stage: its name.
        entry: its lock entry.
    """
    from dvc.repo import Repo
    from dvc_data.hashfile.hash import file_md5

    with Repo(str(folder)) as repo:
        stores = [repo.cache.local, *_remote(repo, "md5")]
        for name in {name for out in entry.get("outs", ()) for name in _objects(str(out.get("md5")), stores)}:
            for store in stores:
                path = store.oid_to_path(name)
                if store.fs.exists(path) and file_md5(path, store.fs) != name.removesuffix(".dir"):
                    store.fs.remove(path)
        _remove_runs(repo, stage)


def _remove_runs(repo: "Repo", stage: str) -> None:
    from dvc.stage.cache import _get_stage_hash

    key = _get_stage_hash(repo.stage.load_one(str(Path(repo.root_dir) / "dvc.yaml"), stage))
    for store in (repo.cache.legacy, *_remote(repo, _RUN_CACHE)):
        runs = store.fs.join(store.path, "runs", str(key)[:2], str(key))
        if key and store.fs.exists(runs):
            store.fs.remove(runs, recursive=True)


def _remote(repo: "Repo", hash_name: str) -> Iterator[Any]:
    """The store of the default remote; none where there is no remote."""
    from dvc.config import NoRemoteError

    with suppress(NoRemoteError):
        yield repo.cloud.get_remote_odb(hash_name=hash_name)


def _objects(md5: str, stores: list[Any]) -> set[str]:
    """Names of the objects of a file, or of a folder and its files by the manifest that any store has."""
    names = {md5}
    for store in stores if md5.endswith(".dir") else ():
        # It may be missing, or wrong itself.
        with suppress(OSError, ValueError, TypeError, KeyError):
            names |= {str(found["md5"]) for found in json.loads(store.fs.cat_file(store.oid_to_path(md5)))}
    return names
