"""A model folder as an MLflow pyfunc "model from code": safetensors and source, nothing pickled."""

import base64
import io
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import mlflow
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from PIL import Image

from components.networks.tokenizer import TOKENIZER_FILE
from components.networks.weights import CONFIG_FILE, WEIGHTS_FILE
from components.registry.errors import RegistryError
from components.registry.models import KLIP, RegisteredModel

# What serving imports; the exact versions stand in requirements.lock. rasterio, pyproj and shapely make a GeoTIFF that
# a request names answerable: 7 % of the environment, which torch and mlflow fill.
PACKAGES: Final = (
    "accelerate",
    "affine",
    "mlflow",
    "numpy",
    "pandas",
    "peft",
    "pillow",
    "pyarrow",
    "pydantic",
    "pyproj",
    "rasterio",
    "safetensors",
    "shapely",
    "tokenizers",
    "torch",
    "transformers",
)
# All that a model folder holds; an optimizer.pt or training_args.bin beside them would travel with every download.
MODEL_FILES: Final = frozenset({CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE})
EXAMPLE_CAPTION: Final = "Two ships lie on open water."
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")
# A chip is given in `image` or named in `path`; docs/how-to/serve-a-champion.md describes every column.
_CHIP_COLUMNS: Final = tuple(ColSpec(DataType.string, name, required=False) for name in ("image", "path", "scale"))
SIGNATURES: Final = {
    "fusar-klip": ModelSignature(
        inputs=Schema(
            [
                *_CHIP_COLUMNS,
                ColSpec(DataType.string, "polarizations", required=False),
                ColSpec(DataType.string, "text", required=False),
            ]
        ),
        outputs=Schema([ColSpec(Array(DataType.double))]),
    ),
    "fusar-gpt": ModelSignature(
        inputs=Schema(
            [
                *_CHIP_COLUMNS,
                ColSpec(DataType.string, "polarizations"),
                ColSpec(DataType.double, "spacing_m", required=False),
                ColSpec(DataType.string, "question"),
                ColSpec(DataType.string, "alphaearth", required=False),
            ]
        ),
        outputs=Schema([ColSpec(DataType.string)]),
        params=ParamSchema([ParamSpec("max_new_tokens", DataType.long, 96)]),
    ),
}


def pinned_requirements(lock: Path) -> list[str]:
    """The lines of requirements.lock that serving needs, sorted: `PACKAGES`, and what they need themselves.

    What a package of this machine needs beyond the lock, such as the CUDA libraries of a GPU's torch, is left to pip.

    Raises:
        RegistryError: the lock does not pin one of `PACKAGES`.
    """
    lines = lock.read_text(encoding="utf-8").splitlines()
    pins = {canonicalize_name(match[1]): match[0] for line in lines if (match := _PINNED.match(line))}
    absent = [name for name in PACKAGES if name not in pins]
    if absent:
        raise RegistryError(f"{lock}: does not pin {', '.join(absent)}, which serving a model needs. Add the lines.")
    needed = _with_dependencies(PACKAGES)
    return sorted((pins[name] for name in needed if name in pins), key=str.lower)


def _with_dependencies(packages: Sequence[str]) -> set[NormalizedName]:
    """Canonical names of packages and of all that their installed versions need, extras included."""
    found: set[tuple[NormalizedName, str]] = set()
    waiting = [(name, "") for name in packages]
    while waiting:
        name, extra = waiting.pop()
        if (canonicalize_name(name), extra) in found:
            continue
        found.add((canonicalize_name(name), extra))
        for needed in map(Requirement, _declared(name)):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed.name, wanted) for wanted in ("", *needed.extras)]
    return {name for name, _ in found}


def _declared(package: str) -> list[str]:
    try:
        return metadata.requires(package) or []
    except metadata.PackageNotFoundError:  # optional here, or a name for another platform
        return []


def input_example(model: RegisteredModel, checkout: Path) -> pd.DataFrame:
    """A good request: a chip that the evaluation saw, with a caption or the question that it was asked.

    Raises:
        RegistryError: the evaluation holds no item of the model.
    """
    items = pq.read_table(checkout / "outputs/evaluate/items.parquet", filters=[("model", "=", model.name)])
    if len(items) == 0:
        raise RegistryError(f"outputs/evaluate/items.parquet: holds no item of {model.name}. Run `dvc repro evaluate`.")
    folder = checkout / "outputs/ingest/chips"
    asked = [("chip_id", "in", set(items["chip_id"].to_pylist()))]
    known = pq.read_table(folder, columns=["chip_id", "spacing_m"], filters=asked).to_pylist()
    # A request says how far its pixels are apart: a chip of which nobody knows is no good example, unless all are so.
    unspaced = {row["chip_id"] for row in known if row["spacing_m"] is None}
    item = min(
        items.to_pylist(), key=lambda row: (row["chip_id"] in unspaced, row["chip_id"], row["task"], row["question"])
    )
    columns = ["height", "width", "polarizations", "spacing_m", "backscatter"]
    chip = pq.read_table(folder, columns=columns, filters=[("chip_id", "=", item["chip_id"])]).to_pylist()[0]
    shape = (len(chip["polarizations"]), chip["height"], chip["width"])
    image = _png(np.frombuffer(chip["backscatter"], np.uint8).reshape(shape)[:2])
    polarizations = ",".join(chip["polarizations"][:2])
    if model is KLIP:
        return pd.DataFrame(
            {"image": [image, None], "polarizations": [polarizations, None], "text": [None, EXAMPLE_CAPTION]}
        )
    question = {"spacing_m": float(chip["spacing_m"] or 1.0), "question": item["question"]}
    return pd.DataFrame([{"image": image, "polarizations": polarizations, **question}])


def package(model: RegisteredModel, checkout: Path, ids: tuple[str, str], folder: Path) -> None:
    """Write an MLflow model folder and load it once: what cannot answer its own example is not registered.

    Args:
        model: which one.
        checkout: holds its weights, its code and requirements.lock.
        ids: MLflow's ids of the logged model and of the retrain run.
        folder: to write; must not exist.

    Raises:
        RegistryError: the model's folder holds a file that is none of a model's, or the model does not answer its
            input example.
    """
    _check_files(checkout / model.kind.folder)
    example = input_example(model, checkout)
    mlflow.pyfunc.save_model(
        folder,
        python_model=str(checkout / "components" / "inference" / model.code),
        artifacts={"model": str(checkout / model.kind.folder)},
        code_paths=[str(checkout / "components")],
        signature=SIGNATURES[model.name],
        input_example=example,
        pip_requirements=pinned_requirements(checkout / "requirements.lock"),
        mlflow_model=Model(model_id=ids[0], run_id=ids[1]),
    )
    _answer_example(model, example, folder)


def _check_files(folder: Path) -> None:
    found = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()
    }
    strange = sorted(found - MODEL_FILES)
    if strange:
        raise RegistryError(
            f"{folder}: holds {', '.join(strange)}, but a model is {', '.join(sorted(MODEL_FILES))}. Remove "
            "the rest: a training's own state may hold pickles and is never registered."
        )


def _png(codes: npt.NDArray[np.uint8]) -> str:
    """Backscatter codes (P, H, W), one plane or two, as the column `image` wants them."""
    image = Image.fromarray(codes[0]) if len(codes) == 1 else Image.fromarray(codes.transpose(1, 2, 0).copy())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _answer_example(model: RegisteredModel, example: pd.DataFrame, folder: Path) -> None:
    # MLflow answers a failing input example with a warning alone.
    answers: Sequence[Any] = mlflow.pyfunc.load_model(str(folder)).predict(example)
    if len(answers) != len(example):
        raise RegistryError(f"{model.name}: gave {len(answers)} answers to {len(example)} rows of its example.")
