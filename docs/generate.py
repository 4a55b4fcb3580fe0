"""Write docs/reference/params.md from the stages' configs: `make docs`. A test fails when the page is out of date."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from components.contract.params import read_params
from flows.graph import STAGES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reference/params.md"
HEAD = """# Parameters

Every value stands in params.yaml (the laptop profile) and in `profiles/`; every meaning in the stage's config.
This page is written by `make docs`.
"""


def params_page() -> str:
    """The page as Markdown: for each stage a table of key, value in the laptop profile, limits and meaning."""
    params = read_params(ROOT / "params.yaml")
    parts = [HEAD]
    for stage in STAGES:
        parts.append(f"## {stage.name}\n\n| key | laptop | limits | meaning |\n|---|---|---|---|")
        parts += _rows(stage.config, params[stage.name], "")
        parts.append("")
    return "\n".join(parts)


def _rows(config: type[BaseModel], values: dict[str, Any], prefix: str) -> Iterator[str]:
    """Rows of one config, those of the configs inside it behind it."""
    for key, field in config.model_fields.items():
        value, kind = values[key], field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(kind, value, f"{prefix}{key}.")
        else:
            yield f"| `{prefix}{key}` | `{value}` | {_limits(field)} | {field.description} |"


def _limits(field: FieldInfo) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "multiple_of": "multiple of"}
    found = [
        f"{sign} {getattr(rule, name)}"
        for rule in field.metadata
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]
    return ", ".join(found)


if __name__ == "__main__":
    PAGE.write_text(params_page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
