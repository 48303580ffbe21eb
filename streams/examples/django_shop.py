"""A middleware for Django that publishes page views.

    MIDDLEWARE = [..., "streams.examples.django_shop.PageViews"]
    SHOP_SPOOLS = "/var/spool/shop-events"

The publisher is made at the first request: Gunicorn and uWSGI have forked by then. The broker comes
from the environment (KAFKA_BROKERS), as everywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from streams.collector.visitors import COOKIE, TWO_YEARS_SECONDS
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
    """Publishes a page view for every page shown; views find the visitor in `request.visitor`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._making = threading.Lock()
        self._made: Publisher | None = None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, and publish when the answer is a page."""
        visitor = visitor_in(request.headers)
        request.visitor = visitor
        response = self._get_response(request)
        content_type = response.headers.get("Content-Type", "")
        if shows_page(request.method or "", response.status_code, content_type):
            if visitor:
                response.set_cookie(
                    COOKIE,
                    visitor,
                    max_age=TWO_YEARS_SECONDS,
                    secure=request.is_secure(),
                    httponly=True,
                    samesite="Lax",
                )
            address = request.META.get("REMOTE_ADDR", "")
            seen = page_view(visitor, request.build_absolute_uri(), address, request.headers)
            publish_or_log(self._publisher(), seen)
        return response

    def _publisher(self) -> Publisher:
        with self._making:
            if self._made is None:
                spools = Path(settings.SHOP_SPOOLS)
                self._made = own_publisher(StreamSettings.from_env(), spools)
            return self._made
