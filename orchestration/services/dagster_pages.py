"""Dagster's pages as they are served here: its own webserver within `page_guard`.

    python -m orchestration.services.dagster_pages --host 127.0.0.1 --port 3000

Dagster takes mutations by GET, from any page and under any name. Here GraphQL is asked by POST with
JSON as its content type, which no page of another origin may send unasked, and by the WebSocket of
the pages themselves. Everything else of the webserver is as Dagster made it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click
import dagster as dg
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from orchestration.services.machine import WORKSPACE
from orchestration.services.page_guard import PageGuard
from orchestration.settings import OrchestrationSettings
from warehouse.process_guards import guard_process

POLL_MILLISECONDS = 2000  # Dagster's own default

log = logging.getLogger("active_analytics.dagster_pages")


class DagsterPages(DagsterWebserver[WorkspaceProcessContext, Any]):
    """Dagster's webserver for known hosts and its own pages."""

    def __init__(self, context: WorkspaceProcessContext, allowed: frozenset[str]) -> None:
        """Serve a workspace.

        Args:
            context: the workspace; it knows whether it may only be read.
            allowed: names of hosts under which the pages are reached, beside those of loopback.
        """
        self._allowed = allowed
        super().__init__(context, live_data_poll_rate=POLL_MILLISECONDS)

    def build_middleware(self) -> list[Middleware]:
        """Dagster's own within ours."""
        return [Middleware(PageGuard, allowed=self._allowed), *super().build_middleware()]

    async def graphql_http_endpoint(self, request: Request) -> Response:
        """A GraphQL document by POST as JSON; by GET only the page to write one in."""
        if request.method == "POST":
            media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media != "application/json":
                message = f"GraphQL is taken as application/json, not as {media[:80]!r}\n"
                return PlainTextResponse(message, status_code=415)
        elif "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(
                "GraphQL is asked by POST here: a GET changes nothing, so it takes no document\n",
                status_code=405,
                headers={"Allow": "POST"},
            )
        answer: Response = await super().graphql_http_endpoint(request)
        return answer


@click.command()
@click.option("--workspace", type=click.Path(path_type=Path), default=WORKSPACE)
@click.option("--host", help="[default: DAGSTER_HOST, else 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: DAGSTER_PORT, else 3000]")
def main(workspace: Path, host: str | None, port: int | None) -> None:
    """Serve Dagster's pages until SIGTERM; DAGSTER_HOME is the instance they show."""
    guard_process()
    settings = OrchestrationSettings.from_env()
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance,
            WorkspaceFileTarget([str(workspace)]),
            version=__version__,
            read_only=settings.dagster_read_only,
        ) as context,
    ):
        instance.optimize_for_webserver(
            DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW
        )
        app = DagsterPages(context, settings.allowed_hosts).create_asgi_app()
        uvicorn.run(
            app,
            host=host or settings.dagster_host,
            port=port or settings.dagster_port,
            log_level="warning",
        )


if __name__ == "__main__":
    main()
