"""A listener of OpenLineage events over HTTP, and what the standard says an event must be."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jsonschema

# What the published OpenLineage schema (spec 2-0-2, RunEvent) demands of a run event, in our own words: required
# members, formats, and that every facet names its producer and its schema.
_FACETS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["_producer", "_schemaURL"],
        "properties": {
            "_producer": {"type": "string", "format": "uri"},
            "_schemaURL": {"type": "string", "format": "uri", "pattern": "^https://openlineage.io/spec/"},
        },
    },
}
_NAMED = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "facets": _FACETS,
    },
}
RUN_EVENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"type": "string", "format": "date-time"},
        "producer": {"type": "string", "format": "uri"},
        "schemaURL": {"const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": _FACETS},
        },
        "job": _NAMED,
        "inputs": {"type": "array", "items": _NAMED},
        "outputs": {"type": "array", "items": _NAMED},
    },
}
_CHECK = jsonschema.Draft202012Validator(RUN_EVENT, format_checker=jsonschema.FormatChecker())


def check(event: Mapping[str, Any]) -> None:
    """Hold an event to the standard; a run facet `parent` names run and job as its own schema demands."""
    _CHECK.validate(event)
    parent = event["run"].get("facets", {}).get("parent")
    if parent is not None:
        assert {"runId"} <= parent["run"].keys() and {"namespace", "name"} <= parent["job"].keys()


@dataclass
class Listener:
    url: str
    events: list[dict[str, Any]] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)


@contextmanager
def listener() -> Iterator[Listener]:
    """A real HTTP endpoint on loopback that keeps what is posted to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.paths.add(self.path)
            heard.events.append(json.loads(body))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Listener(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
