"""Which services a machine runs, in the order they start.

The order of the stages is what services need of each other: stores first, then who writes and
computes, then who asks them. Within a stage they start side by side. What a setting names is
elsewhere and not in the stages.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from orchestration.services import probes
from orchestration.services.broker import LocalBroker
from orchestration.services.processes import ServiceProcess, is_taken
from orchestration.settings import OrchestrationSettings
from streams.collector.settings import CollectorSettings
from warehouse.passwords import OWNER, kept_password
from warehouse.settings import WarehouseSettings

GROUPS = ("kafka", "warehouse", "worker", "collector", "dagster")
WORKSPACE = Path(__file__).parents[1] / "dagster_home" / "workspace.yaml"

Service = ServiceProcess | LocalBroker


def elsewhere(environ: Mapping[str, str]) -> dict[str, str]:
    """The services that a setting names, with their addresses: not ours to start or stop.

    An address with the port that KAFKA_PORT or WAREHOUSE_PORT gives to the local service is that
    service: so one environment can be meant for `up` and for every other command.
    """
    named = {
        "kafka": (environ.get("KAFKA_BROKERS"), f"127.0.0.1:{environ.get('KAFKA_PORT')}"),
        "warehouse": (
            environ.get("WAREHOUSE_URL"),
            f"http://127.0.0.1:{environ.get('WAREHOUSE_PORT')}",
        ),
    }
    return {name: given for name, (given, own) in named.items() if given and given != own}


def environment(settings: OrchestrationSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of every service: the caller's, and what was decided here made plain."""
    decided = {
        "KAFKA_BROKERS": f"127.0.0.1:{settings.kafka_port}",
        "WAREHOUSE_URL": f"http://127.0.0.1:{settings.warehouse_port}",
        "WAREHOUSE_PORT": str(settings.warehouse_port),
        "WAREHOUSE_PATH": str(settings.home / "warehouse"),
    }
    kept = kept_password(settings.home / "warehouse", OWNER)
    if kept and "warehouse" not in elsewhere(environ):
        decided["WAREHOUSE_PASSWORD"] = kept  # dbt's profile has it from there
    given = {name: value for name, value in environ.items() if value}
    return {
        **decided,
        **given,
        "LOCAL_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_MARTS_HOST": settings.dagster_marts_host,
        "DAGSTER_MARTS_PORT": str(settings.dagster_marts_port),
        "DAGSTER_DETECTION_HOST": settings.dagster_detection_host,
        "DAGSTER_DETECTION_PORT": str(settings.dagster_detection_port),
        "PYTHONUNBUFFERED": "1",
    }


def stages(settings: OrchestrationSettings, environ: Mapping[str, str]) -> list[list[Service]]:
    """Every service that is ours to start, stage by stage."""
    told = environment(settings, environ)
    stores: list[Service] = [
        _warehouse(settings, told),
        LocalBroker(settings.home, settings.kafka_port),
    ]
    return [
        [service for service in stores if service.name not in elsewhere(environ)],
        [
            _worker(settings, told),
            *_collectors(settings, told),
            *_code_locations(settings, told),
        ],
        [_webserver(settings, told), _daemon(settings, told)],
    ]


def _warehouse(settings: OrchestrationSettings, told: Mapping[str, str]) -> ServiceProcess:
    port = settings.warehouse_port
    return ServiceProcess(
        name="warehouse",
        group="warehouse",
        command=(*_python("warehouse.embedded"), "--port", str(port)),
        home=settings.home,
        environment=told,
        port=port,
        port_setting="WAREHOUSE_PORT",
        address=f"http://127.0.0.1:{port}",
        answers_since=lambda _: probes.answers(f"http://127.0.0.1:{port}/ping"),
    )


def _worker(settings: OrchestrationSettings, told: Mapping[str, str]) -> ServiceProcess:
    warehouse = WarehouseSettings.from_env(told)
    return ServiceProcess(
        name="worker",
        group="worker",
        command=(str(Path(sys.executable).with_name("active-analytics")), "work"),
        home=settings.home,
        environment=told,
        answers_since=lambda since: probes.has_claimed(warehouse, since),
    )


def _collectors(settings: OrchestrationSettings, told: Mapping[str, str]) -> list[ServiceProcess]:
    """The collector, where somebody wants one: COLLECTOR_PORT is set, or it was and it runs."""
    collector = CollectorSettings.from_env(told)
    service = ServiceProcess(
        name="collector",
        group="collector",
        command=(str(Path(sys.executable).with_name("active-analytics")), "collect", "serve"),
        home=settings.home,
        environment=told,
        port=collector.collector_port,
        port_setting="COLLECTOR_PORT",
        address=collector.url,
        answers_since=lambda _: probes.answers(f"{collector.url}/healthz"),
    )
    return [service] if told.get("COLLECTOR_PORT") or service.running() else []


def _code_locations(
    settings: OrchestrationSettings, told: Mapping[str, str]
) -> list[ServiceProcess]:
    both = (settings, told)
    return [
        # "Reload definitions" on Dagster's pages has a code server load them anew: edited models.
        _code_location("marts", ("code-server", "start"), settings.dagster_marts_port, *both),
        _code_location("detection", ("api", "grpc"), settings.dagster_detection_port, *both),
    ]


def _code_location(
    name: str,
    server: tuple[str, str],
    port: int,
    settings: OrchestrationSettings,
    told: Mapping[str, str],
) -> ServiceProcess:
    return ServiceProcess(
        name=f"dagster-{name}",
        group="dagster",
        command=(
            *_python("dagster", *server),
            *("--module-name", f"orchestration.definitions_{name}"),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--location-name", name, "--use-python-environment-entry-point"),
        ),
        home=settings.home,
        environment=told,
        port=port,
        port_setting=f"DAGSTER_{name.upper()}_PORT",
        address=f"127.0.0.1:{port}",
        answers_since=lambda _: is_taken(port),  # it listens once its definitions are loaded
    )


def _webserver(settings: OrchestrationSettings, told: Mapping[str, str]) -> ServiceProcess:
    host, port = settings.dagster_host, settings.dagster_port
    return ServiceProcess(
        name="dagster-pages",
        group="dagster",
        command=(
            *_python("orchestration.services.dagster_pages", "--workspace", str(WORKSPACE)),
            *("--host", host, "--port", str(port)),
        ),
        home=settings.home,
        environment=told,
        port=port,
        port_setting="DAGSTER_PORT",
        address=settings.dagster_url,
        answers_since=lambda _: probes.has_locations(settings.dagster_url),
    )


def _daemon(settings: OrchestrationSettings, told: Mapping[str, str]) -> ServiceProcess:
    return ServiceProcess(
        name="dagster-daemon",
        group="dagster",
        command=(*_python("dagster._daemon", "run", "--workspace", str(WORKSPACE)),),
        home=settings.home,
        environment=told,
        answers_since=lambda since: probes.beats_since(settings.dagster_url, since),
    )


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
