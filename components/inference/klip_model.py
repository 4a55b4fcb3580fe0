"""FUSAR-KLIP as MLflow loads it: chips or captions in, unit embeddings out ("models from code": no pickle)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import torch
from mlflow.models import set_model

from components.inference.chips import Chip, read_chip
from components.inference.errors import BadRequest
from components.inference.files import served_folder
from components.inference.refusing import check_size, read_rows
from components.inference.requests import is_given, text_of
from components.networks.channels import channels
from components.networks.klip import load_klip


class KlipModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Embeds SAR chips and captions in one space."""

    def load_context(self, context: Any) -> None:  # noqa: D102 (MLflow calls it by this very name and argument)
        self._klip, _ = load_klip(Path(context.artifacts["model"]))
        self._folder = served_folder()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> list[list[float]]:
        """One embedding of length 1 per row: of `text`, or of the chip in `image` or `path` with its `polarizations`.

        Raises:
            Refused: a row does not hold what it should; no row is answered.
        """
        with torch.inference_mode():
            return [self._embed(row) for row in read_rows(model_input, self._read)]

    def _read(self, row: Mapping[Any, Any]) -> str | Chip:
        if sum(is_given(row, column) for column in ("image", "path", "text")) != 1:
            raise BadRequest("image", "give exactly one of 'image', 'path' and 'text' in each row")
        if is_given(row, "text"):
            return text_of(row, "text")
        chip = read_chip(row, self._folder)
        check_size(chip, self._klip.config.vision)
        return chip

    def _embed(self, given: str | Chip) -> list[float]:
        if isinstance(given, str):
            embedding = self._klip.embed_texts([given])
        else:
            codes = torch.from_numpy(given.codes.copy())
            embedding = self._klip.embed_images(channels(codes[None], given.polarizations))
        return [float(value) for value in embedding[0].float().cpu()]


set_model(KlipModel())
