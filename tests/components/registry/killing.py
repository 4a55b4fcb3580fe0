"""A process that kills itself before its n-th write, and the forkserver that starts such processes without imports.

A write is a transaction of the database that changed a row, a file under the root that is opened for writing, linked,
renamed or removed, and a ref that git is told to keep. They are counted where Python and SQLAlchemy themselves see
them, so no write can be forgotten here.
"""

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.components.registry.preloaded"])
CHANGES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")
FILES = {"os.link": 1, "os.rename": 1, "os.remove": 0}  # event: which argument is the path


class Writes:
    """Counts writes and kills this process before one of them; 0 never does."""

    def __init__(self, root: Path, kill_before: int) -> None:
        self.root, self.kill_before, self.labels, self.changed = str(root), kill_before, list[str](), False
        sys.addaudithook(self.hear)
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "before_cursor_execute", self.execute)
        event.listen(Engine, "commit", self.commit)

    def hear(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "open" and isinstance(arguments[0], str | os.PathLike) and _writes(arguments):
            self.file("write", os.fspath(arguments[0]))
        elif name in FILES:
            self.file(name, os.fspath(arguments[FILES[name]]))
        elif name == "subprocess.Popen" and "update-ref" in arguments[1]:
            self.write(f"git {arguments[1][-2]}")

    def file(self, what: str, path: str) -> None:
        is_state = (
            not path.endswith((".lock", "-journal", "-wal", "-shm", ".pyc", ".db"))
            and "/tmp/" not in path[len(self.root) :]
        )
        if path.startswith(self.root) and is_state and "/.dvc/" not in path:
            self.write(f"{what} {path.removeprefix(self.root)}")

    def execute(self, _c: Any, _k: Any, statement: str, *_: Any) -> None:
        self.changed |= statement.lstrip().upper().startswith(CHANGES)
        self.statement = " ".join(statement.split())[:60]

    def commit(self, _: Any) -> None:
        if self.changed:
            self.changed = False
            self.write(f"commit {self.statement}")

    def write(self, label: str) -> None:
        self.labels.append(label)
        if len(self.labels) == self.kill_before:
            os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    if mode is not None:
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def run(work: Callable[..., Any], *arguments: Any, root: Path, kill_before: int = 0) -> Any:
    """Run `work(*arguments)` in a process of its own; `writes` and `answer`, or None when it was killed before one."""
    told = root.parent / "writes.json"
    told.unlink(missing_ok=True)
    process = CONTEXT.Process(target=_child, args=(work, arguments, root, kill_before, told))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return json.loads(told.read_text()) if process.exitcode == 0 else None


def forget_store() -> None:
    """Forget the store of another test: the forkserver may have been started beside it."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)


def _child(work: Callable[..., Any], arguments: tuple[Any, ...], root: Path, kill_before: int, told: Path) -> None:
    forget_store()
    writes = Writes(root, kill_before)
    answer = work(*arguments)
    told.write_text(json.dumps({"writes": writes.labels, "answer": answer}))
