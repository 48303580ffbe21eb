"""Dagster's pages in this process, over an instance and assets of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import uvicorn
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_webserver.version import __version__

from orchestration.services.dagster_pages import DagsterPages
from tests.processes import eventually


@dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-03-01", end_date="2026-03-08"))
def sessions() -> None:
    """What the pages show."""


definitions = dg.Definitions(assets=[sessions])

LAUNCH = """
mutation { launchPartitionBackfill(backfillParams: {
  assetSelection: [{path: ["sessions"]}], partitionNames: ["2026-03-01"]
}) { __typename ... on PythonError { message } } }
"""
READ = "{ assetNodes { assetKey { path } } }"


@dataclass(frozen=True, slots=True)
class Pages:
    """Running pages, and the instance that they show."""

    url: str
    instance: dg.DagsterInstance

    @property
    def backfills(self) -> int:
        """How many were launched."""
        return len(self.instance.get_backfills())

    @property
    def port(self) -> int:
        """Where they answer."""
        return int(self.url.rpartition(":")[2])


@contextmanager
def serving_pages(
    home: Path, allowed: frozenset[str] = frozenset(), *, is_read_only: bool = False
) -> Iterator[Pages]:
    """Pages on a free port of loopback."""
    target = LoadableTargetOrigin(python_file=__file__, attribute="definitions")
    place = InProcessCodeLocationOrigin(target, location_name="shop")
    with (
        dg.instance_for_test(temp_dir=str(home)) as instance,
        WorkspaceProcessContext(
            instance,
            InProcessWorkspaceLoadTarget(place),
            version=__version__,
            read_only=is_read_only,
        ) as context,
    ):
        app = DagsterPages(context, allowed).create_asgi_app()
        config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, name="dagster-pages")
        thread.start()
        try:
            eventually(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield Pages(f"http://127.0.0.1:{port}", instance)
        finally:
            server.should_exit = True
            thread.join(30)
