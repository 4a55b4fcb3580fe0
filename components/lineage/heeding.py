"""Whether a retrain leaves out what was withdrawn: asked before hours of work, and again before it is registered."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from components.lineage.contents import Contents
from components.lineage.errors import IncompleteLineage, WithdrawnScenes, WithdrawnStart
from components.lineage.record import Content, Lineage
from components.lineage.warm_starts import warm_starts
from components.lineage.withdrawals import (
    WITHDRAWN_FILE,
    Withdrawal,
    parse_withdrawn,
    purged,
    reached_by,
    withdrawn,
)
from components.revisions.checkout import Checkout
from components.revisions.home import Home

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATA_FILE = "data.dvc"


def refuse_checkout(home: Home, checkout: Checkout) -> None:
    """Refuse a commit that would use withdrawn scenes: its withdrawn.csv does not name them, or their bytes are gone.

    Raises:
        WithdrawnScenes: naming each.
        UnreadableWithdrawals: a withdrawn.csv cannot be read.
        BrokenJournal: an entry of the journal was changed.
    """
    contents = withdrawn(home)
    if not contents:
        return
    file = checkout.folder / WITHDRAWN_FILE
    heeded = {row.md5 for row in parse_withdrawn(file.read_bytes() if file.exists() else b"", str(file))}
    unheeded = {md5: found for md5, found in contents.items() if md5 not in heeded}
    removed = purged(home)
    if not (unheeded or removed):
        return
    stores, files = Contents(checkout.folder), data_files(checkout.folder)
    scenes = [_sentence(unheeded[item.md5], item.path) for item in files if item.md5 in unheeded]
    gone = [
        str(removed[item.md5])
        for item in files
        if item.md5 in removed and item.md5 not in unheeded and not stores.holds(item.md5)
    ]
    if scenes or gone:
        raise WithdrawnScenes(f"commit {checkout.commit[:12]}", (*scenes, *gone))


def refuse_family(client: "MlflowClient", name: str, lineage: Lineage, contents: Mapping[str, Withdrawal]) -> None:
    """Refuse a model that was made with withdrawn scenes, or whose weights come from a version that was.

    Args:
        client: of the registry.
        name: what to call the model in errors.
        lineage: its record.
        contents: everything that was withdrawn, by md5.

    Raises:
        WithdrawnScenes: it was made with them.
        WithdrawnStart: an earlier version that it started from was.
        LineageError: the record of an earlier version cannot be read.
    """
    from components.lineage.ancestors import with_ancestors  # imports MLflow

    if not contents:
        return
    refuse_record(lineage, contents)
    # One that started from no earlier version is made of its own scenes alone.
    for earlier, record in with_ancestors(client, name, lineage) if warm_starts(lineage.stages) else ():
        scenes = _withdrawn_scenes(record, contents)
        if scenes:
            raise WithdrawnStart(name, earlier, scenes)


def refuse_record(lineage: Lineage, contents: Mapping[str, Withdrawal]) -> None:
    """Refuse a model that was made with withdrawn scenes.

    Raises:
        WithdrawnScenes: naming each.
    """
    scenes = _withdrawn_scenes(lineage, contents)
    if scenes:
        raise WithdrawnScenes(lineage.model, scenes)


def _withdrawn_scenes(lineage: Lineage, contents: Mapping[str, Withdrawal]) -> tuple[str, ...]:
    return tuple(
        _sentence(contents[file.md5], scene.scene_id)
        for scene in reached_by(lineage, contents)
        for file in scene.files
        if file.md5 in contents
    )


def data_files(folder: Path) -> tuple[Content, ...]:
    """What the data.dvc in a working tree lists; nothing where there is none, or where nobody has its manifest."""
    digest = data_md5(folder)
    if not digest:
        return ()
    try:
        return Contents(folder).listing(Content(path="data", md5=digest))
    except IncompleteLineage:
        return ()


def data_md5(folder: Path) -> str:
    """The md5 of the folder `data` as data.dvc has it; empty where it names none."""
    from dvc.utils.serialize import load_yaml

    file = folder / DATA_FILE
    outs = (load_yaml(str(file)) or {}).get("outs", []) if file.exists() else []
    return next((str(out.get("md5") or "") for out in outs if out.get("path") == "data"), "")


def _sentence(found: Withdrawal, name: str) -> str:
    purge = f"; purged on {found.purged_at} by {found.purged_by}" if found.purged_by else ""
    return f"{name} ({found.scene_id} withdrawn on {found.time} by {found.name}: {found.reason}{purge})"
