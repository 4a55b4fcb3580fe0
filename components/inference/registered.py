"""A model of the registry, loaded to answer."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from components.lineage.versions import open_registry, resolve
from components.tracking.store import mlflow_environment


@dataclass(frozen=True)
class Registered:
    """A loaded fusar-gpt version.

    Attributes:
        name: model and version, such as fusar-gpt/3.
        answer: a frame with the model's input columns to one answer a row.
    """

    name: str
    answer: Callable[[pd.DataFrame], Sequence[str]]


def load_registered(root: Path, asked: str) -> Registered:
    """Load MODEL@ALIAS or MODEL/VERSION from the registry of the repository at `root`.

    Raises:
        UnknownVersion: the registry has no such version.
    """
    os.environ.update(mlflow_environment(root))
    import mlflow

    version = resolve(open_registry(root), asked)
    loaded = mlflow.pyfunc.load_model(f"models:/{version.name}/{version.version}")
    return Registered(f"{version.name}/{version.version}", loaded.predict)
