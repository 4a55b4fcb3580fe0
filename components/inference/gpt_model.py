"""FUSAR-GPT as MLflow loads it: chips and questions in, answers out ("models from code": no pickle)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import set_model

from components.inference.requests import decode_alphaearth, decode_chip, text_of
from components.networks.gpt import load_gpt
from components.networks.request import Request

MAX_NEW_TOKENS = 96


class GptModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers questions about SAR chips."""

    def load_context(self, context: Any) -> None:  # noqa: D102 (MLflow calls it by this very name and argument)
        self._gpt = load_gpt(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> list[str]:
        """One answer per row of the columns image, polarizations, spacing_m, question and (optional) alphaearth."""
        requests = [_request(row) for row in model_input.to_dict("records")]
        answers = self._gpt.answer(requests, int((params or {}).get("max_new_tokens", MAX_NEW_TOKENS)))
        return [str(answer) for answer in answers]


def _request(row: Mapping[Any, Any]) -> Request:
    codes, polarizations = decode_chip(row)
    alphaearth, valid = decode_alphaearth(row)
    return Request(
        codes=codes,
        polarizations=polarizations,
        spacing_m=float(row["spacing_m"]),
        question=text_of(row, "question"),
        alphaearth=alphaearth,
        alphaearth_valid=valid,
    )


set_model(GptModel())
