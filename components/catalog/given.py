"""What a person says about scenes beside what the files say: a STAC item as template, and single fields."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.catalog.errors import BadTemplate

_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Given:
    """Facts that a person states.

    Attributes:
        scene_id: name of the scene, or None to take the file's.
        properties: STAC properties.
        assets: asset name to fields that belong to it, such as `fusar:year`; never where its file lies.
    """

    scene_id: str | None
    properties: Mapping[str, Any]
    assets: Mapping[str, Mapping[str, Any]]


def read_given(template: Path | None, values: Sequence[str]) -> Given:
    """Facts of a template and of `NAME=VALUE` pairs; a pair overrules the template.

    Args:
        template: a STAC item in JSON, whole or with its `properties` alone; its geometry and links are not read.
        values: `NAME=VALUE`, the value as JSON or as plain text; `sar:polarizations` may be `VV,VH`.

    Raises:
        BadTemplate: the template is no JSON object of this form, or a pair has no `=`.
    """
    item = {} if template is None else _read(template)
    properties = dict(_part(item, "properties", str(template)))
    assets = {
        name: _asset(_part(item, "assets", str(template)), name, str(template)) for name in item.get("assets", {})
    }
    pairs = dict(_pair(value) for value in values)
    scene_id = pairs.pop("id", item.get("id"))
    if scene_id is not None and not isinstance(scene_id, str):
        raise BadTemplate("id", f"{str(scene_id)[:60]!r} is no text")
    return Given(scene_id, properties | pairs, assets)


def _read(template: Path) -> dict[str, Any]:
    try:
        if template.stat().st_size > _MOST_BYTES:
            raise BadTemplate(str(template), f"larger than {_MOST_BYTES} bytes")
        content = json.loads(template.read_bytes(), parse_constant=_refuse)
    except OSError as error:
        raise BadTemplate(str(template), "cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise BadTemplate(str(template), "not JSON") from error
    if not isinstance(content, dict):
        raise BadTemplate(str(template), "not a JSON object")
    return content


def _part(item: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    part = item.get(name, {})
    if not isinstance(part, dict):
        raise BadTemplate(where, f"{name} is no JSON object")
    return part


def _asset(assets: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    if not isinstance(assets[name], dict):
        raise BadTemplate(where, f"assets.{name[:60]} is no JSON object")
    return {field: value for field, value in assets[name].items() if field not in ("href", "type", "roles")}


def _pair(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise BadTemplate(f"--set {text[:60]!r}", "not NAME=VALUE")
    try:
        parsed = json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        parsed = _polarizations(value) if name == "sar:polarizations" else value
    return name, parsed


def _polarizations(value: str) -> list[str]:
    names = [part.strip() for part in value.split(",")]
    return [name if name == "unknown" else name.upper() for name in names]


def _refuse(constant: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(constant)
