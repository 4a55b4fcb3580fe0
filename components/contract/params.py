"""Reading params.yaml: every value stands there, every meaning in the pydantic models."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from components.contract.errors import ParamsError
from components.contract.stage import Stage, StageConfig


def read_params(path: Path) -> dict[str, Any]:
    """Parse a params file into a mapping of stage name to raw values.

    Raises:
        ParamsError: the file is missing, is not YAML, or is not a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ParamsError(str(path), (f"cannot be read as YAML: {error}",)) from error
    if not isinstance(content, dict):
        raise ParamsError(str(path), ("must be a mapping of stage names to their parameters",))
    return content


def stage_config(stage: Stage, params: dict[str, Any], path: Path) -> StageConfig:
    """Check one stage's parameters.

    Raises:
        ParamsError: naming each wrong `stage.key`.
    """
    if not isinstance(params.get(stage.name), dict):
        raise ParamsError(str(path), (f"{stage.name}: missing; add a mapping with this stage's parameters",))
    try:
        return stage.config.model_validate(params[stage.name])
    except ValidationError as error:
        problems = tuple(
            f"{'.'.join([stage.name, *map(str, item['loc'])])}: {item['msg']} (got {item['input']!r})"
            for item in error.errors()
        )
        raise ParamsError(str(path), problems) from error


def check_params(path: Path, stages: Sequence[Stage]) -> dict[str, StageConfig]:
    """Check a whole params file against all stages, unknown stages included.

    Raises:
        ParamsError: naming all problems of all stages at once.
    """
    params = read_params(path)
    known = {stage.name for stage in stages}
    problems = [
        f"{key}: unknown stage; the stages are {', '.join(sorted(known))}" for key in params if key not in known
    ]
    configs: dict[str, StageConfig] = {}
    for stage in stages:
        try:
            configs[stage.name] = stage_config(stage, params, path)
        except ParamsError as error:
            problems.extend(error.problems)
    if problems:
        raise ParamsError(str(path), tuple(problems))
    return configs
