"""The index answers as brute force does: a thousand scenes, fifty versions, removed and re-added scenes included."""

import sqlite3
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.lineage.errors import UnknownVersion
from components.lineage.index.changes import (
    NewContent,
    add_snapshot,
    known_snapshot,
    open_digests,
    snapshot_digest,
)
from components.lineage.index.questions import Questions
from components.lineage.index.tables import SCHEMA, dump

MODEL = "fusar-gpt"
Snapshot = Mapping[str, int]  # scene id to the number of its content


def key(scene_id: str, content: int) -> bytes:
    return f"{scene_id}-{content:02d}".encode().ljust(16, b".")


def new(scene_id: str, content: int) -> NewContent:
    return NewContent(scene_id, {"files": [{"path": f"scenes/{scene_id}.tif", "md5": f"{scene_id}-{content}"}]})


def indexed(snapshots: list[Snapshot]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    for number, snapshot in enumerate(snapshots, start=1):
        wanted = {key(name, content): new(name, content) for name, content in snapshot.items()}
        digest = snapshot_digest(wanted)
        found = known_snapshot(connection, digest)
        if found is None:
            known = open_digests(connection)
            added = [(name, value) for name, value in wanted.items() if name not in known]
            found = add_snapshot(connection, digest, len(wanted), added, sorted(known - wanted.keys()))
        row = (MODEL, number, found, number, f"chain {number}", f"data {number % 7}", "[]")
        connection.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return connection


def check(snapshots: list[Snapshot], pairs: list[tuple[int, int]], scenes: list[str]) -> None:
    asked = Questions(indexed(snapshots))
    for scene in scenes:
        by_force: dict[int, set[str]] = {}
        for number, snapshot in enumerate(snapshots, start=1):
            if scene in snapshot:
                by_force.setdefault(snapshot[scene], set()).add(str(number))
        found = asked.versions_of_scene(scene)
        assert {f["scene"]: f["versions"] for f in _plain(found)} == {f"{scene}-{c}": v for c, v in by_force.items()}
        for content, versions in by_force.items():
            (only,) = asked.versions_of_scene(f"{scene}-{content}")
            assert {version.version for version in only.versions} == versions
    for first, second in pairs:
        before, after = (set(snapshots[number - 1].items()) for number in (first, second))
        difference = asked.difference(MODEL, str(first), str(second))
        assert [scene.scene_id for scene in difference.added] == sorted(name for name, _ in after - before)
        assert [scene.scene_id for scene in difference.removed] == sorted(name for name, _ in before - after)
        assert (difference.added_count, difference.removed_count) == (len(after - before), len(before - after))
        names = sorted(snapshots[first - 1])
        assert [scene.scene_id for scene in asked.scenes_of(MODEL, str(first), limit=10**6)] == names
        assert asked.scene_count(MODEL, str(first)) == len(names)


def _plain(found):  # type: ignore[no-untyped-def]
    return [
        {"scene": each.scene.facts["files"][0]["md5"], "versions": {version.version for version in each.versions}}
        for each in found
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)), min_size=1, max_size=9),
    st.data(),
)
def test_small_histories_of_any_kind(snapshots: list[Snapshot], data: st.DataObject) -> None:
    number = st.integers(1, len(snapshots))
    check(snapshots, data.draw(st.lists(st.tuples(number, number), max_size=6)), list("abcdefg"))


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6))
def test_a_thousand_scenes_and_fifty_versions(seed: int) -> None:
    random = Random(seed)
    scenes = [f"scene{number:04d}" for number in range(1000)]
    snapshot = {scene: 0 for scene in scenes[:900]}
    snapshots = [dict(snapshot)]
    for _ in range(49):
        for scene in random.sample(scenes, 40):  # removed, added, re-added or given other bytes
            if scene in snapshot and random.random() < 0.6:
                del snapshot[scene]
            else:
                snapshot[scene] = random.randrange(3)
        if random.random() < 0.1:
            snapshot = dict(random.choice(snapshots))  # back to an old state of the data
        snapshots.append(dict(snapshot))
    pairs = [(random.randint(1, 50), random.randint(1, 50)) for _ in range(40)]
    check(snapshots, pairs, random.sample(scenes, 200))


def test_only_what_changed_is_written() -> None:
    scenes = {f"scene{number}": 0 for number in range(500)}
    history = [scenes, {**scenes, "new": 0}, scenes, {**scenes, "scene7": 1}]
    connection = indexed(history)
    # 500, then one span for what came, then (a known set again) nothing, then one for the other bytes.
    assert connection.execute("SELECT count(*) FROM spans").fetchone() == (502,)
    assert connection.execute("SELECT count(*) FROM snapshots").fetchone() == (3,)
    assert dump(connection) == dump(indexed(history))


def test_pages_follow_each_other_and_an_unknown_version_is_named() -> None:
    asked = Questions(indexed([{f"scene{number:03d}": 0 for number in range(250)}]))
    first = asked.scenes_of(MODEL, "1")
    second = asked.scenes_of(MODEL, "1", after=first[-1].scene_id)
    assert [scene.scene_id for scene in (*first, *second)] == [f"scene{number:03d}" for number in range(200)]
    with pytest.raises(UnknownVersion, match="fusar-gpt/9: no such model version"):
        asked.scenes_of(MODEL, "9")
    with pytest.raises(UnknownVersion):
        asked.difference(MODEL, "1", "champion")


def steps_of_one_change(scenes: int) -> int:
    """Hundreds of SQLite's own steps that it takes to write a version in which one scene of many has changed."""
    connection = indexed([{f"scene{number}": 1 for number in range(scenes)}])
    steps: list[None] = []
    connection.set_progress_handler(lambda: steps.append(None), 100)  # returns None: go on
    add_snapshot(connection, "next", scenes, [(key("scene7", 2), new("scene7", 2))], [key("scene7", 1)])
    return len(steps)


def test_a_version_costs_what_changed_and_not_what_it_holds() -> None:
    assert steps_of_one_change(5_000) <= steps_of_one_change(50) + 2
