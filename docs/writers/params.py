"""Page of every parameter: its value stands in params.yaml, its meaning in the stage's config."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from components.contract.params import read_params
from docs.writers.markdown import code, page, table
from flows.graph import STAGES

HEAD = """Every value stands in params.yaml (the laptop profile) and in `profiles/`, every meaning in the stage's
config. A key that is unknown, missing or out of its limits stops a retrain before anything runs."""


def params_page(root: Path) -> str:
    """For each stage a table of key, value in the laptop profile, limits and meaning."""
    params = read_params(root / "params.yaml")
    sections = {
        stage.name: table(("key", "laptop", "limits", "meaning"), rows_of(stage.config, params[stage.name], ""))
        for stage in STAGES
    }
    return page("Parameters", HEAD, sections)


def rows_of(config: type[BaseModel], values: dict[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    """Rows of one config, those of the configs inside it in their place."""
    for key, field in config.model_fields.items():
        value, kind = values[key], field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from rows_of(kind, value, f"{prefix}{key}.")
        else:
            yield code(f"{prefix}{key}"), code(str(value)), limits(field), str(field.description)


def limits(field: FieldInfo) -> str:
    """What a value of this field may be, such as `>= 0, < 1`."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "multiple_of": "multiple of"}
    found = [
        f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]
    return ", ".join(found)
