"""A model answers in a process of its own, by the code that it was registered with; run by its path, never imported.

`python -P own_code.py MODEL_URI` reads one request a line from its input and writes one reply a line: JSON objects with
`columns` and `data`, then `answers` or `refused`. A version may be years older than the checkout that asks it: in one
process the checkout's `components` would stand where the model's own must.
"""

import contextlib
import json
import os
import sys
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException


def reply(model: Any, request: dict[str, Any]) -> dict[str, Any]:
    """`answers`, one a row of the request, or the sentence with which the model `refused` it."""
    try:
        return {"answers": list(model.predict(pd.DataFrame(request["data"], columns=request["columns"])))}
    except MlflowException as error:
        return {"refused": str(error.message)}


def main() -> None:
    """Answer until the input ends."""
    # Libraries print; the real standard output is for replies alone.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies, contextlib.redirect_stdout(sys.stderr):
        model = mlflow.pyfunc.load_model(sys.argv[1])
        for line in sys.stdin:
            replies.write(json.dumps(reply(model, json.loads(line))) + "\n")
            replies.flush()


if __name__ == "__main__":
    main()
