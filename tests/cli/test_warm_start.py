"""A real, finished demo trained on from its champions, and made anew from the same weights."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Clone, Demo


@pytest.mark.slow
def test_a_retrain_from_the_champions_has_them_as_parents_and_can_be_made_anew(demo: Demo, tmp_path: Path) -> None:
    clone = Clone(Path(shutil.copytree(demo.clone.root, tmp_path / "clone", symlinks=True)))
    clone.fusar("doctor", "--mend", check=False)
    catalogue = clone.git("-C", ".fusar/demo", "rev-parse", "HEAD")
    clone.git("checkout", catalogue, "--", "data.dvc")
    said = clone.fusar("model", "warm-start", "--profile", "tiny").stdout
    assert said.splitlines()[-1].startswith("Next: git commit -m 'tiny: start warm' -- profiles/tiny.yaml")
    clone.git("commit", "--quiet", "-am", "start warm")
    shutil.rmtree(clone.root / ".dvc/cache")  # the weights come from the remote, as on another machine
    clone.fusar("retrain", "--profile", "tiny")
    records = {
        name: json.loads(clone.fusar("lineage", "show", f"{name}/2", "--json").stdout)
        for name in ("fusar-klip", "fusar-gpt")
    }
    parents = {name: [f"{p['model']}/{p['version']}" for p in record["parents"]] for name, record in records.items()}
    assert parents == {"fusar-klip": ["fusar-klip/1"], "fusar-gpt": ["fusar-klip/2", "fusar-gpt/1"]}
    assert clone.fusar("lineage", "verify", "fusar-gpt/2").returncode == 0
    assert "Outcome: same bytes" in clone.fusar("model", "reproduce", "fusar-klip/2").stdout
