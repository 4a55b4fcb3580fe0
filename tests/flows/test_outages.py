import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

import httpx
import pytest

from flows import outages
from flows.outages import through_outages
from flows.server import PATIENT


class Found(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_comes_back_is_waited_for(monkeypatch):
    monkeypatch.setattr(outages, "_POLL_SECONDS", 0.1)
    with HTTPServer(("127.0.0.1", 0), Found, bind_and_activate=False) as server:
        server.server_bind()  # nobody listens yet: a connection is refused

        def come_back() -> None:
            time.sleep(1)
            server.server_activate()
            server.handle_request()

        threading.Thread(target=come_back, daemon=True).start()
        url, started = f"http://127.0.0.1:{server.server_address[1]}", time.monotonic()
        assert through_outages(lambda: httpx.get(url, trust_env=False).text) == "here"
        assert time.monotonic() - started > 0.9


def test_a_server_that_stays_away_is_given_up(monkeypatch):
    monkeypatch.setattr(outages, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(outages, "_POLL_SECONDS", 0.1)
    asked = []

    def ask() -> None:
        asked.append(1)
        raise httpx.ConnectError("refused")

    with pytest.raises(httpx.ConnectError):
        through_outages(ask)
    assert len(asked) > 1


def test_what_the_server_refuses_is_not_asked_again():
    with pytest.raises(KeyError):
        through_outages(lambda: {}["other errors are none of an outage"])


def test_a_worker_asks_again_where_the_servers_database_is_away():
    """Prefect's server answers 500 while nobody listens at its PostgreSQL's port."""
    asked: list[str] = []

    class WithoutDatabase(Found):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path.endswith("/hello") and asked.count(self.path) == 1:
                self.send_error(500)
            else:
                super().do_GET()

    question = "from prefect import get_client\nwith get_client(sync_client=True) as c: print(c.hello().status_code)"
    with ThreadingHTTPServer(("127.0.0.1", 0), WithoutDatabase) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = {"PREFECT_API_URL": f"http://127.0.0.1:{server.server_address[1]}/api", "NO_PROXY": "127.0.0.1"}
        more = {"PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false", "PREFECT_CLIENT_RETRY_JITTER_FACTOR": "0"}
        done = subprocess.run(
            [sys.executable, "-P", "-c", question],
            env={**os.environ, **PATIENT, **api, **more}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        server.shutdown()
    assert done.stdout.strip() == "200", done.stderr
    assert len([path for path in asked if path.endswith("/hello")]) == 2
