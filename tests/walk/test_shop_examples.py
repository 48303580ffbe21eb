"""The examples for shops, each served on a real port and asked as a browser would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
import pytest
import uvicorn
from django.conf import settings as django_settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

from streams.collector.visitors import visitor_of
from streams.examples.fastapi_shop import shop
from streams.settings import StreamSettings
from tests.browser import Chromium
from tests.collectors import NOWHERE, Answer, Place, collector_in_process
from tests.processes import eventually

HEADERS = {
    "User-Agent": "Mozilla/5.0",
    "Accept-Language": "de-AT,de;q=0.9",
    "Referer": "https://search.example/",
}

urlpatterns = [
    path("mugs/<sku>", lambda _, sku: HttpResponse(f"<title>{sku}</title>")),
    path("stock.json", lambda request: JsonResponse({"visitor": request.visitor})),
]


@contextmanager
def environment(stream: StreamSettings) -> Iterator[pytest.MonkeyPatch]:
    """Variables that name the broker and the topic."""
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("KAFKA_BROKERS", stream.kafka_brokers)
        variables.setenv("EVENTS_TOPIC", stream.events_topic)
        yield variables


@contextmanager
def fastapi_shop(spools: Path, stream: StreamSettings) -> Iterator[Place]:
    with environment(stream) as variables:
        variables.setenv("SHOP_SPOOLS", str(spools))
        config = uvicorn.Config(shop(), port=0, log_level="error", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Place(f"http://127.0.0.1:{port}", spools / "0")
    finally:
        server.should_exit = True
        thread.join(30)


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def django_shop(spools: Path, stream: StreamSettings) -> Iterator[Place]:
    if not django_settings.configured:
        django_settings.configure(
            ALLOWED_HOSTS=["127.0.0.1"],
            MIDDLEWARE=["streams.examples.django_shop.PageViews"],
            ROOT_URLCONF=__name__,
            SECRET_KEY="of a test",
        )
        django.setup()
    django_settings.SHOP_SPOOLS = str(spools)
    with environment(stream):
        server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Silent)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Place(f"http://127.0.0.1:{server.server_port}", spools / "0")
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.mark.parametrize("shop", [fastapi_shop, django_shop])
def test_a_page_view_is_published_with_what_the_request_says(
    shop: Callable[[Path, StreamSettings], Any], stream_settings: StreamSettings, tmp_path: Path
) -> None:
    with shop(tmp_path / "spools", stream_settings) as place:
        first: Answer = place.ask("GET", "/mugs/blue?utm_source=post", headers=HEADERS)
        visitor = visitor_of(first.headers["Set-Cookie"].split(";")[0])
        cookie = {"Cookie": f"aa_visitor={visitor}"}
        place.ask("GET", "/mugs/red", headers={**HEADERS, **cookie})
        place.ask("GET", "/nowhere", headers=cookie)  # no page
        blue, red = place.events()
    assert "HttpOnly" in first.headers["Set-Cookie"]
    assert blue["type"] == "page.viewed"
    assert blue["data"]["page"] == {
        "url": f"{place.url}/mugs/blue?utm_source=post",
        "referrer": "https://search.example/",
    }
    assert blue["data"]["client"] == {
        "user_agent": "Mozilla/5.0",
        "address": "127.0.0.1",
        "language": "de-AT",
    }
    assert blue["visitorid"] == red["visitorid"] == visitor


def test_an_order_in_fastapi_is_published_for_the_visitor_of_the_page(
    stream_settings: StreamSettings, tmp_path: Path
) -> None:
    with fastapi_shop(tmp_path / "spools", stream_settings) as place:
        cookie = {"Cookie": f"aa_visitor={'ab' * 16}"}
        answer = place.ask("POST", "/orders?sku=MUG-BLUE&price_minor=1290", headers=cookie)
        (order,) = place.events()
    assert (order["type"], order["visitorid"]) == ("order.placed", "ab" * 16)
    assert order["data"]["order_id"] == answer.told["order_id"]
    assert order["data"]["revenue_minor"] == 1290


def test_a_view_of_django_knows_the_visitor(tmp_path: Path) -> None:
    with django_shop(tmp_path / "spools", NOWHERE) as place:
        answer = place.ask("GET", "/stock.json", headers={"Cookie": f"aa_visitor={'ab' * 16}"})
    assert answer.told == {"visitor": "ab" * 16}


def test_the_example_page_says_what_happens_on_it(browser: Chromium, tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "streams" / "examples" / "page.html"
    with collector_in_process(tmp_path / "spool") as place:
        page = source.read_text().replace("http://127.0.0.1:8090", place.url)
        tab = browser.tab()
        tab.show(f"{place.url}/healthz")  # a page of the collector's own host needs no CORS
        tab.run(f"document.open(); document.write({page!r}); document.close()")
        eventually(lambda: len(place.messages()) == 2)
        tab.run("document.getElementById('buy').click()")
        eventually(lambda: len(place.messages()) == 3)
        kinds = [event["type"] for event in place.events()]
    assert kinds == ["page.viewed", "product.viewed", "cart.item_added"]
