"""DVC commands one after the other in one process: `python -P dvc_commands.py '[["repro", "x"], ["push", "x"]]'`.

Starting Python and importing DVC costs half a second a command, which every stage would pay twice. Run by its path, so
that it is this program's and not the checkout's. One command more than DVC has: `link PATH...`, see `link`.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any


def refuse_wrong_objects() -> None:
    """Make a fetched object whose bytes are not those of its name an error that names it.

    DVC, told to verify, drops such an object and goes on as if there were none: the stage would run again for hours,
    here and on every other machine, and whoever only reads its output would be told that it is missing.
    """
    from dvc.exceptions import DvcException
    from dvc_data.hashfile.db import HashFileDB

    add = HashFileDB.add

    def checked(self: Any, path: Any, fs: Any, oid: Any, *more: Any, **options: Any) -> int:
        added: int = add(self, path, fs, oid, *more, **options)
        if options.get("verify"):
            pairs = [(path, oid)] if isinstance(path, str) else list(zip(path, oid, strict=True))
            for source, name in pairs:
                if not self.exists(name) and fs.exists(source):
                    where = fs.unstrip_protocol(source)
                    raise DvcException(f"{where}: its bytes are not those of its digest. Remove that object and repeat")
        return added

    setattr(HashFileDB, "add", checked)  # noqa: B010 a type checker refuses a plain assignment


def link(targets: Sequence[str]) -> None:
    """Put outputs in place that do not lie on disk, by links into the cache, where the cache holds all of their files.

    `dvc pull` does so too, and fetches the rest; but it notes every file first as one that it may have to fetch, which
    takes longer than linking them. What is not whole in the cache is left to it.
    """
    from dvc.repo import Repo

    with Repo() as repo, repo.lock:
        for target in targets:
            for out in repo.find_outs_by_path(target):
                if not out.exists and not out.changed_cache():
                    out.checkout()


def refuse_lost_entries() -> None:
    """Make an entry of the run-cache that could not be carried an error: DVC logs it and says that all went well, and
    where a store was cut off meanwhile, no other machine would ever find the result.
    """
    from dvc_objects.fs import generic

    log_exceptions = generic.log_exceptions

    def carried(copy: Any) -> Any:
        def one(*files: Any, **options: Any) -> int:
            try:
                copy(*files, **options)
            except FileNotFoundError:  # another machine has just renamed it: the next carries it
                return int(log_exceptions(copy)(*files, **options))
            return 0

        return one

    setattr(generic, "log_exceptions", carried)  # noqa: B010 a type checker refuses a plain assignment


def hash_inputs_twice() -> None:
    """Hash what a stage reads once before its command and once after it: DVC asks seven times, and each question walks
    every file of a folder.
    """
    from dvc.dependency.base import Dependency
    from dvc.stage import run

    build, command, known = Dependency._build, run.cmd_run, {}

    def once(self: Any, *arguments: Any, **options: Any) -> Any:
        key = (self.fs_path, self.hash_name)
        if key not in known:
            known[key] = build(self, *arguments, **options)
        return known[key]

    def between(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        finally:  # whoever changed an input meanwhile is found out
            known.clear()

    setattr(Dependency, "_build", once)  # noqa: B010 a type checker refuses a plain assignment
    setattr(run, "cmd_run", between)  # noqa: B010 as above


def main() -> int:
    """Exit code of the first command that fails, else 0."""
    from dvc.cli import main as dvc

    refuse_wrong_objects()
    refuse_lost_entries()
    hash_inputs_twice()
    for command in json.loads(sys.argv[1]):
        if command[0] == "link":
            link(command[1:])
        elif code := dvc(command):
            return int(code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
