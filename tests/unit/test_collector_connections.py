"""How many connections a collector takes."""

from __future__ import annotations

import resource

import pytest

from streams.collector.serving import connections_allowed


@pytest.mark.parametrize(
    ("open_files", "connections"),
    [
        pytest.param(1024, 960, id="some are left for the spool and the broker"),
        pytest.param(20, 1, id="hardly any"),
        pytest.param(resource.RLIM_INFINITY, 1_000_000, id="without a bound"),
    ],
)
def test_connections_leave_the_process_the_files_it_needs_itself(
    monkeypatch: pytest.MonkeyPatch, open_files: int, connections: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (open_files, open_files))
    assert connections_allowed() == connections
