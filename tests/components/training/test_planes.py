"""The chips of a training set: the same bytes in whatever order they are asked for, and nothing left of them."""

import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from components.contract.errors import FusarError
from components.records.schemas import CHIPS
from components.training.errors import MixedChipSizes, NoScratchSpace
from components.training.planes import open_planes

ROOT = Path(__file__).resolve().parents[3]
SIDE = 8


def chip(chip_id, codes, polarizations=("VV", "VH")):
    known = {field.name: None if field.nullable else default(field.type) for field in CHIPS}
    height, width = codes.shape[1:]
    shape = {"height": height, "width": width, "backscatter": codes.tobytes(), "polarizations": list(polarizations)}
    return {**known, "chip_id": chip_id, "scene_id": chip_id.partition("-")[0], **shape}


def default(kind):
    if str(kind).startswith(("string", "binary")):
        return "" if str(kind) == "string" else b""
    return {"bool": False}.get(str(kind), 0) if "list" not in str(kind) else [0.0] * 6


@pytest.fixture
def made(tmp_path):
    """A folder of three scenes in row groups of four chips, and the planes of each chip by its id."""
    generator, known = np.random.default_rng(5), {}
    for scene, names in (("a", ("VV", "VH")), ("b", ("VH", "VV")), ("c", ("HH",))):
        rows = []
        for number in range(10):
            codes = generator.integers(1, 256, (len(names), SIDE, SIDE), np.uint8)
            rows.append(chip(f"{scene}-{number}", codes, names))
            co, cross = (codes[names.index(name)] if name in names else 0 * codes[0] for name in (co_of(names), "VH"))
            known[f"{scene}-{number}"] = np.stack([co, cross])
        write(tmp_path / f"chips/{scene}.parquet", rows)
    return tmp_path / "chips", known


def co_of(names):
    return "VV" if "VV" in names else "HH"


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=CHIPS), path, compression="zstd", row_group_size=4)


@pytest.mark.parametrize("fillers", [0, 1, 2])
def test_every_order_gives_the_chips_own_bytes(made, fillers):
    folder, known = made
    ids = sorted(known, reverse=True)
    planes = open_planes(folder, ids, fillers)
    order = torch.randperm(len(ids), generator=torch.Generator().manual_seed(fillers))
    for rows in order.split(7):
        expected = np.stack([known[ids[row]] for row in rows.tolist()])
        assert np.array_equal(planes[rows].numpy(), expected)
    assert np.array_equal(planes[3].numpy(), known[ids[3]])
    assert np.array_equal(planes[28:].numpy(), np.stack([known[each] for each in ids[28:]]))
    assert planes.shape == (30, 2, SIDE, SIDE) and len(planes) == 30


def test_chips_that_were_not_asked_for_are_left_out_and_a_choice_reads_nothing(made):
    folder, known = made
    ids = ["c-9", "a-0", "b-5"]
    planes = open_planes(folder, ids, fillers=0)
    some = planes.take([2, 0])
    (folder / "a.parquet").unlink()
    assert np.array_equal(some[torch.arange(2)].numpy(), np.stack([known["b-5"], known["c-9"]]))
    assert some.shape == (2, 2, SIDE, SIDE)


def test_a_batch_is_memory_of_its_own(made):
    folder, known = made
    planes = open_planes(folder, ["a-0", "a-1"], fillers=0)
    planes[0].zero_()
    planes[torch.arange(2)].zero_()
    assert np.array_equal(planes[0].numpy(), known["a-0"])


def test_chips_of_two_sizes_are_refused_by_name(tmp_path):
    codes = np.ones((2, SIDE, SIDE), np.uint8)
    write(tmp_path / "chips/a.parquet", [chip("a", codes), chip("b", codes[:, :4])])
    with pytest.raises(MixedChipSizes, match=r"chip b: is \(4, 8\) pixels.*ingest\.chip_size") as caught:
        open_planes(tmp_path / "chips", ["a", "b"])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_chip_whose_bytes_do_not_fill_it_is_refused(tmp_path):
    short = chip("a", np.ones((2, SIDE, SIDE), np.uint8)) | {"backscatter": b"12345"}
    write(tmp_path / "chips/a.parquet", [short])
    with pytest.raises(FusarError, match="does not hold 128 bytes"):
        open_planes(tmp_path / "chips", ["a"], fillers=0)[0]


def test_a_damaged_file_stops_the_one_who_needs_it_and_no_other(made):
    folder, known = made
    planes = open_planes(folder, ["a-0", "b-0"], fillers=0)
    content = bytearray((folder / "a.parquet").read_bytes())
    pages = slice(4, len(content) - 8 - int.from_bytes(content[-8:-4], "little"))
    content[pages] = bytes(pages.stop - pages.start)
    (folder / "a.parquet").write_bytes(content)
    assert np.array_equal(planes[1].numpy(), known["b-0"])
    with pytest.raises(FusarError, match=r"a\.parquet: cannot be read"):
        planes[0]


def test_no_chips_are_an_empty_set(tmp_path):
    (tmp_path / "chips").mkdir()
    planes = open_planes(tmp_path / "chips", [])
    assert planes.shape == (0, 2, 0, 0)
    assert planes[torch.arange(0)].shape == (0, 2, 0, 0)


def test_nothing_is_left_in_the_temporary_folder(made, tmp_path, monkeypatch):
    folder, known = made
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    open_planes(folder, list(known))[torch.arange(30)]
    assert list(scratch.iterdir()) == []


def test_a_full_disk_is_said_before_the_training_begins(made, monkeypatch):
    def full(descriptor, start, length):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(NoScratchSpace, match="Set TMPDIR"):
        open_planes(made[0], list(made[1]))


PROCESS = """
import sys, pathlib, torch
from torch import distributed
from components.training.planes import open_planes
from components.training.scratch import Scratch

distributed.init_process_group("gloo")
rank = distributed.get_rank()
marks = Scratch(1, 1, 8, ["a file"]).marks
if rank == 0:
    marks[:] = 7
distributed.barrier()
assert marks.tolist() == [7] * 8, marks
ids = sys.argv[2].split()
planes = open_planes(pathlib.Path(sys.argv[1]), ids, fillers=1)
torch.save(planes[torch.arange(len(ids))], f"{sys.argv[3]}/{rank}.pt")
distributed.destroy_process_group()
"""


def test_two_processes_fill_one_file_and_leave_none(made, tmp_path):
    folder, known = made
    script, out, scratch = tmp_path / "process.py", tmp_path / "out", tmp_path / "scratch"
    script.write_text(PROCESS)
    out.mkdir()
    scratch.mkdir()
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch), "OMP_NUM_THREADS": "1"}
    command = [*launcher, str(script), str(folder), " ".join(known), str(out)]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    expected = np.stack(list(known.values()))
    for rank in range(2):
        assert np.array_equal(torch.load(out / f"{rank}.pt", weights_only=True).numpy(), expected)
    assert not [path for path in scratch.iterdir() if path.name.startswith("fusar-chips")]


ONE_BATCH = """
import pathlib, sys, time, torch
from components.training import planes

fill = planes._Store._fill

def fill_slowly(self, number):
    print("begun", flush=True)
    fill(self, number)
    time.sleep(0.3)
    print("ended", flush=True)

planes._Store._fill = fill_slowly
planes.open_planes(pathlib.Path(sys.argv[1]), [f"a-{number}" for number in range(400)], fillers=2)[torch.arange(4)]
"""


def test_a_program_that_ends_waits_for_the_row_group_that_is_unpacked_and_for_no_other(tmp_path):
    codes = np.random.default_rng(5).integers(1, 256, (2, SIDE, SIDE), np.uint8)
    write(tmp_path / "chips/a.parquet", [chip(f"a-{number}", codes) for number in range(400)])
    command = [sys.executable, "-c", ONE_BATCH, str(tmp_path / "chips")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=True, text=True).stdout
    # A thread that the interpreter's end met inside of Arrow took the process down.
    assert said.count("begun") == said.count("ended") < 20
