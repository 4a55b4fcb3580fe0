"""How a served model refuses a request: HTTP 400 with one sentence that names row and column."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST

from components.contract.errors import FusarError
from components.inference.chips import Chip
from components.inference.errors import BadRequest
from components.networks.encoder_sizes import VisionConfig

Read = TypeVar("Read")


class Refused(MlflowException, FusarError):  # type: ignore[misc]
    """One row of a request to a model cannot be answered, so none is: the client gets HTTP 400 and this message."""

    def __init__(self, problem: str) -> None:
        MlflowException.__init__(self, problem, error_code=BAD_REQUEST)
        self.problem = problem

    def serialize_as_json(self) -> str:
        """The body of the server's answer. MLflow's own puts the whole request before the message."""
        return json.dumps({"error_code": self.error_code, "message": self.problem})


def read_rows(frame: pd.DataFrame, read: Callable[[Mapping[Any, Any]], Read]) -> list[Read]:
    """What `read` makes of each row, in their order.

    Raises:
        Refused: the first row that cannot be read, by its number from 1.
    """
    found = []
    for number, row in enumerate(frame.to_dict("records"), start=1):
        try:
            found.append(read(row))
        except FusarError as error:
            raise Refused(f"row {number} of {len(frame)}, {error}") from error
    return found


def check_size(chip: Chip, vision: VisionConfig) -> None:
    """Refuse a chip that the vision tower cannot cut into patches.

    Raises:
        BadRequest: a side [pixel] is no multiple of patch_size * merge_size.
    """
    height, width = chip.codes.shape[1:]
    step = vision.patch_size * vision.merge_size
    if height % step or width % step:
        raise BadRequest("image", f"has {height} x {width} pixels; this model takes sides that are multiples of {step}")
