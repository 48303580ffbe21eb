"""Up, down, status: what is done with all services of a machine together."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestration.services.machine import (
    GROUPS,
    Service,
    elsewhere,
    environment,
    stages,
)
from orchestration.services.preparation import (
    Say,
    make_topics,
    migrate_tables,
    prepare_dagster,
)
from orchestration.settings import OrchestrationSettings
from warehouse.passwords import keep_passwords
from warehouse.process_guards import close_to_others

KEPT = (  # what may lie in LOCAL_HOME
    *("kafka", "warehouse", "dagster", "dbt", "run", "collector", "imports", "faust"),
    "settings.env",
)


@dataclass(frozen=True, slots=True)
class Status:
    """One service, as a person or a script wants to know it."""

    service: str
    state: str  # running, starting, stopped, or elsewhere
    pid: int | None
    address: str
    uptime_seconds: int | None
    log: str


def up(
    settings: OrchestrationSettings,
    environ: Mapping[str, str],
    say: Say,
    only: Collection[str] = GROUPS,
) -> None:
    """Start what does not run, stage by stage, and wait until all of it answers.

    Args:
        settings: ports and places.
        environ: the caller's environment, which the services inherit.
        say: told a line for every step.
        only: the groups to start.

    Raises:
        ServiceError: a port is taken (before anything is started), or a service did not answer.
    """
    _keep_passwords(settings, environ)
    chosen = [[one for one in stage if one.group in only] for stage in stages(settings, environ)]
    for service in _flat(chosen):
        service.refuse_taken_port()
    for path in close_to_others(settings.home / name for name in KEPT):
        say(f"{path} was open to other users of this machine, and is closed now")
    told = environment(settings, environ)
    stores, workers, askers = chosen
    _start(stores, say)
    if {"warehouse", "worker", "dagster"}.intersection(only):
        migrate_tables(told, say)
    if {"kafka", "worker"}.intersection(only):
        make_topics(told)
    if "dagster" in only and not _is_any_running(workers + askers, "dagster"):
        prepare_dagster(settings, say)
    _start(workers, say)
    _start(askers, say)


def _keep_passwords(settings: OrchestrationSettings, environ: Mapping[str, str]) -> None:
    """Make the passwords of a warehouse that is ours and does not run: one that runs has none."""
    stores = _flat(stages(settings, environ))
    if any(one.name == "warehouse" and not one.running() for one in stores):
        keep_passwords(settings.home / "warehouse")


def down(
    settings: OrchestrationSettings,
    environ: Mapping[str, str],
    say: Say,
    only: Collection[str] = GROUPS,
) -> None:
    """End what runs, last started first; a worker ends before the warehouse it writes to."""
    for service in reversed(_flat(stages(settings, environ))):
        if service.group in only and service.running():
            began = time.monotonic()
            service.stop()
            say(f"{service.name} has stopped ({time.monotonic() - began:.1f} s)")


def status(settings: OrchestrationSettings, environ: Mapping[str, str]) -> list[Status]:
    """Every service, in the order they start."""
    away = [
        Status(name, "elsewhere", None, address, None, "")
        for name, address in elsewhere(environ).items()
    ]
    return away + [_status(service) for service in _flat(stages(settings, environ))]


def _status(service: Service) -> Status:
    running = service.running()
    if running is None:
        return Status(service.name, "stopped", None, service.address, None, str(service.log))
    return Status(
        service.name,
        "running" if service.is_answering() else "starting",
        running.pid,
        service.address,
        round(time.time() - service.note.stat().st_mtime),
        str(service.log),
    )


def _start(stage: list[Service], say: Say) -> None:
    began = time.monotonic()
    news = [service for service in stage if not service.running()]
    for service in news:
        service.start()
    for service in stage:
        service.await_answer()
        if service in news:
            where = f" at {service.address}" if service.address else ""
            say(f"{service.name} answers{where} ({time.monotonic() - began:.1f} s)")


def _is_any_running(services: list[Service], group: str) -> bool:
    return any(service.running() for service in services if service.group == group)


def _flat(groups: list[list[Service]]) -> list[Service]:
    return [service for group in groups for service in group]
