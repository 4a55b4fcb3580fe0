"""What drift finds reaches workers on other machines by itself: they run only what the git remote shows."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from components.revisions.clone import make_home, published
from components.revisions.errors import RevisionError
from components.revisions.git import git, resolve
from components.revisions.home import Home
from flows import monitor
from flows.drift import Request
from tests.small_house import house  # noqa: F401


@pytest.mark.parametrize(
    ("store", "is_pushed"), [("s3://bucket/store", True), ("https://store", True), ("/srv/store", False)]
)
def test_a_commit_with_new_scenes_is_pushed_where_the_dvc_remote_has_an_address(
    store: str,
    is_pushed: bool,
    house: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remote, incoming = tmp_path / "origin.git", tmp_path / "incoming/items"
    git(tmp_path, "clone", "--quiet", "--bare", str(house), str(remote))
    git(house, "remote", "add", "origin", str(remote))
    incoming.mkdir(parents=True)
    (incoming / "a.json").write_text("{}")
    version = SimpleNamespace(name="adder/1", commit=resolve(house, "HEAD"))
    seen = SimpleNamespace(watched=SimpleNamespace(version=version), scenes=("a",))
    monkeypatch.setattr(monitor, "journal_url", lambda _: store)
    commit = monitor._commit(Home(house), seen, Request("adder/1", incoming.parent, None))
    worker = make_home(tmp_path / "worker", str(remote))
    if is_pushed:
        assert published(worker, commit) == commit
    else:
        with pytest.raises(RevisionError):
            published(worker, commit)
    git(house, "remote", "remove", "origin")
    assert monitor._commit(Home(house), seen, Request("adder/1", incoming.parent, None)) == commit
