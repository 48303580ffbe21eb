"""A worker that freezes itself, as by SIGSTOP: `python -m tests.crash.frozen_worker_process POINT`.

It stops before the named step: `claim` (it has claimed, and deletes nothing yet), `delete` (it has
deleted the tail), `insert` (the event log is written, the events are not), `ledger` (all is written
but the ledger's row), `owner` (that as well, but it has not asked whether it counts).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from streams import agents, ledger, ranges
from streams.settings import StreamSettings
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


class Trap:
    """Stops the process when it comes by for the first time."""

    def __init__(self) -> None:
        self._is_set = True

    def spring(self) -> None:
        """Stop, once."""
        if self._is_set:
            self._is_set = False
            os.kill(os.getpid(), signal.SIGSTOP)


def before(step: Callable[..., Any], trap: Trap) -> Callable[..., Any]:
    """A step that stops first."""

    def stopped(*given: Any, **named: Any) -> Any:
        trap.spring()
        return step(*given, **named)

    return stopped


def after(step: Callable[..., Any], trap: Trap) -> Callable[..., Any]:
    """A step that stops when it is done."""

    def stopping(*given: Any, **named: Any) -> Any:
        answer = step(*given, **named)
        trap.spring()
        return answer

    return stopping


class StoppingWarehouse(Warehouse):
    """A warehouse whose user stops before events are inserted."""

    trap = Trap()

    def insert_arrow(self, table: str, *given: Any, **named: Any) -> None:
        if table == "analytics.events":
            self.trap.spring()
        super().insert_arrow(table, *given, **named)


def set_trap(point: str) -> None:
    """Have this process stop at a point."""
    trap = Trap()
    match point:
        case "claim":
            ledger.delete_tail = before(ledger.delete_tail, trap)
        case "delete":
            ledger.delete_tail = after(ledger.delete_tail, trap)
        case "insert":
            Warehouse.connect = StoppingWarehouse.connect  # type: ignore[method-assign]
        case "ledger":
            ranges.record = before(ranges.record, trap)
        case "owner":
            ledger.is_owner = before(ledger.is_owner, trap)
        case _:
            raise ValueError(f"{point!r} is no point to stop at")


if __name__ == "__main__":
    set_trap(sys.argv[1])
    agents.run(StreamSettings.from_env(), WarehouseSettings.from_env())
