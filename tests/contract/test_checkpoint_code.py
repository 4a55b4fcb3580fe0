"""A checkpoint belongs to the code that made it: to the very packages that dvc.yaml names as the stage's deps."""

import pytest

from components.finetuning.align import CODE as FINETUNING
from components.pretraining.stage import CODE as PRETRAINING
from flows.dvcfile import code_packages


@pytest.mark.parametrize(("package", "code"), [("pretraining", PRETRAINING), ("finetuning", FINETUNING)])
def test_a_checkpoint_is_keyed_by_all_code_that_its_stage_runs(package: str, code: tuple[str, ...]) -> None:
    assert tuple(name.replace(".", "/") for name in code) == code_packages(f"components.{package}")
