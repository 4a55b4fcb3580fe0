"""A profile gets the md5s of a version, and nothing else in it changes."""

import shutil
from pathlib import Path

import pytest
import yaml

from components.contract.errors import ParamsError
from components.registry.starting import ANEW, write_start
from tests.small_house import ROOT

MD5S = {"pretrain": "1" * 32 + ".dir", "align": "12345e67" * 4 + ".dir"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


@pytest.mark.parametrize("profile", ["laptop", "tiny", "workstation"])
def test_two_lines_of_the_profile_change_and_change_back(tree: Path, profile: str) -> None:
    path = tree / f"profiles/{profile}.yaml"
    before = lines(path)
    assert path in write_start(tree, profile, MD5S)
    changed = [(old, new) for old, new in zip(before, lines(path), strict=True) if old != new]
    assert changed == [("  warm_start: null\n", f"  warm_start: {md5}\n") for md5 in MD5S.values()]
    params = yaml.safe_load(path.read_text())
    assert {stage: params[stage]["warm_start"] for stage in MD5S} == MD5S
    write_start(tree, profile, ANEW)
    assert lines(path) == before


def test_params_yaml_goes_with_the_laptop_profile_and_with_no_other(tree: Path) -> None:
    before = (tree / "params.yaml").read_bytes()
    assert write_start(tree, "tiny", MD5S) == (tree / "profiles/tiny.yaml",)
    assert (tree / "params.yaml").read_bytes() == before
    assert write_start(tree, "laptop", MD5S) == (tree / "profiles/laptop.yaml", tree / "params.yaml")
    assert (tree / "params.yaml").read_bytes() == (tree / "profiles/laptop.yaml").read_bytes() != before


def test_comments_and_other_ways_to_write_nothing_are_kept(tree: Path) -> None:
    path = tree / "profiles/tiny.yaml"
    whole = path.read_text().split("  warm_start: null\n")
    path.write_text(f"{whole[0]}  warm_start:  # by Ada\n{whole[1]}  warm_start: ~\n{whole[2]}")
    write_start(tree, "tiny", MD5S)
    said = f"{whole[0]}  warm_start: {MD5S['pretrain']}  # by Ada\n{whole[1]}  warm_start: {MD5S['align']}\n{whole[2]}"
    assert path.read_text() == said


def test_what_cannot_start_warm_is_refused_and_nothing_is_written(tree: Path) -> None:
    for profile in ("paper", "nowhere", "../params", "-x"):
        before = {path: path.read_bytes() for path in tree.rglob("*.yaml")}
        problem = r"align\.base_model: is Qwen.*only a model from scratch" if profile == "paper" else "no such profile"
        with pytest.raises(ParamsError, match=problem):
            write_start(tree, profile, MD5S)
        assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before
    (tree / "profiles/tiny.yaml").write_text("pretrain: {seed: 1}\nalign: {seed: 1}\n")
    with pytest.raises(ParamsError, match=r"pretrain\.warm_start: missing; add `warm_start: null`"):
        write_start(tree, "tiny", MD5S)
    (tree / "profiles/tiny.yaml").write_text("pretrain: {warm_start: null}\nalign: {warm_start: null}\n")
    with pytest.raises(ParamsError, match="give it a line of its own"):
        write_start(tree, "tiny", MD5S)
    (tree / "profiles/tiny.yaml").write_text("pretrain: [\n")
    with pytest.raises(ParamsError, match="cannot be read as YAML"):
        write_start(tree, "tiny", MD5S)
