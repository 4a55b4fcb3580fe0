"""A version answers by the code that it was registered with, whatever the checkout's code has become."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from components.inference.cutting import ChipShape
from components.inference.errors import ModelFailed, RequestRefused
from components.inference.registered import started
from components.lineage.versions import open_registry
from components.tracking.store import mlflow_environment

OLD_MODEL = """
import os
import mlflow
from mlflow.exceptions import MlflowException
from components.long_gone import greet  # today's checkout has no such module
class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        print("a library prints")
        if (model_input["question"] == "die").any():
            os._exit(3)
        if (model_input["question"] == "refuse").any():
            raise MlflowException("row 1 of 1, column 'question': is rude")
        return [greet(question) for question in model_input["question"]]
mlflow.models.set_model(Model())
"""
REGISTER = """
import mlflow
from pathlib import Path
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema
place = (Path.cwd() / "mlruns/artifacts").as_uri()
with mlflow.start_run(experiment_id=mlflow.create_experiment("made here", artifact_location=place)):
    made = mlflow.pyfunc.log_model(
        name="model", python_model="model.py", code_paths=["components"], pip_requirements=["mlflow"],
        signature=ModelSignature(inputs=Schema([ColSpec(DataType.string, "question")])),
        registered_model_name="fusar-gpt",
    )
    mlflow.MlflowClient().log_model_artifact(made.model_id, "params.yaml", "")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one version whose package `components` is not this checkout's."""
    root = tmp_path_factory.mktemp("registry")
    (root / "components").mkdir()
    (root / "components/__init__.py").write_text("")
    (root / "components/long_gone.py").write_text("greet = 'old code: {}'.format\n")
    (root / "model.py").write_text(OLD_MODEL)
    (root / "params.yaml").write_text("ingest: {chip_size: 96, chip_extent_m: {umbra-gec: 64}}\n")
    open_registry(root)
    # In a process of its own: MLflow loads what it logs, and here `components` is the checkout's.
    environment = {**os.environ, **mlflow_environment(root)}
    subprocess.run([sys.executable, "-c", REGISTER], cwd=root, env=environment, check=True)
    return root


def asked(question: str) -> pd.DataFrame:
    return pd.DataFrame({"question": [question, "Grüße"]})


def test_an_old_version_answers_by_its_own_code_again_and_again(house: Path) -> None:
    with started(house, "fusar-gpt/1") as model:
        assert (model.name, model.chips) == ("fusar-gpt/1", ChipShape(96, {"umbra-gec": 64}))
        assert model.answer(asked("one")) == ["old code: one", "old code: Grüße"]
        assert model.answer(asked("two")) == ["old code: two", "old code: Grüße"]


def test_a_refused_row_is_told_and_the_model_goes_on(house: Path) -> None:
    with started(house, "fusar-gpt/1") as model:
        with pytest.raises(RequestRefused, match=r"fusar-gpt/1: refused the request: row 1 of 1, column 'question'"):
            model.answer(asked("refuse"))
        assert model.answer(asked("one"))[0] == "old code: one"


def test_a_model_that_dies_is_one_clear_error_and_leaves_no_process(house: Path) -> None:
    with started(house, "fusar-gpt/1") as model:
        process = model.process
        with pytest.raises(ModelFailed, match="fusar-gpt/1: could not answer"):
            model.answer(asked("die"))
    assert process.poll() is not None


def test_a_model_is_ended_with_its_block(house: Path) -> None:
    with started(house, "fusar-gpt/1") as model:
        process = model.process
    assert process.poll() is not None


@pytest.mark.parametrize("error", [RequestRefused("fusar-gpt/1", "row 1"), ModelFailed("fusar-gpt/1", "no memory")])
def test_errors_survive_pickling(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
