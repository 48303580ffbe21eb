"""`python -m warehouse.embedded`: serve the warehouse of WAREHOUSE_PATH at the port of its URL."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from warehouse.embedded.engine import Engine
from warehouse.embedded.guard import Guard
from warehouse.embedded.opening import CannotOpenError, guarded, opened
from warehouse.embedded.server import Server
from warehouse.process_guards import guard_process
from warehouse.settings import LOOPBACK_HOSTS, WarehouseSettings, WarehouseSettingsError
from warehouse.terminal_text import visible

READS_MAY_TAKE_SECONDS = 2
KEEP_ALIVE_SECONDS = 3600  # a client that finds its connection closed cannot tell what was done


def main() -> int:
    """Read the command line, open the warehouse, serve until SIGTERM."""
    guard_process()
    try:
        settings = read_settings()
        with opened(settings) as engine, guarded(engine, settings) as guard:
            asyncio.run(serve(engine, settings, guard))
    except (CannotOpenError, WarehouseSettingsError) as error:
        print(visible(f"warehouse: {error}"), file=sys.stderr)
        return 1
    return 0


def read_settings() -> WarehouseSettings:
    """The settings of the environment, the command line going before them.

    Raises:
        WarehouseSettingsError: something cannot be used, or it would listen without a password.
    """
    settings = WarehouseSettings.from_env()
    parser = argparse.ArgumentParser(prog="python -m warehouse.embedded", description=__doc__)
    parser.add_argument("--path", type=Path, default=settings.path)
    parser.add_argument("--listen", default=settings.listen)
    parser.add_argument("--port", type=int, default=settings.port)
    given = parser.parse_args()
    settings = replace(settings, path=given.path).with_kept_passwords()
    if given.listen not in LOOPBACK_HOSTS and not settings.password:
        raise WarehouseSettingsError(
            f"listening on {given.listen} opens the warehouse to other machines: "
            "set WAREHOUSE_PASSWORD, or listen on 127.0.0.1"
        )
    host = f"[{given.listen}]" if ":" in given.listen else given.listen
    url = f"http://{host}:{given.port}"
    return replace(settings, listen=given.listen, url=url)


async def serve(engine: Engine, settings: WarehouseSettings, guard: Guard) -> None:
    """Answer until SIGTERM or SIGINT, then let what runs come to its end.

    Raises:
        CannotOpenError: the port is taken.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = Server(engine, settings, guard)
    runner = web.AppRunner(
        server.application(),
        access_log=None,
        auto_decompress=False,  # aiohttp would pass on a truncated body as a whole one
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        shutdown_timeout=1,  # by then nothing runs that may be waited for
    )
    await runner.setup()
    site = web.TCPSite(runner, settings.listen, settings.port)
    try:
        await site.start()
    except OSError as error:
        raise CannotOpenError(f"cannot listen on {settings.url}: {error.strerror}") from None
    print(f"warehouse: {settings.path} answers at {settings.url}", flush=True)
    await stop.wait()
    await site.stop()
    await server.finish(READS_MAY_TAKE_SECONDS)
    await runner.cleanup()
    server.close()


if __name__ == "__main__":
    sys.exit(main())
