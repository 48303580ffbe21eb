"""How a worker ends when it must not go on: at once, and with a code that says what comes next.

A clean shutdown would acknowledge and commit what is not stored; ending at once leaves it to the
ledger.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable
from typing import NoReturn, TypeVar

log = logging.getLogger("active_analytics.stream")

EXIT_FAULT = 1  # of ours: starting again reads the range anew
EXIT_REFUSED = 3  # a person must decide: starting again changes nothing
EXIT_STALLED = 4  # no progress, or no supervisor
EXIT_SUPERSEDED = 5  # it stood still, and another worker may have taken over: starting again joins

Answer = TypeVar("Answer")


def end_at_once(why: object, code: int) -> NoReturn:
    """End the process without acknowledging anything."""
    log.critical("stopped: %s", why)
    logging.shutdown()
    os._exit(code)


async def or_end(work: Awaitable[Answer]) -> Answer:
    """Do some work; a fault in it ends the process, for Faust would go on without the event."""
    try:
        return await work
    except Exception:  # the boundary of the process
        log.exception("the worker failed")
        end_at_once("a fault of ours", EXIT_FAULT)
