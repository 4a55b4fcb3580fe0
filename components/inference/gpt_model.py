"""FUSAR-GPT as MLflow loads it: chips and questions in, answers out ("models from code": no pickle)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import set_model

from components.inference.chips import read_chip
from components.inference.files import served_folder
from components.inference.refusing import Refused, check_size, read_rows
from components.inference.requests import decode_alphaearth, question_of, spacing_of
from components.networks.gpt import load_gpt
from components.networks.request import Request

MAX_NEW_TOKENS = 96  # where the request says nothing
_MOST_NEW_TOKENS = 1024


class GptModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers questions about SAR chips."""

    def load_context(self, context: Any) -> None:  # noqa: D102 (MLflow calls it by this very name and argument)
        self._gpt = load_gpt(Path(context.artifacts["model"]))
        self._folder = served_folder()

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> list[str]:
        """One answer per row of the columns that docs/how-to/serve-a-champion.md describes.

        Raises:
            Refused: a row or `max_new_tokens` (1 to 1024 [token]) does not hold what it should; no row is answered.
        """
        longest = int((params or {}).get("max_new_tokens", MAX_NEW_TOKENS))
        if not 1 <= longest <= _MOST_NEW_TOKENS:
            raise Refused(f"params 'max_new_tokens': is {longest}; give 1 to {_MOST_NEW_TOKENS}")
        return [str(answer) for answer in self._gpt.answer(read_rows(model_input, self._request), longest)]

    def _request(self, row: Mapping[Any, Any]) -> Request:
        chip = read_chip(row, self._folder)
        if self._gpt.config.image_size is None:  # else chips are resampled to that size
            check_size(chip, self._gpt.vision_size)
        alphaearth, valid = decode_alphaearth(row)
        return Request(
            codes=chip.codes,
            polarizations=chip.polarizations,
            spacing_m=spacing_of(row, chip.spacing_m),
            question=question_of(row),
            alphaearth=alphaearth,
            alphaearth_valid=valid,
        )


set_model(GptModel())
