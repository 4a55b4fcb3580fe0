"""Garbage collection with real git, DVC and MLflow: what lineage needs stays, whatever its age; the rest goes."""

import os
import shutil
import time
from pathlib import Path

import pytest

from components.installation.examination import installation_at
from components.installation.mending import mend
from components.lineage.verification import verify
from components.lineage.versions import fetch, logged_model_id, open_registry, resolve
from components.lineage.workspace import give_back
from components.memo.store import Memo
from components.retention.collecting import Collection, collect
from components.retention.errors import CannotTell, NotAnAge
from components.retention.places import places_of
from components.revisions.home import Home
from components.revisions.lock import keep, read_lock
from tests.components.registry.made import MadeHouse, build
from tests.small_house import IDENTITY, dvc, run

pytestmark = pytest.mark.slow  # three retrains and two registrations
VERSIONS = ("fusar-klip/1", "fusar-gpt/1", "fusar-klip/2", "fusar-gpt/2")


def gc(root: Path, days: float = 0.0, *, is_dry: bool = False) -> Collection:
    return collect(Home(root), open_registry(root), days, is_dry=is_dry)


def retrain(house: MadeHouse, seed: int, *, is_registered: bool) -> Path:
    """A retrain whose results are shared, as the flow shares them; the answer is its checkout."""
    from components.registry.registration import register

    house.seeds["pretrain"] = seed
    house.prepare(scores=0.5 + seed / 10)
    finished = house.retrain()
    dvc(finished.checkout.folder, "push", "--quiet", "--run-cache")
    if is_registered:
        register(finished)
    return finished.checkout.folder


def outs(folder: Path) -> set[str]:
    return {out["md5"] for entry in read_lock(folder / "dvc.lock").values() for out in entry["outs"]}


def stored(root: Path) -> dict[str, set[str]]:
    """The md5s in each place."""
    return {place.name: {md5 for md5, _ in place.objects()} for place in places_of(root)}


def files(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[MadeHouse, set[str]]:
    """Two versions of each model, and a third retrain that nobody registered; with the md5s of its outputs alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        house = build(tmp_path_factory.mktemp("retention"))
        first, second = (retrain(house, seed, is_registered=True) for seed in (1, 2))
        third = retrain(house, 3, is_registered=False)
        alone = outs(third) - outs(first) - outs(second)
    assert alone
    return house, alone


@pytest.fixture
def root(lived_in: tuple[MadeHouse, set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may ruin."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("FUSAR_MEMO", raising=False)
    copy = Path(shutil.copytree(lived_in[0].root, tmp_path / "copy", symlinks=True))
    list(mend(installation_at(copy, {})))
    return copy


def test_everything_that_lineage_asks_for_is_there_after_a_collection_without_any_age_limit(root, lived_in, tmp_path):
    alone, home, client = lived_in[1], Home(root), open_registry(root)
    said = gc(root)
    assert said.waiting == () and said.reasons >= len(VERSIONS)
    for name, md5s in stored(root).items():
        assert not md5s & alone, name
        assert md5s
    for name in VERSIONS:
        version = resolve(client, name)
        assert verify(home, client, version).problems == ()
        space = give_back(home, client, version, tmp_path / name.replace("/", "-"))
        assert space.changed == {}
    assert all(each.items == () for each in gc(root).garbage), "a second collection finds nothing"


def test_a_dry_run_removes_nothing_and_says_what_a_real_one_removes(root, lived_in):
    before = files(root)
    dry = gc(root, is_dry=True)
    assert files(root) - before <= files(root / ".fusar/locks")
    assert gc(root).garbage == dry.garbage
    gone = {path for path in before if not Path(path).exists()}
    single = {item.path for each in dry.garbage for item in each.items if each.kind != "checkouts"}
    assert single <= gone
    assert sum(each.bytes for each in dry.garbage) > 0


def test_what_was_written_within_the_age_limit_stays_with_all_that_it_names(root, lived_in):
    before = stored(root)
    assert all(each.items == () for each in gc(root, days=1).garbage)
    long_ago = time.time() - 10 * 86400
    for path in files(root / ".fusar") | files(root / ".dvc/cache"):
        if "/runs/" not in path:
            os.utime(path, (long_ago, long_ago))
    gc(root, days=1)
    assert stored(root) == before, "the remembered runs are young, so what they restore stays"


def test_a_kept_lock_and_a_branch_and_an_uncommitted_file_need_objects_too(root, lived_in):
    alone, home = lived_in[1], Home(root)
    third = next(path for path in home.worktrees.iterdir() if outs(path) & alone)
    keep(home, "tiny", read_lock(third / "dvc.lock"))
    other = root / "notes.txt"
    md5s = []
    for words in ("of a branch", "not committed"):
        other.write_text(words)
        dvc(root, "add", "--quiet", "notes.txt")
        md5s.append((root / "notes.txt.dvc").read_text().split("md5: ")[1][:32])
        if words == "of a branch":
            run(root, "git", "switch", "--quiet", "--create", "notes")
            run(root, "git", "add", "notes.txt.dvc")
            run(root, "git", *IDENTITY, "commit", "--quiet", "--message", "notes")
            run(root, "git", "switch", "--quiet", "main")
    gc(root)
    assert alone <= stored(root)["remote local"]
    assert set(md5s) <= stored(root)["cache"]
    (home.locks / "tiny.lock").unlink()
    (root / "notes.txt.dvc").unlink()
    gc(root)
    assert not alone & stored(root)["remote local"]
    assert md5s[0] in stored(root)["cache"] and md5s[1] not in stored(root)["cache"]


def test_a_version_that_cannot_be_read_stops_everything_by_its_name(root):
    client = open_registry(root)
    version = resolve(client, "fusar-gpt/1")
    location = client.get_logged_model(logged_model_id(version)).artifact_location.removeprefix("file://")
    (Path(location) / "lineage.json").write_text("{}")
    before = files(root)
    with pytest.raises(CannotTell, match="fusar-gpt/1: what it needs cannot be read"):
        gc(root)
    assert files(root) - before <= files(root / ".fusar/locks") and before <= files(root)


def test_files_that_a_registration_left_without_a_version_can_still_become_one(root, lived_in, monkeypatch):
    from components.registry import finishing
    from components.registry.reconciling import reconcile

    house, alone = MadeHouse(root, lived_in[0].made), lived_in[1]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "_describe_model", killed)
        with pytest.raises(KeyboardInterrupt):
            retrain(house, 3, is_registered=True)
    gc(root)
    assert alone <= stored(root)["remote local"]
    client = open_registry(root)
    assert any("made of files" in step.what for step in reconcile(Home(root)))
    assert verify(Home(root), client, resolve(client, "fusar-klip/3")).problems == ()


def test_a_held_profile_keeps_objects_and_runs_and_nothing_else(root, lived_in):
    before = stored(root)
    with Home(root).busy("tiny"):
        said = gc(root)
    assert said.waiting == ("on tiny",)
    assert stored(root) == before
    gc(root)
    assert stored(root) != before


def test_the_memo_keeps_the_tables_that_are_in_use_and_the_words_beside_them(root, lived_in):
    home, client = Home(root), open_registry(root)
    lock = read_lock(fetch(client, resolve(client, "fusar-gpt/1"), "dvc.lock", root.parent))
    (chips,) = (out["md5"] for out in lock["ingest"]["outs"] if out["path"].endswith("chips"))
    cache = next(place for place in places_of(root) if place.name == "cache")
    md5 = cache.listing(chips)[0]
    table = (root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).read_bytes()
    memo, now = Memo(str(home.memo)), time.time()
    entries = {"old-words": b"[]", "unused": table[:4] + b"another table", "used": table, "words": b"[]"}
    for number, (key, content) in enumerate(entries.items()):
        memo.put(key, content)
        os.utime(home.memo / key[:2] / key, (now - 1000 + number, now - 1000 + number))
    gc(root)
    assert {path.name for path in home.memo.rglob("*") if path.is_file()} == {"used", "words"}


@pytest.mark.parametrize("days", [-1.0, float("nan"), float("inf"), 1e9])
def test_an_age_that_is_none_is_refused(root, days):
    with pytest.raises(NotAnAge, match="is no age"):
        gc(root, days)
