"""FUSAR-KLIP as MLflow loads it: chips or captions in, unit embeddings out ("models from code": no pickle)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import torch
from mlflow.models import set_model

from components.inference.errors import BadRequest
from components.inference.requests import decode_chip, is_given
from components.networks.channels import channels
from components.networks.klip import load_klip


class KlipModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Embeds SAR chips and captions in one space."""

    def load_context(self, context: Any) -> None:  # noqa: D102 (MLflow calls it by this very name and argument)
        self._klip, _ = load_klip(Path(context.artifacts["model"]))
        self._klip.eval()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> list[list[float]]:
        """One embedding of length 1 per row: of `image` with `polarizations`, or of `text`."""
        with torch.inference_mode():
            return [self._embed(row) for row in model_input.to_dict("records")]

    def _embed(self, row: Mapping[Any, Any]) -> list[float]:
        if is_given(row, "text") == is_given(row, "image"):
            raise BadRequest("text", "or column 'image' must be given, one of them in each row")
        if is_given(row, "text"):
            embedding = self._klip.embed_texts([row["text"]])
        else:
            codes, polarizations = decode_chip(row)
            embedding = self._klip.embed_images(channels(torch.from_numpy(codes.copy())[None], polarizations))
        return [float(value) for value in embedding[0].float().cpu()]


set_model(KlipModel())
