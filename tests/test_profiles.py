from pathlib import Path

import pytest

from components.contract.params import check_params, read_params
from flows.graph import STAGES

ROOT = Path(__file__).resolve().parent.parent
PROFILES = sorted((ROOT / "profiles").glob("*.yaml"))


def keys(values: object, prefix: str = "") -> set[str]:
    """Dotted names of all keys; what may be null or a free mapping counts as one key."""
    if not isinstance(values, dict) or prefix.endswith((".language.", ".lora.", ".gate_margin_of_field.")):
        return {prefix}
    return {name for key, value in values.items() for name in keys(value, f"{prefix}{key}.")}


def test_the_laptop_profile_is_params_yaml_to_the_byte() -> None:
    assert (ROOT / "profiles/laptop.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()


def test_the_named_profiles_are_there() -> None:
    assert {path.stem for path in PROFILES} == {"laptop", "tiny", "workstation", "one-gpu", "paper"}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_profile_is_a_whole_and_valid_set_of_parameters(path: Path) -> None:
    check_params(path, STAGES)
    missing = keys(read_params(ROOT / "params.yaml")) ^ keys(read_params(path))
    assert {name for name in missing if ".language." not in name and ".lora." not in name} == set()
