"""A shop in FastAPI: a middleware publishes its page views, an endpoint an order.

    SHOP_SPOOLS=/var/spool/shop-events uvicorn --factory streams.examples.fastapi_shop:shop

The middleware is plain ASGI: Starlette, Litestar and Quart take it too.
"""

from __future__ import annotations

import html
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.collector.visitors import set_cookie
from streams.events import OrderData, OrderPlaced, Product
from streams.examples.page_views import (
    own_publisher,
    page_view,
    publish_or_log,
    shows_page,
    visitor_in,
)
from streams.publisher import Publisher
from streams.settings import StreamSettings


class PageViews:
    """Publishes a page view for every page shown; endpoints find the visitor in `request.state`."""

    def __init__(self, app: ASGIApp, publisher: Publisher) -> None:
        self._app = app
        self._publisher = publisher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and publish when the answer is a page."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        visitor = visitor_in(request.headers)
        request.state.visitor = visitor

        async def publish_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if shows_page(request.method, message["status"], headers.get("Content-Type", "")):
                    is_secure = request.url.scheme == "https"
                    if visitor:
                        headers.append("Set-Cookie", set_cookie(visitor, is_secure=is_secure))
                    address = request.client.host if request.client else ""
                    seen = page_view(visitor, str(request.url), address, request.headers)
                    publish_or_log(self._publisher, seen)
            await send(message)

        await self._app(scope, receive, publish_and_send)


def shop() -> FastAPI:
    """The shop; each of its processes has a publisher of its own."""
    spools = Path(os.environ["SHOP_SPOOLS"])
    publisher = own_publisher(StreamSettings.from_env(), spools)

    @asynccontextmanager
    async def publishing(_: FastAPI) -> AsyncIterator[None]:
        yield
        publisher.close()

    app = FastAPI(lifespan=publishing)
    app.add_middleware(PageViews, publisher=publisher)

    @app.get("/mugs/{sku}", response_class=HTMLResponse)
    def product(sku: str) -> str:
        """A product's page."""
        return f"<!doctype html><title>{html.escape(sku)}</title>"

    @app.post("/orders")
    def order(request: Request, sku: str, price_minor: int) -> dict[str, str]:
        """An order; unlike a page view it must not be lost, so a failure is the customer's too."""
        order_id = str(uuid.uuid4())
        line = Product(sku=sku, price_minor=price_minor, quantity=1)
        publisher.publish(
            OrderPlaced(
                specversion="1.0",
                id=order_id,
                source="/shop/orders",
                time=datetime.now(UTC),
                visitorid=request.state.visitor,
                data=OrderData(order_id=order_id, revenue_minor=price_minor, products=[line]),
            )
        )
        return {"order_id": order_id}

    return app
