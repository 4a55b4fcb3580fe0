import hashlib
import itertools
import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from shapely.geometry import Polygon, box

from components.contract.errors import FusarError
from components.geography.places import place_id
from components.simulation.catalogue import SceneSpec, read_catalogue
from components.simulation.errors import MissingLandCoverMap, UnknownCatalogue, UnsuitablePlace
from components.simulation.grid import scene_grid
from components.simulation.ground import Ground, find_ground
from components.simulation.sensors import sensor
from components.simulation.simulate import simulate


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def ground_box(spec: SceneSpec, ground: Ground) -> Polygon:
    grid = scene_grid(ground.longitude, ground.latitude, sensor(spec.sensor).spacing_m, spec.size_px)
    return box(*(grid.affine @ (0, grid.height)), *(grid.affine @ (grid.width, 0)))


def run_module(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "components.simulation", *arguments]
    return subprocess.run(
        command, cwd=root, env=os.environ | {"PYTHONHASHSEED": hash_seed}, text=True, capture_output=True, check=False
    )


def test_the_same_seed_gives_the_same_bytes_in_another_process_with_another_hash_seed(tiny_folder, tmp_path):
    done = run_module("--catalogue", "tiny", "--seed", "7", "--out", str(tmp_path), hash_seed="4242")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"16 simulated scenes in {tmp_path}\n"
    assert digests(tmp_path) == digests(tiny_folder)


def test_another_seed_gives_another_image_of_every_scene(tiny_folder, tmp_path):
    simulate("tiny", 8, tmp_path)
    mine, other = digests(tiny_folder), digests(tmp_path)
    assert not [name for name in mine if name.startswith("scenes/") and mine[name] == other[name]]


def test_one_further_scene_adds_its_own_files_and_changes_no_other(tiny_folder, tmp_path):
    simulate("demo-update", 7, tmp_path)
    before = digests(tmp_path)
    simulate("tiny", 7, tmp_path)
    assert {name: digest for name, digest in digests(tmp_path).items() if name in before} == before
    assert len(digests(tmp_path)) == len(before) + len(digests(tiny_folder))


def test_a_name_that_is_no_catalogue_is_one_line_with_the_names_that_are(tmp_path):
    done = run_module("--catalogue", "demos", "--seed", "7", "--out", str(tmp_path))
    assert done.returncode == 1
    known = "demo, demo-update, tiny, arrivals, new-sensor, new-region"
    assert done.stderr == f"error: demos: no catalogue has this name; choose one of {known}.\n"


def test_a_harbour_in_the_desert_is_refused_by_the_real_land_cover():
    harbour = SceneSpec("riyadh-c3", "riyadh", 46.7, 24.95, 0, "c3", "coast", 192)
    with pytest.raises(UnsuitablePlace, match="riyadh-c3: the land-cover map has no ground for theme 'coast'"):
        find_ground(harbour)


@pytest.mark.parametrize(
    "error", [UnknownCatalogue("a", ("b",)), MissingLandCoverMap("p"), UnsuitablePlace("s", "sea")], ids=type
)
def test_every_error_survives_a_process_border(error: FusarError):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


def test_the_demo_holds_what_the_profile_counts_on():
    specs = read_catalogue("demo")
    grounds = [find_ground(spec) for spec in specs]
    cells = {
        spec.place: place_id(ground.longitude, ground.latitude, 0.25)
        for spec, ground in zip(specs, grounds, strict=True)
    }
    zones = {(int((ground.longitude + 180) // 6), ground.latitude < 0) for ground in grounds}
    assert Counter(spec.sensor for spec in specs) == {"c10": 24, "c3": 48, "x1": 48}
    assert len({spec.scene_id for spec in specs}) == 120
    assert len(set(cells.values())) == len(cells) == 56
    assert len(zones) > 20


@pytest.mark.parametrize("catalogue", ["demo", "tiny"])
def test_all_scenes_of_a_place_share_its_cell_and_do_not_overlap(catalogue):
    specs = [*read_catalogue(catalogue), *read_catalogue("demo-update")]
    for place in {spec.place for spec in specs}:
        here = [spec for spec in specs if spec.place == place]
        grounds = [find_ground(spec) for spec in here]
        areas = [ground_box(spec, ground) for spec, ground in zip(here, grounds, strict=True)]
        assert not [pair for pair in itertools.combinations(areas, 2) if pair[0].intersects(pair[1])]
        assert len({place_id(ground.longitude, ground.latitude, 0.25) for ground in grounds}) == 1


def test_the_further_scene_is_new_and_lies_at_a_place_of_the_demo():
    (further,) = read_catalogue("demo-update")
    assert further.scene_id not in {spec.scene_id for spec in read_catalogue("demo")}
    assert further.place in {spec.place for spec in read_catalogue("demo")}
