"""Names of the registered tasks, as the keys of parameters."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

from components.tasks import TASKS


def _registered(name: str) -> str:
    names = [task.name for task in TASKS]
    if name not in names:
        raise ValueError(f"no task of this name; the tasks are {', '.join(names)}")
    return name


TaskName = Annotated[str, AfterValidator(_registered)]


def unnamed_tasks(named: Iterable[str]) -> list[str]:
    """Names of the tasks that are not among these, sorted: parameters must say of each task how much of it there is."""
    return sorted({task.name for task in TASKS} - set(named))
