"""Taking the bytes of withdrawn scenes out of DVC's cache, its remotes, the memo and all checkouts, on record.

First it is written what will go, then it goes: whoever misses an object later can say who had it removed, and a purge
that was killed is finished by asking for it again.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Final

import fsspec

from components.lineage.contents import content_md5
from components.lineage.errors import NumberTaken
from components.lineage.heeding import DATA_FILE, data_files, data_md5
from components.lineage.record import Lineage
from components.lineage.stores import Stores
from components.lineage.withdrawals import PURGE, SCHEMA, Withdrawal, journal_of
from components.memo.store import MEMO
from components.registry.scene_objects import DATA, Named, objects_of
from components.revisions import git
from components.revisions.home import Home

_FOOTER: Final = 1 << 16  # of an entry of the memo: Parquet keeps least and greatest ids of chips at its end


@dataclass(frozen=True)
class Removed:
    """One object that is gone.

    Attributes:
        md5: of its content.
        paths: what it was; the same bytes may have had several names.
        places: the stores and checkouts that had it.
    """

    md5: str
    paths: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True)
class Purge:
    """What a purge came to.

    Attributes:
        removed: every object, also those that an earlier purge had removed (without places).
        memo_entries: results of single scenes that were forgotten.
        kept: outputs made with the scene and others, which stay, with the count of their versions.
        shared: files of the scene that stay because other scenes have the same bytes.
    """

    removed: tuple[Removed, ...]
    memo_entries: int
    kept: Mapping[str, int]
    shared: tuple[str, ...]


def purge(home: Home, records: Iterable[Lineage], contents: tuple[Withdrawal, ...], name: str) -> Purge:
    """Remove every object that holds these withdrawn scenes alone.

    Args:
        home: of the repository.
        records: of all its versions.
        contents: what was withdrawn; it must stand in the journal already.
        name: who asks.

    Raises:
        BrokenJournal: an entry of the journal was changed.
    """
    stores, md5s = Stores(home.root), {row.md5 for row in contents}
    found = objects_of(stores, _manifests(home), records, md5s)
    going = found.to_purge()
    scenes = {scene for names in found.alone.values() for _, scene in names}
    _drop_from_data(home.root, stores, scenes, md5s)
    _write_down(home, contents, going, name)
    trees = _trees(home.root)
    removed = []
    for md5, names in going.items():
        paths = tuple(path for path, _ in names)
        places = [*stores.remove(md5), *_remove_files(home.root, trees, paths, md5)]
        removed.append(Removed(md5, paths, tuple(dict.fromkeys(places))))
    return Purge(
        removed=tuple(removed),
        memo_entries=sum(_forget(url, scenes) for url in {str(home.memo), os.environ.get(MEMO, str(home.memo))}),
        kept={path: len(found.mixed[path]) for path in sorted(found.mixed)},
        shared=tuple(sorted(path for md5 in found.alone.keys() & found.needed for path, _ in found.alone[md5])),
    )


def _manifests(home: Home) -> Iterator[str]:
    """The folder `data` of the working tree, of HEAD and of the default branch."""
    from dvc.utils.serialize import parse_yaml

    yield data_md5(home.root)
    for head in git.default_heads(home.root):
        content = git.blob(home.root, head, DATA_FILE)
        for out in (parse_yaml(content.decode(), DATA_FILE) or {}).get("outs", []) if content else []:
            if out.get("path") == DATA and out.get("md5"):
                yield str(out["md5"])


def _drop_from_data(root: Path, stores: Stores, scenes: set[str], md5s: set[str]) -> None:
    """Let data.dvc list the scenes no more: what it lists, `dvc pull` wants to have."""
    from dvc.utils.serialize import dump_yaml, load_yaml

    files = data_files(root)
    here = {Path(file.path).stem for file in files if file.md5 in md5s} & scenes
    going = [file for file in files if Path(file.path).stem in here]
    if not going:
        return
    left = tuple((file.path, file.md5) for file in files if file not in going)
    content = load_yaml(str(root / DATA_FILE))
    out = next(out for out in content["outs"] if out["path"] == DATA)
    sizes = [stores.size(file.md5) for file in going]
    out.update(md5=stores.put_folder(left), nfiles=len(left))
    if "size" in out:
        out["size"] -= sum(size or 0 for size in sizes)
    partial = root / f".{DATA_FILE}.partial"
    dump_yaml(str(partial), content)
    partial.replace(root / DATA_FILE)


def _write_down(home: Home, contents: tuple[Withdrawal, ...], going: Mapping[str, list[Named]], name: str) -> None:
    """One entry for each withdrawn content that has none for all of these objects."""
    journal, time = journal_of(home), datetime.now(UTC).isoformat(timespec="seconds")
    objects = [{"md5": md5, "path": path} for md5, names in going.items() for path, _ in names]
    for row in contents:
        while True:
            lines = journal.lines()
            known = {
                item["md5"]
                for line in lines
                if line.content.get("action") == PURGE and line.content["md5"] == row.md5
                for item in line.content["objects"]
            }
            if known >= going.keys() and known:
                break
            who = {"md5": row.md5, "scene_id": row.scene_id, "name": name, "time": time}
            try:
                journal.append(lines, {"schema_version": SCHEMA, "action": PURGE, **who, "objects": objects})
                break
            except NumberTaken:  # another entry came first: look again
                continue


def _trees(root: Path) -> tuple[Path, ...]:
    """The main working tree and all checkouts; their files are links into the cache and outlive its objects."""
    listing = git.git(root, "worktree", "list", "--porcelain", "-z").split(b"\0")
    return tuple(
        Path(os.fsdecode(line.removeprefix(b"worktree "))) for line in listing if line.startswith(b"worktree ")
    )


def _remove_files(root: Path, trees: Iterable[Path], paths: Iterable[str], md5: str) -> Iterator[str]:
    for tree, path in product(trees, paths):
        file = tree / path
        into_cache = file.is_symlink() and file.readlink().as_posix().endswith(
            f"{md5[:2]}/{md5[2:]}"
        )  # now leads nowhere
        if into_cache or (file.is_file() and content_md5(file) == md5):
            file.unlink()
            yield tree.relative_to(root).as_posix() if tree.is_relative_to(root) else str(tree)


def _forget(url: str, scenes: set[str]) -> int:
    """Remove the memo's entries that name a chip of the scenes; a living scene of that name is only cut again."""
    files, root = fsspec.core.url_to_fs(url)
    names = [f"{scene}-r".encode() for scene in scenes]
    count = 0
    for path in files.find(root) if files.exists(root) else ():
        if any(name in files.cat_file(path, start=-min(_FOOTER, files.size(path))) for name in names):
            files.rm_file(path)
            count += 1
    return count
