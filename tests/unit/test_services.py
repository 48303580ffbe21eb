"""Services as processes: notes, ports, answers and ends, with small real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.services.control import down, status
from orchestration.services.machine import elsewhere, environment, stages
from orchestration.services.processes import ServiceError, ServiceProcess
from orchestration.settings import OrchestrationSettings
from streams.local_kafka.running import Running
from warehouse.passwords import OWNER, keep_passwords, kept_password

SLEEPER = ("sleep", "60")
CHILD_OF_A_STUBBORN_PARENT = (
    sys.executable,
    "-c",
    "import subprocess, signal, time\n"
    "child = subprocess.Popen(['sleep', '60'])\n"
    "print(child.pid, flush=True)\n"
    "signal.signal(signal.SIGTERM, lambda *_: exit(0))\n"
    "time.sleep(60)",
)


def service(home: Path, command: tuple[str, ...] = SLEEPER, **changes: object) -> ServiceProcess:
    values: dict[str, object] = {
        "name": "sleeper",
        "group": "worker",
        "answers_since": lambda _: True,
        "environment": dict(os.environ),
        "budget_seconds": 5.0,
        **changes,
    }
    return ServiceProcess(command=command, home=home, **values)  # type: ignore[arg-type]  # see above


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[ServiceProcess]:
    one = service(tmp_path)
    yield one
    one.stop()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def eventually(is_so: Callable[[], bool], budget_seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + budget_seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


def pid_of(one: ServiceProcess) -> int:
    running = one.running()
    assert running is not None
    return running.pid


def test_a_started_service_runs_until_it_is_stopped(sleeper: ServiceProcess) -> None:
    sleeper.start()
    pid = pid_of(sleeper)
    sleeper.stop()
    assert sleeper.running() is None
    assert Running.of(pid) is None
    assert not sleeper.note.exists()


def test_starting_a_running_service_changes_nothing(sleeper: ServiceProcess) -> None:
    sleeper.start()
    pid = pid_of(sleeper)
    sleeper.start()
    assert pid_of(sleeper) == pid


def test_stopping_what_never_ran_does_nothing(sleeper: ServiceProcess) -> None:
    sleeper.stop()
    assert sleeper.running() is None


def test_a_service_that_died_can_be_started_again(sleeper: ServiceProcess) -> None:
    sleeper.start()
    dead = pid_of(sleeper)
    os.kill(dead, signal.SIGKILL)
    assert eventually(lambda: sleeper.running() is None)
    sleeper.start()
    assert pid_of(sleeper) != dead


def test_a_stranger_who_got_the_noted_id_is_neither_the_service_nor_ended(
    sleeper: ServiceProcess,
) -> None:
    with subprocess.Popen(SLEEPER) as stranger:
        try:
            sleeper.note.parent.mkdir(parents=True)
            sleeper.note.write_text(f"{stranger.pid} another start\n")
            assert sleeper.running() is None
            sleeper.stop()
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("text", ["", "not a process\n", "12"], ids=["empty", "words", "no start"])
def test_a_note_that_cannot_be_read_is_no_service(sleeper: ServiceProcess, text: str) -> None:
    sleeper.note.parent.mkdir(parents=True)
    sleeper.note.write_text(text)
    assert sleeper.running() is None


def test_children_end_with_their_service(tmp_path: Path) -> None:
    parent = service(tmp_path, CHILD_OF_A_STUBBORN_PARENT)
    parent.start()
    assert eventually(lambda: parent.log.read_text().endswith("\n"))
    child = int(parent.log.read_text())
    assert Running.of(child) is not None
    parent.stop()
    assert Running.of(child) is None


def test_a_service_that_ends_while_starting_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = ("sh", "-c", "echo no room left; exit 1")
    failing = service(tmp_path, command, name="failing", answers_since=lambda _: False)
    failing.start()
    with pytest.raises(ServiceError, match=r"(?s)failing ended.*failing\.log.*no room left"):
        failing.await_answer()


def test_a_service_that_never_answers_is_given_up_at_its_deadline(tmp_path: Path) -> None:
    silent = service(tmp_path, answers_since=lambda _: False, budget_seconds=0.2)
    silent.start()
    with pytest.raises(ServiceError, match=r"did not answer within 0 s"):
        silent.await_answer()
    silent.stop()


def test_a_taken_port_is_told_with_the_setting_that_changes_it(
    tmp_path: Path, taken_port: int
) -> None:
    late = service(tmp_path, port=taken_port, port_setting="DAGSTER_PORT")
    with pytest.raises(ServiceError, match=f"port {taken_port}.*set DAGSTER_PORT"):
        late.refuse_taken_port()


def test_a_running_service_may_hold_its_own_port(tmp_path: Path, taken_port: int) -> None:
    holder = service(tmp_path, port=taken_port, port_setting="DAGSTER_PORT")
    holder.start()
    holder.refuse_taken_port()
    holder.stop()


def test_a_given_broker_is_elsewhere_and_no_local_one_is_started(tmp_path: Path) -> None:
    environ = {"KAFKA_BROKERS": "kafka.example:9092"}
    settings = OrchestrationSettings(local_home=tmp_path)
    names = [one.name for stage in stages(settings, environ) for one in stage]
    assert elsewhere(environ) == {"kafka": "kafka.example:9092"}
    assert "kafka" not in names
    assert "warehouse" in names
    assert environment(settings, environ)["KAFKA_BROKERS"] == "kafka.example:9092"


@pytest.mark.parametrize(
    ("environ", "is_there"),
    [
        pytest.param({"COLLECTOR_PORT": "8090"}, True, id="its port is set"),
        pytest.param({}, False, id="nobody wants one"),
    ],
)
def test_a_collector_is_started_where_its_port_is_set(
    environ: dict[str, str], is_there: bool, tmp_path: Path
) -> None:
    settings = OrchestrationSettings(local_home=tmp_path)
    names = {one.name for stage in stages(settings, environ) for one in stage}
    assert ("collector" in names) is is_there


def test_services_are_told_the_local_addresses_and_absolute_places(tmp_path: Path) -> None:
    told = environment(OrchestrationSettings(local_home=tmp_path, kafka_port=19092), {})
    assert told["KAFKA_BROKERS"] == "127.0.0.1:19092"
    assert told["WAREHOUSE_URL"] == "http://127.0.0.1:8123"
    assert Path(told["DAGSTER_HOME"]).is_absolute()


def test_status_of_a_machine_where_nothing_runs(tmp_path: Path) -> None:
    settings = OrchestrationSettings(local_home=tmp_path)
    found = status(settings, {"WAREHOUSE_URL": "http://warehouse.example:8123"})
    assert found[0].state == "elsewhere"
    assert {one.state for one in found[1:]} == {"stopped"}


def test_down_where_nothing_runs_says_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    down(OrchestrationSettings(local_home=tmp_path), {}, said.append)
    assert said == []


def test_services_of_a_warehouse_that_is_ours_get_its_password(tmp_path: Path) -> None:
    settings = OrchestrationSettings(local_home=tmp_path)
    keep_passwords(tmp_path / "warehouse")
    kept = kept_password(tmp_path / "warehouse", OWNER)
    assert environment(settings, {})["WAREHOUSE_PASSWORD"] == kept
    assert environment(settings, {"WAREHOUSE_PASSWORD": "own"})["WAREHOUSE_PASSWORD"] == "own"
    other = environment(settings, {"WAREHOUSE_URL": "http://warehouse.example:8123"})
    assert "WAREHOUSE_PASSWORD" not in other
