"""`fusar webhook` as a process: real HTTP, a real Prefect server, notifications that are good and bad."""

import hashlib
import hmac
import http.client
import json
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.arrivals.notifications import MOST_BYTES
from flows.server import OWN_SERVER
from tests.small_house import fusar

PATIENCE_SECONDS = 120
KEY = "a secret of this test alone"


class Listening:
    """A receiver that listens, and the forge that writes to it."""

    def __init__(self, house: Path) -> None:
        secret = house.parent / "secret"
        secret.write_text(KEY)
        self.process = fusar(house, "webhook", "--port", "0", FUSAR_WEBHOOK_SECRET_FILE=str(secret))
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1].split("/")[0])

    def post(self, body: bytes, headers: dict[str, str], method: str = "POST", path: str = "/git") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def push(self, commit: str, delivery: str, branch: str = "main", key: str = KEY) -> tuple[int, str]:
        repository = {"pushed_at": int(time.time())}
        body = json.dumps({"ref": f"refs/heads/{branch}", "after": commit, "repository": repository}).encode()
        return self.post(body, signed(body, delivery, key))

    def stop(self) -> str:
        """End it as its keeper would; what it logged."""
        self.process.send_signal(signal.SIGTERM)
        said: str = self.process.communicate(timeout=PATIENCE_SECONDS)[1]
        return said


def signed(body: bytes, delivery: str, key: str = KEY) -> dict[str, str]:
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Event": "push", "X-GitHub-Delivery": delivery}


@pytest.fixture
def listening(house: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    monkeypatch.delenv(OWN_SERVER, raising=False)  # the server of the tests takes events as one of `make up` does
    found = Listening(house)
    yield found
    found.process.kill()
    found.process.communicate()


def test_good_ones_become_events_and_all_others_are_refused_and_logged_without_secrets(listening, server):
    commit, other = secrets.token_hex(20), secrets.token_hex(20)
    repository = {"pushed_at": int(time.time())}
    body = json.dumps({"ref": "refs/heads/main", "after": commit, "repository": repository}).encode()
    assert listening.post(body, signed(body, "d-1"))[0] == 202
    assert listening.post(body, signed(body, "d-2")) == (409, '{"said":"refused: delivered before"}')
    assert listening.push(other, "d-1")[0] == 409  # an id that was seen
    assert listening.push(other, "d-3", key="another secret, as long")[0] == 401
    assert listening.post(body, {"X-GitHub-Event": "push"})[0] == 401
    assert listening.push(other, "d-4", branch="other\n200 told")[0] == 200
    assert listening.post(b"x" * (MOST_BYTES + 1), signed(b"", "d-5"))[0] == 413
    assert listening.post(b"", {}, method="GET")[0] == 405
    assert listening.post(body, signed(body, "d-6"), path="/")[0] == 404
    assert listening.post(b"", {}, method="GET", path="/health") == (200, "ok")
    assert listening.push(secrets.token_hex(20), "d-7")[0] == 202
    said = listening.stop()
    for words in ("refused: delivered before", "refused: wrong signature", "refused: not signed", "is not watched",
                  f"refused: more than {MOST_BYTES} bytes", f"told: commit {commit[:12]}"):  # fmt: skip
        assert words in said
    assert KEY not in said and "sha256=" not in said and "another secret" not in said
    assert "\n200 told" not in said  # a branch writes no line of its own


def test_a_restart_forgets_no_delivery(listening, house):
    commit = secrets.token_hex(20)
    body = json.dumps(
        {"ref": "refs/heads/main", "after": commit, "repository": {"pushed_at": int(time.time())}}
    ).encode()
    assert listening.post(body, signed(body, "d-1"))[0] == 202
    listening.stop()
    again = Listening(house)
    try:
        assert again.post(body, signed(body, "d-9"))[0] == 409
    finally:
        again.stop()


def test_without_a_server_the_forge_is_asked_to_send_it_again(house, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    listening = Listening(house)
    try:
        commit = secrets.token_hex(20)
        assert [listening.push(commit, "d-1")[0] for _ in range(2)] == [503, 503]
    finally:
        listening.stop()


def test_it_does_not_start_without_a_secret_or_on_a_port_that_is_taken(house):
    bare = fusar(house, "webhook", "--port", "0")
    assert "secret of notifications: FUSAR_WEBHOOK_SECRET holds none" in bare.communicate(timeout=PATIENCE_SECONDS)[1]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused: subprocess.Popen[str] = fusar(house, "webhook", "--port", port, FUSAR_WEBHOOK_SECRET=KEY)
        assert f"127.0.0.1:{port}: cannot listen there" in refused.communicate(timeout=PATIENCE_SECONDS)[1]
    assert (bare.returncode, refused.returncode) == (1, 1)
