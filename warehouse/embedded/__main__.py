"""`python -m warehouse.embedded`: serve the warehouse of WAREHOUSE_PATH at the port of its URL."""

from __future__ import annotations

import argparse
import asyncio
import signal
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from warehouse.embedded.configuration import write_configuration
from warehouse.embedded.engine import Engine
from warehouse.embedded.server import Server
from warehouse.settings import WarehouseSettings


def main() -> None:
    """Read the command line, open the engine, serve until SIGTERM."""
    settings = WarehouseSettings.from_env()
    parser = argparse.ArgumentParser(prog="python -m warehouse.embedded", description=__doc__)
    parser.add_argument("--path", type=Path, default=settings.path)
    parser.add_argument("--listen", default=settings.listen)
    parser.add_argument("--port", type=int, default=settings.port)
    arguments = parser.parse_args()
    settings = replace(
        settings,
        path=arguments.path,
        listen=arguments.listen,
        url=f"http://127.0.0.1:{arguments.port}",
    )
    settings.path.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(settings))


async def serve(settings: WarehouseSettings) -> None:
    """Open the engine, answer until SIGTERM or SIGINT, finish what runs, close."""
    engine = Engine(settings.path, write_configuration(settings))
    server = Server(engine, settings, settings.path / "tmp")
    runner = web.AppRunner(server.application(), access_log=None, keepalive_timeout=3600)
    await runner.setup()
    await web.TCPSite(runner, settings.listen, settings.port).start()
    print(
        f"warehouse {settings.path} answers at http://{settings.listen}:{settings.port}", flush=True
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()
    server.close()
    engine.close()


if __name__ == "__main__":
    main()
