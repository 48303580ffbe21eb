"""`prepare` on a real broker and a real warehouse: what services find when they start."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from orchestration.cli import cli
from orchestration.instance import opened
from orchestration.settings import OrchestrationSettings
from streams.producer import end_offsets
from streams.settings import StreamSettings
from tests.fixtures_kafka import settings_on
from tests.fixtures_warehouse import free_port
from tests.processes import environment
from warehouse.client import Warehouse
from warehouse.migrate import pending
from warehouse.settings import WarehouseSettings

STARTED = dg.DagsterRunStatus.STARTED
FAILURE = dg.DagsterRunStatus.FAILURE


@dg.job
def interrupted() -> None:
    """A job whose run is left without a process."""


@pytest.fixture
def told(kafka_server: str, warehouse_server: WarehouseSettings, tmp_path: Path) -> dict[str, str]:
    return {
        **environment(settings_on(kafka_server, tmp_path), warehouse_server),
        "DAGSTER_MARTS_PORT": str(free_port()),
    }


@pytest.fixture
def left_run(told: Mapping[str, str]) -> str:
    with opened(OrchestrationSettings.from_env(told)) as instance:
        return instance.create_run_for_job(interrupted, status=STARTED).run_id


@pytest.fixture
def code_location(told: Mapping[str, str]) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", int(told["DAGSTER_MARTS_PORT"]))):
        yield


def prepare(told: Mapping[str, str]) -> str:
    result = CliRunner().invoke(cli, ["prepare"], env=told, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def status_of(run_id: str, told: Mapping[str, str]) -> dg.DagsterRunStatus:
    with opened(OrchestrationSettings.from_env(told)) as instance:
        run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_tables_topics_and_dagsters_home_are_there_however_often_it_runs(
    told: dict[str, str], warehouse: Warehouse
) -> None:
    prepare(told)
    prepare(told)
    settings = StreamSettings.from_env(told)
    assert pending(warehouse) == []
    assert len(end_offsets(settings, settings.events_topic)) == settings.events_partitions
    assert (OrchestrationSettings.from_env(told).dagster_home / "dagster.yaml").exists()


def test_a_run_without_a_process_is_ended_when_its_code_location_is_not_there(
    told: dict[str, str], left_run: str
) -> None:
    assert "1 runs of Dagster had lost their process" in prepare(told)
    assert status_of(left_run, told) == FAILURE


@pytest.mark.usefixtures("code_location")
def test_a_run_under_way_is_left_alone_while_its_code_location_serves(
    told: dict[str, str], left_run: str
) -> None:
    prepare(told)
    assert status_of(left_run, told) == STARTED
