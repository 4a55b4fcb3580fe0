import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from flows import outages
from flows.outages import through_outages


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
