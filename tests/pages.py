"""Pages of a shop in a real browser, with a collector behind them or what stands in its place."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from streams.collector.page import page_script
from streams.collector.settings import CollectorSettings
from streams.publisher import Publisher
from tests.browser import Tab
from tests.collectors import NOWHERE, Place, answering
from tests.processes import eventually

PAGE = """<!doctype html><title>{title}</title>
<script>window.aa = window.aa || function () {{ (aa.q = aa.q || []).push(arguments) }}</script>
<script async src="{collector}/v1/page.js" {attributes}></script>
<a id="next" href="/two?utm_source=one">two</a>"""


class Shop:
    """A shop's web server: any path is a page with the script, `/plain` one without."""

    def __init__(self, collector: str, attributes: str = "") -> None:
        self.collector = collector
        self.attributes = attributes
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                title = self.path.partition("?")[0].strip("/") or "home"
                values = {"collector": shop.collector, "attributes": shop.attributes}
                page = "plain" if title == "plain" else PAGE.format(title=title, **values)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        return Handler

    def __enter__(self) -> Shop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class World:
    """A shop, its collector and a visitor's tab."""

    def __init__(self, shop: Shop, settings: CollectorSettings, spool: Path, tab: Tab) -> None:
        self.shop, self.settings, self.tab = shop, settings, tab
        self.place = Place(shop.collector, spool)
        self.publisher = Publisher(NOWHERE, spool)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """The collector answers meanwhile; the next one remembers no ids."""
        with answering(self.publisher, self.settings):
            yield

    @contextmanager
    def proxied(self) -> Iterator[Proxy]:
        """Something else answers where the collector should."""
        with Proxy(self.settings.collector_port, self.shop.url) as proxy:
            yield proxy

    def unsent(self) -> list[Any]:
        """What waits in the browser."""
        return json.loads(self.tab.run("localStorage.aa_unsent"))

    def show(self, path: str) -> None:
        """Type the address of a page of the shop."""
        self.tab.show(self.shop.url + path)

    def events(self, count: int) -> list[Any]:
        """The events in the spool, as soon as there are so many; no more come."""
        eventually(
            lambda: len(self.place.messages()) >= count,
            within_seconds=20,
            tell=lambda: str(self.place.events()),
        )
        time.sleep(0.2)
        assert len(self.place.messages()) == count, self.place.events()
        return self.place.events()


class Proxy:
    """What stands before a collector and answers beacons itself: with a status, and notes them."""

    def __init__(self, port: int, origin: str) -> None:
        self.status = 202
        self.at_most_events = 1000  # more are answered with 413
        self.beacons: list[list[Any]] = []
        self._origin = origin
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, page_script())

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                proxy.beacons.append(said)
                self._answer(413 if len(said) > proxy.at_most_events else proxy.status)

            def _answer(self, status: int, body: bytes = b"") -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/javascript")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Access-Control-Allow-Origin", proxy._origin)
                self.send_header("Access-Control-Allow-Credentials", "true")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        return Handler

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def pages(events: list[Any]) -> list[dict[str, str]]:
    """The page of each event."""
    return [event["data"]["page"] for event in events]
