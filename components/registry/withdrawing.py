"""Withdrawing a scene: from now on no retrain with it is registered, and no version that it reached is promoted."""

import csv
import difflib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.contents import content_md5
from components.lineage.errors import NumberTaken
from components.lineage.heeding import data_files
from components.lineage.record import Lineage
from components.lineage.versions import read_lineage, versions_of
from components.lineage.withdrawals import (
    COLUMNS,
    MD5,
    WITHDRAW,
    WITHDRAWN_FILE,
    WITHDRAWN_TAG,
    Withdrawal,
    journal_of,
    parse_withdrawn,
    reached_by,
    withdrawn,
)
from components.registry.errors import BadWithdrawal, UnknownScene
from components.registry.models import MODELS
from components.revisions.home import Home

_TAG_LIMIT: Final = 1000
_SCENES: Final = "scenes/"
Record = tuple[ModelVersion, Lineage]


@dataclass(frozen=True)
class Request:
    """What a person asks for.

    Attributes:
        scene: id of a scene, or md5 of its backscatter file.
        reason: why, in words.
        name: who asks.
    """

    scene: str
    reason: str
    name: str


@dataclass(frozen=True)
class Reached:
    """A version that was made with withdrawn scenes, by their ids."""

    model: str
    version: str
    scenes: tuple[str, ...]


@dataclass(frozen=True)
class Withdrawing:
    """What a withdrawal came to.

    Attributes:
        contents: what is withdrawn, one for each content that the scene ever had.
        names: all names under which these contents were ever used.
        reached: versions made with them, the newest first; each is tagged.
        all_reached: versions made with any withdrawn scene, as MODEL/VERSION.
    """

    contents: tuple[Withdrawal, ...]
    names: tuple[str, ...]
    reached: tuple[Reached, ...]
    all_reached: frozenset[str]


def withdraw(home: Home, client: MlflowClient, request: Request) -> Withdrawing:
    """Withdraw a scene by all its contents; asked again, it finishes what a kill left undone and changes nothing else.

    Raises:
        BadWithdrawal: no reason or no name.
        UnknownScene: no data and no version ever had such a scene.
        BrokenJournal: an entry of the journal was changed.
    """
    reason, name = _one_line(request.reason), _one_line(request.name)
    for field, value in (("--reason", reason), ("--name", name)):
        if not value:
            raise BadWithdrawal(field)
    home.state.mkdir(parents=True, exist_ok=True)
    with FileLock(home.state / "register.lock"):  # a version that is being registered is seen by one of the two
        records = tuple(records_of(client))
        used = {*_used(records), *_used_here(home)}
        md5s = {md5: scene_id for scene_id, md5 in sorted(used, reverse=True) if request.scene in (scene_id, md5)}
        if not md5s and MD5.fullmatch(request.scene):
            md5s = {request.scene: "unknown"}  # withdrawn before anybody used it
        if not md5s:
            raise UnknownScene(request.scene, tuple(difflib.get_close_matches(request.scene, {s for s, _ in used})))
        time = datetime.now(UTC).isoformat(timespec="seconds")
        contents = _keep(home, [Withdrawal(md5, md5s[md5], reason, name, time) for md5 in sorted(md5s)])
        write_list(home.root / WITHDRAWN_FILE, contents)
        every = withdrawn(home)
        tag(client, records, every)
    mine = {row.md5: row for row in contents}
    return Withdrawing(
        contents,
        tuple(sorted({scene_id for scene_id, md5 in used if md5 in mine})),
        tuple(_reached(records, mine)),
        frozenset(f"{reached.model}/{reached.version}" for reached in _reached(records, every)),
    )


def _one_line(text: str) -> str:
    """Words on one line, without what moves a terminal's cursor or turns the direction of writing."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def tag(client: MlflowClient, records: tuple[Record, ...], contents: Mapping[str, Withdrawal]) -> None:
    """Say on every version which withdrawn scenes it was made with."""
    known = {(str(version.name), str(version.version)): version for version, _ in records}
    for reached in _reached(records, contents):
        value = ",".join(reached.scenes)[:_TAG_LIMIT]
        if known[reached.model, reached.version].tags.get(WITHDRAWN_TAG) != value:
            client.set_model_version_tag(reached.model, reached.version, WITHDRAWN_TAG, value)


def write_list(path: Path, contents: tuple[Withdrawal, ...]) -> None:
    """Add rows to a withdrawn.csv where it does not have them; a kill leaves the old file or the new one."""
    old = path.read_bytes() if path.exists() else b""
    known = {row.md5 for row in parse_withdrawn(old, str(path))}
    fresh = [row for row in contents if row.md5 not in known]
    if not fresh:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not old.strip():
        old = b""
        writer.writerow(COLUMNS)
    elif not old.endswith(b"\n"):
        old += b"\n"
    writer.writerows([getattr(row, column) for column in COLUMNS] for row in fresh)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(old + text.getvalue().encode())
    partial.replace(path)


def _keep(home: Home, asked: list[Withdrawal]) -> tuple[Withdrawal, ...]:
    """Write what the journal does not have yet; whoever withdrew first stands."""
    journal, kept = journal_of(home), []
    for row in asked:
        while True:
            lines = journal.lines()
            known = [
                line for line in lines if line.content.get("action") == WITHDRAW and line.content["md5"] == row.md5
            ]
            if known:
                kept.append(Withdrawal(**{column: str(known[0].content[column]) for column in COLUMNS}))
                break
            try:
                journal.append(lines, {"action": WITHDRAW, **{column: getattr(row, column) for column in COLUMNS}})
            except NumberTaken:  # another entry came first: look again
                continue
    return tuple(kept)


def records_of(client: MlflowClient) -> Iterator[Record]:
    """Every version of every model, the newest of each first, with its record."""
    for model in MODELS:
        for version in versions_of(client, model.name):
            yield version, read_lineage(client, version)


def _reached(records: tuple[Record, ...], contents: Mapping[str, Withdrawal]) -> Iterator[Reached]:
    for version, lineage in records:
        scenes = tuple(scene.scene_id for scene in reached_by(lineage, contents))
        if scenes:
            yield Reached(str(version.name), str(version.version), scenes)


def _used(records: tuple[Record, ...]) -> set[tuple[str, str]]:
    """Scene ids with the md5 of their backscatter, of every version."""
    scenes = (scene for _, lineage in records for scene in lineage.scenes)
    return {(scene.scene_id, file.md5) for scene in scenes for file in scene.files if file.path.startswith(_SCENES)}


def _used_here(home: Home) -> set[tuple[str, str]]:
    """The same of what data.dvc lists and of what lies in data/."""
    listed = {(Path(file.path).stem, file.md5) for file in data_files(home.root) if file.path.startswith(_SCENES)}
    lying = {(path.stem, path) for path in (home.root / "data/scenes").glob("*") if path.is_file()}
    return listed | {(name, content_md5(path)) for name, path in lying if name not in {known for known, _ in listed}}
