"""Writing into a profile which version's weights its trainings start from."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient

from components.contract.errors import ParamsError
from components.lineage.versions import CHAMPION, read_lineage, resolve
from components.lineage.warm_starts import WARM_START
from components.registry.models import MODELS
from components.registry.warm_starts import STARTING_STAGES
from components.revisions.checkout import PARAMS_FILE, PROFILE_NAME, PROFILES_FOLDER

Folders = Mapping[str, str | None]  # md5 of the folder that each stage starts from; None = train anew
ANEW: Final[Folders] = dict.fromkeys(STARTING_STAGES)
_LAPTOP: Final = "laptop"  # params.yaml is this profile, byte for byte
_LINE: Final = re.compile(rf"(?P<key> +{WARM_START}:)[^#,{{}}]*?(?P<rest>(\s+#.*)?\s*)")


def folders_of(client: MlflowClient, version: str = "") -> Folders:
    """The model folders that trainings can start from.

    Args:
        client: of the registry.
        version: MODEL@ALIAS, MODEL/VERSION or MODEL; empty for the champion of each model. A FUSAR-GPT stands for
            itself and the FUSAR-KLIP of the same retrain; beside a FUSAR-KLIP alone, `align` trains anew.

    Raises:
        UnknownVersion: there is none.
    """
    found = dict(ANEW)
    # Champions are asked one by one: each may have come of another retrain.
    for model in MODELS:
        lineage = read_lineage(client, resolve(client, version or f"{model.name}@{CHAMPION}"))
        made = {out.path: out.md5 for stage in lineage.stages for out in stage.outs}
        found[model.kind.starting_stage] = made.get(model.kind.folder)
    return found


def write_start(root: Path, profile: str, folders: Folders) -> tuple[Path, ...]:
    """Write the folders into a profile, where nothing but these values changes.

    Args:
        root: of the working tree.
        profile: name of the parameter set in profiles/; params.yaml goes with the laptop profile.
        folders: md5 by stage.

    Returns:
        The files that hold the profile.

    Raises:
        ParamsError: there is no such profile, it has no such key, or its model stands on a pretrained base.
    """
    paths = [root / PROFILES_FOLDER / f"{profile}.yaml", *([root / PARAMS_FILE] if profile == _LAPTOP else [])]
    if not PROFILE_NAME.fullmatch(profile) or not paths[0].is_file():
        known = ", ".join(sorted(path.stem for path in (root / PROFILES_FOLDER).glob("*.yaml"))) or "none"
        raise ParamsError(f"{PROFILES_FOLDER}/{profile}.yaml", (f"there is no such profile; there are: {known}",))
    texts = [_written(path, folders) for path in paths]
    for path, text in zip(paths, texts, strict=True):
        partial = path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    return tuple(paths)


def _written(path: Path, folders: Folders) -> str:
    """The text of a params file with these values in it."""
    from ruamel.yaml.comments import CommentedMap

    text = path.read_text(encoding="utf-8")
    params = _parsed(path, text)
    align = params.get("align")
    if folders["align"] is not None and isinstance(align, Mapping) and align.get("base_model") is not None:
        problem = f"align.base_model: is {align['base_model']}; only a model from scratch (null) can start warm"
        raise ParamsError(str(path), (problem,))
    lines = text.splitlines(keepends=True)
    for stage, md5 in folders.items():
        section = params.get(stage)
        if not isinstance(section, CommentedMap) or WARM_START not in section:
            raise ParamsError(str(path), (f"{stage}.{WARM_START}: missing; add `{WARM_START}: null` to {stage}",))
        number, _ = section.lc.key(WARM_START)
        found = _LINE.fullmatch(lines[number])
        if found is None:
            raise ParamsError(
                str(path), (f"{stage}.{WARM_START}: give it a line of its own, so that it can be written",)
            )
        lines[number] = f"{found['key']} {md5 or 'null'}{found['rest']}"
    return "".join(lines)


def _parsed(path: Path, text: str) -> Any:
    """A params file as mappings that know the lines of their keys."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        params = YAML().load(io.StringIO(text))
    except YAMLError as error:
        raise ParamsError(str(path), (f"cannot be read as YAML: {error}",)) from error
    if not isinstance(params, Mapping):
        raise ParamsError(str(path), ("must be a mapping of stage names to their parameters",))
    return params
