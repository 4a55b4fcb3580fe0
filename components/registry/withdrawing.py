"""Withdrawing a scene: from now on no retrain with it is registered, and no version that it reached is promoted."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from mlflow import MlflowClient

from components.lineage.contents import content_md5
from components.lineage.errors import NumberTaken
from components.lineage.heeding import data_files
from components.lineage.index.index import open_index
from components.lineage.withdrawals import (
    COLUMNS,
    MD5,
    SCHEMA,
    WITHDRAW,
    WITHDRAWN_FILE,
    Withdrawal,
    journal_of,
    withdrawn,
)
from components.registry.errors import BadWithdrawal, UnknownScene
from components.registry.reached import RASTERS, Reached, contents_of, reached_versions, tag
from components.registry.withdrawn_list import add_to_list
from components.revisions.home import Home


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
class Withdrawing:
    """What a withdrawal came to.

    Attributes:
        contents: what is withdrawn, one for each content that the scene ever had.
        names: all names under which these contents were ever used.
        reached: versions made with them, the newest first; each is tagged.
        all_reached: versions made with any withdrawn scene, as MODEL/VERSION.
        unread: versions of whose scenes nothing is known, and why: somebody has to look at them.
    """

    contents: tuple[Withdrawal, ...]
    names: tuple[str, ...]
    reached: tuple[Reached, ...]
    all_reached: frozenset[str]
    unread: tuple[tuple[str, str], ...]


def withdraw(home: Home, client: MlflowClient, request: Request) -> Withdrawing:
    """Withdraw a scene by all its contents; asked again, it finishes what a kill left undone and changes nothing else.

    Raises:
        BadWithdrawal: no reason or no name.
        UnknownScene: no data and no version ever had such a scene.
        UnreadableWithdrawals: withdrawn.csv holds something else.
        BrokenJournal: an entry of the journal was changed.
    """
    reason, name = _one_line(request.reason), _one_line(request.name)
    for field, value in (("--reason", reason), ("--name", name)):
        if not value:
            raise BadWithdrawal(field)
    home.state.mkdir(parents=True, exist_ok=True)
    # A version that is being registered is seen by one of the two.
    with FileLock(home.state / "register.lock"), open_index(home) as index:
        index.refresh(client)
        here = _contents_here(home)
        asked = contents_of(index, request.scene) | {found for found in here if request.scene in found}
        md5s = {md5: scene_id for scene_id, md5 in sorted(asked, reverse=True)}
        if not md5s and MD5.fullmatch(request.scene):
            md5s = {request.scene: "unknown"}  # withdrawn before anybody used it
        if not md5s:
            raise UnknownScene(request.scene, tuple(difflib.get_close_matches(request.scene, {id_ for id_, _ in here})))
        time = datetime.now(UTC).isoformat(timespec="seconds")
        contents = _keep(home, [Withdrawal(md5, md5s[md5], reason, name, time) for md5 in sorted(md5s)])
        add_to_list(home.root / WITHDRAWN_FILE, contents)
        known = withdrawn(home)
        every = reached_versions(index, sorted(known))
        tag(client, every)
        used = {found for md5 in md5s for found in contents_of(index, md5)} | {
            found for found in here if found[1] in md5s
        }
        return Withdrawing(
            tuple(known[row.md5] for row in contents),
            tuple(sorted({scene_id for scene_id, _ in used})),
            reached_versions(index, sorted(md5s)),
            frozenset(reached.name for reached in every),
            index.unread(),
        )


def _one_line(text: str) -> str:
    """Words on one line, without what moves a terminal's cursor or turns the direction of writing."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _keep(home: Home, asked: Iterable[Withdrawal]) -> tuple[Withdrawal, ...]:
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
                about = {column: getattr(row, column) for column in COLUMNS}
                journal.append(lines, {"schema_version": SCHEMA, "action": WITHDRAW, **about})
            except NumberTaken:  # another entry came first: look again
                continue
    return tuple(kept)


def _contents_here(home: Home) -> set[tuple[str, str]]:
    """Scene id and md5 of the backscatter of what data.dvc lists, and of what lies in data/ beside it."""
    listed = {(Path(file.path).stem, file.md5) for file in data_files(home.root) if file.path.startswith(RASTERS)}
    known = {scene_id for scene_id, _ in listed}
    lying = [path for path in (home.root / "data" / RASTERS).glob("*") if path.is_file() and path.stem not in known]
    return listed | {(path.stem, content_md5(path)) for path in lying}
