"""Notifications of forges, checked byte for byte: who sent them, when, and what they say."""

import hashlib
import hmac
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from components.arrivals import errors
from components.arrivals.errors import NoSecret, Refused
from components.arrivals.notifications import MOST_BYTES, SECRET, SECRET_FILE, check_notification, read_secret
from components.arrivals.seen import Deliveries

KEY = b"correct horse battery staple"
NOW = 1_780_000_000.0  # 2026-05-28T20:26:40Z
COMMIT = "a" * 40


def body(**changes: Any) -> bytes:
    push = {"ref": "refs/heads/main", "after": COMMIT, "repository": {"pushed_at": int(NOW) - 5}, "commits": []}
    return json.dumps({**push, **changes}).encode()


def signed(content: bytes, key: bytes = KEY, **more: str) -> dict[str, str]:
    digest = hmac.new(key, content, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={digest}", "x-github-event": "push", "x-github-delivery": "d-1"}
    return {**headers, **more}


def refusal(headers: dict[str, str], content: bytes) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        check_notification(headers, content, KEY, NOW)
    assert KEY.decode() not in str(caught.value)
    return caught.value.status, caught.value.problem


def test_the_example_of_githubs_own_documentation():
    # docs.github.com, "Validating webhook deliveries": its secret, payload and digest.
    headers = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert check_notification(headers, b"Hello, World!", b"It's a Secret to Everybody", NOW) is None


def test_a_push_of_each_forge_is_read():
    content = body()
    told = check_notification(signed(content), content, KEY, NOW)
    assert told is not None
    assert (told.branch, told.commit) == ("main", COMMIT)
    assert told.marks == (hashlib.sha256(content).hexdigest(), "id d-1")
    content = body(repository={}, commits=[{"timestamp": "2026-05-28T22:20:00+02:00"}])
    digest = hmac.new(KEY, content, hashlib.sha256).hexdigest()
    gitea = {"x-gitea-signature": digest, "x-gitea-event": "push", "x-gitea-delivery": "e"}
    gitlab = {"x-gitlab-token": KEY.decode(), "x-gitlab-event": "Push Hook", "x-gitlab-event-uuid": "f"}
    for headers in (gitea, gitlab):
        told = check_notification(headers, content, KEY, NOW)
        assert told is not None and told.commit == COMMIT


@pytest.mark.parametrize(
    "headers",
    [
        signed(body(), b"another secret of the same use"),
        {**signed(body()), "x-hub-signature-256": "sha256="},
        {**signed(body()), "x-hub-signature-256": "sha256=\xff\u2603"},
        # The old SHA-1 header vouches for nothing.
        {"x-hub-signature": "sha1=" + hmac.new(KEY, body(), hashlib.sha1).hexdigest(), "x-github-event": "push"},
        {"x-gitea-signature": "0" * 64, "x-gitea-event": "push"},
        {"x-gitlab-token": "wrong", "x-gitlab-event": "Push Hook"},
        {"x-github-event": "push"},
    ],
)
def test_who_does_not_know_the_secret_is_refused(headers):
    assert refusal(headers, body())[0] == 401


def test_one_changed_byte_of_the_body_is_refused():
    assert refusal(signed(body()), body().replace(b"main", b"mine")) == (401, "wrong signature")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"payload=%7B%7D", 415),
        (b"[" * 100_000, 415),
        (b"[]", 422),
        (body(ref=7), 422),
        (body(after="--upload-pack=x"), 422),
        (body(repository={}, commits=[{"timestamp": "yesterday"}, 7, None]), 422),
        (body(repository={"pushed_at": int(NOW) - 90_000}), 409),
        (body(repository={"pushed_at": int(NOW) + 3_600}), 409),
        (b" " * (MOST_BYTES + 1), 413),
    ],
    ids=["a form", "deep", "a list", "ref", "after", "no time", "old", "future", "large"],
)
def test_what_is_signed_but_wrong_is_refused(content, status):
    assert refusal(signed(content), content)[0] == status


@pytest.mark.parametrize(
    ("content", "event"),
    [(body(), "ping"), (body(ref="refs/tags/v1"), "push"), (body(after="0" * 40), "push"), (body(), "issues")],
)
def test_what_is_no_push_to_a_branch_says_nothing(content, event):
    assert check_notification(signed(content, **{"x-github-event": event}), content, KEY, NOW) is None


def test_a_delivery_is_taken_once_over_restarts_whatever_id_it_claims(tmp_path):
    first, again = Deliveries(tmp_path), Deliveries(tmp_path)
    assert first.take(("body", "id 1"))
    assert not again.take(("body", "id 2"))  # the same signed bytes under another id
    assert not first.take(("other body", "id 2"))  # an id that was noted, though its delivery was refused
    first.give_back(("body", "id 1"))
    assert again.take(("body", "id 1"))
    first.close()
    again.close()


def test_a_secret_comes_from_a_file_or_a_variable_and_is_never_short(tmp_path):
    file = tmp_path / "secret"
    file.write_text("from a file, long enough\n")
    assert read_secret({SECRET: "from a variable, long", SECRET_FILE: str(file)}) == b"from a file, long enough"
    assert read_secret({SECRET: "from a variable, long"}) == b"from a variable, long"
    for wrong in ({}, {SECRET: "short"}, {SECRET_FILE: str(tmp_path / "none")}):
        with pytest.raises(NoSecret) as caught:
            read_secret(wrong)
        assert "short" not in str(caught.value)


def test_every_error_survives_pickling_and_ends_with_a_remedy():
    samples = [
        errors.NoSuchBranch("origin", "main"), errors.CatalogueUnreachable("https://x", "no"),
        errors.BadSources("sources.yaml", "no YAML"), errors.NoSuchSource("a", ()), errors.BadQuestion("--time", "no"),
        errors.NoDriver("s3://a/b"), errors.BadIndex(Path("x"), "no"), errors.CannotFilter("https://x"),
        errors.TooManyItems("https://x", 3), errors.BadCursor("/x", "no"),
        errors.NoSecret("none"), errors.CannotListen("::1:80", "no"), errors.Refused(401, "not signed"),
            errors.RefusedItem("scene-1", "no href"), errors.AssetUnreachable("https://x", "HTTP 503"),
            errors.ItemsLeft("2 added", "HTTP 503"),
    ]  # fmt: skip
    assert {type(sample) for sample in samples} == set(errors.ArrivalError.__subclasses__())
    for sample in samples:
        assert str(pickle.loads(pickle.dumps(sample))) == str(sample)
