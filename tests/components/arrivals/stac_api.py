"""A small STAC API over real HTTP, for what rustac's server does not do: updates, pages, files, misbehaviour."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CORE = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
]
EXTENSIONS = {
    "query": ["https://api.stacspec.org/v1.0.0/item-search#query"],
    "filter": [
        "https://api.stacspec.org/v1.0.0/item-search#filter",
        "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    ],
    "none": [],
}


def item(number: int, updated: str, **more: Any) -> dict[str, Any]:
    where = {"type": "Point", "coordinates": [10, 53]}
    properties = {"datetime": "2026-01-01T00:00:00Z", "updated": updated}
    whole = {"type": "Feature", "stac_version": "1.0.0", "id": f"scene-{number}", "geometry": where}
    return {**whole, "bbox": [10, 53, 10, 53], "properties": properties, "links": [], "assets": {}, **more}


class Api(ThreadingHTTPServer):
    """Serves `items`; `how` is query, filter, none, or a way to misbehave: broken, html, list, endless."""

    daemon_threads = True

    def __init__(self, how: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.how, self.items = how, list[dict[str, Any]]()
        self.searches = list[dict[str, Any]]()
        self.files = dict[str, bytes | str | int]()  # path to content, to where it redirects, or to a status
        self.cut = dict[str, int]()  # path to bytes after which its next answer breaks off
        self.asked = list[tuple[str, str]]()  # path and Range of every file

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(how: str) -> Iterator[Api]:
    with Api(how) as api:
        threading.Thread(target=api.serve_forever, args=(0.02,), daemon=True).start()
        yield api
        api.shutdown()


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        api = self.server
        if self.path in api.files:
            return self._file(api.files[self.path])
        if api.how == "html":
            return self._send(200, b"<html>wait a moment</html>", "text/html")
        conformance = [*CORE, *EXTENSIONS.get(api.how, EXTENSIONS["query"])]
        links = [
            {"rel": "self", "href": api.url},
            {"rel": "search", "href": f"{api.url}/search", "type": "application/geo+json", "method": "POST"},
        ]
        about = {"type": "Catalog", "stac_version": "1.0.0", "id": "small", "description": "of the tests"}
        return self._json({**about, "links": links, "conformsTo": conformance})

    def do_POST(self) -> None:
        api = self.server
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        api.searches.append(asked)
        if api.how == "broken":
            return self._send(500, b"no database")
        if api.how == "list":
            return self._json([1, 2])
        if api.how == "endless":
            page = [item(number, "2026-02-01T00:00:00Z") for number in range(250)]
            return self._page(page, asked, "again")
        compared = asked.get("filter", {"args": [0, {"timestamp": ""}]})["args"][1]["timestamp"]
        since = asked.get("query", {}).get("updated", {}).get("gte", compared)
        found = [found for found in api.items if str(found["properties"].get("updated", "9")) >= since[:19]]
        first = int(asked.get("token", 0))
        following = first + 2  # a server may give fewer than it is asked for
        return self._page(found[first:following], asked, str(following) if following < len(found) else "")

    def _file(self, served: bytes | str | int) -> None:
        asked = self.headers.get("Range", "")
        self.server.asked.append((self.path, asked))
        if not isinstance(served, bytes):
            self.send_response(served if isinstance(served, int) else 302)
            self.send_header("Location", str(served))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        etag = f'"{hashlib.md5(served, usedforsecurity=False).hexdigest()}"'
        first, last = (int(number) if number else None for number in (asked.removeprefix("bytes=") or "-").split("-"))
        is_part = first is not None and self.headers.get("If-Range", etag if last is not None else "") == etag
        start = first if is_part and first is not None else 0
        end = min(last + 1, len(served)) if is_part and last is not None else len(served)
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(served)}")
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        self.wfile.write(served[start : min(end, start + self.server.cut.pop(self.path, len(served)))])
        self.close_connection = True

    def _page(self, features: list[dict[str, Any]], asked: dict[str, Any], token: str) -> None:
        following = {
            "rel": "next",
            "method": "POST",
            "href": f"{self.server.url}/search",
            "body": {**asked, "token": token},
        }
        links = [following] if token else []
        self._json({"type": "FeatureCollection", "features": features, "links": links})

    def _json(self, content: object) -> None:
        self._send(200, json.dumps(content).encode())

    def _send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""
