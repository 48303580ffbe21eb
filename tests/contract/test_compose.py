"""docker-compose.yml, checked as far as that goes without a Docker engine.

What no test here can know: whether the images are there under these tags, and do what their manuals
say.
"""

import ast
import dataclasses
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from orchestration.cli import cli
from orchestration.services.machine import stages
from orchestration.settings import OrchestrationSettings
from streams.collector.settings import CollectorSettings
from streams.local_kafka.broker import PROPERTIES
from streams.settings import SettingsError, StreamSettings
from tests.contract.containers import (
    COMPOSE,
    OURS,
    PINNED,
    PROJECT,
    ROOT,
    SERVICES,
    SOURCE_IN_IMAGE,
    VARIABLE,
    environment,
    image_environment,
    interpolated,
    source_of,
    strings,
)
from warehouse.embedded.configuration import write_configuration
from warehouse.settings import WarehouseSettings
from warehouse.users import MARTS_READER, server_settings

# The keys of the Compose Specification that the file uses: another one must be looked up first.
TOP_KEYS = {"name", "services", "networks", "volumes", "configs"}
SERVICE_KEYS = {
    *("build", "command", "configs", "depends_on", "environment", "healthcheck", "image", "init"),
    *("logging", "ports", "restart", "stop_grace_period", "ulimits", "volumes"),
    *("cap_add", "cap_drop", "mem_limit", "networks", "pids_limit", "read_only", "security_opt"),
    *("tmpfs", "user"),
}
HEALTH_TIMES = {"interval", "timeout", "start_period", "start_interval"}
DURATION = re.compile(r"\d+[smh]")

SETTINGS = {
    *(one.name.upper() for one in dataclasses.fields(StreamSettings)),
    *(f"WAREHOUSE_{one.name.upper()}" for one in dataclasses.fields(WarehouseSettings)),
    *(one.name.upper() for one in dataclasses.fields(OrchestrationSettings)),
    *(one.name.upper() for one in dataclasses.fields(CollectorSettings)),
}
NOT_SETTINGS = {
    "DAGSTER_HOME",  # Dagster's own; `up` derives it from LOCAL_HOME
    "PATH",
    "PYTHONUNBUFFERED",  # logs come when they are written
    "UV_COMPILE_BYTECODE",  # while the image is built
}
OF_OTHER_IMAGES = {
    "kafka": "KAFKA_.*",  # the broker's properties, compared with the local broker's below
    "clickhouse": "CLICKHOUSE_(USER|PASSWORD)|MARTS_READER_PASSWORD",  # the latter by from_env
    "metabase": "MB_.*|JAVA_OPTS",
}

CHECKED = {name: one["healthcheck"] for name, one in SERVICES.items() if "healthcheck" in one}
COMMANDS = {
    **{name: service["command"] for name, service in OURS.items()},
    **{f"health of {name}": check["test"][1:] for name, check in CHECKED.items() if name in OURS},
}

every_service = pytest.mark.parametrize("service", SERVICES)
every_service_of_ours = pytest.mark.parametrize("service", OURS)


def test_the_file_has_only_keys_that_were_looked_up() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == TOP_KEYS


@every_service
def test_a_service_has_only_keys_that_were_looked_up(service: str) -> None:
    assert set(SERVICES[service]) <= SERVICE_KEYS
    assert SERVICES[service]["restart"] in {"unless-stopped", "no"}
    assert DURATION.fullmatch(SERVICES[service]["stop_grace_period"])


@pytest.mark.parametrize("service", CHECKED)
def test_a_health_check_is_a_command_with_its_times(service: str) -> None:
    check = CHECKED[service]
    assert set(check) == HEALTH_TIMES | {"test", "retries"}
    assert check["test"][0] == "CMD"
    assert all(DURATION.fullmatch(check[time]) for time in HEALTH_TIMES)


@every_service
def test_an_image_is_pinned_by_its_tag(service: str) -> None:
    assert PINNED.fullmatch(SERVICES[service]["image"])


def test_our_image_carries_the_version_of_the_package_and_is_built_once() -> None:
    (image,) = {service["image"] for service in OURS.values()}
    assert image == f"active-analytics:{PROJECT['project']['version']}"
    assert [one["build"] for one in SERVICES.values() if "build" in one] == ["."]


def test_ports_are_published_on_loopback_only_and_each_once() -> None:
    ports = [interpolated(port, {}) for one in SERVICES.values() for port in one.get("ports", [])]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)


@every_service
def test_a_service_waits_for_services_that_can_meet_its_condition(service: str) -> None:
    for awaited, how in SERVICES[service].get("depends_on", {}).items():
        match how["condition"]:
            case "service_healthy":
                assert awaited in CHECKED
            case "service_completed_successfully":
                assert SERVICES[awaited]["restart"] == "no"
            case other:
                pytest.fail(f"{service} waits for {awaited} to be {other}")


def test_volumes_and_configs_are_declared_and_all_of_them_used() -> None:
    mounts = [mount for one in SERVICES.values() for mount in one.get("volumes", [])]
    configs = [config["source"] for one in SERVICES.values() for config in one.get("configs", [])]
    assert {mount.split(":")[0] for mount in mounts} == set(COMPOSE["volumes"])
    assert set(configs) == set(COMPOSE["configs"])


WRITABLE = {  # a root that is not read only, and why
    "dagster-marts": "the manifest of dbt's project lies in the image where dbt writes",
    "metabase": "adds a user to its system when it starts",
}
POWERS = {"metabase": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}}  # root until then


@every_service
def test_a_container_can_do_nothing_beyond_its_work(service: str) -> None:
    given = SERVICES[service]
    assert given["cap_drop"] == ["ALL"]
    assert set(given.get("cap_add", [])) == POWERS.get(service, set())
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert given.get("read_only", False) is (service not in WRITABLE)
    assert re.fullmatch(r"\d+g", given["mem_limit"])
    assert given["pids_limit"] > 0


def test_what_is_written_in_a_read_only_container_is_a_volume_or_in_memory() -> None:
    home = image_environment()["LOCAL_HOME"]
    for name in OURS.keys() - WRITABLE.keys():
        places = [one.partition(":")[0] for one in OURS[name]["tmpfs"]]
        assert places == ["/tmp", home]
        assert all(mount.split(":")[1].startswith(home) for mount in OURS[name].get("volumes", []))


SECRETS = {
    "WAREHOUSE_PASSWORD": {"prepare", "worker", "dagster-marts", "dagster-detection"},
    "CLICKHOUSE_PASSWORD": {"clickhouse"},
    "MARTS_READER_PASSWORD": {"clickhouse"},
    "COLLECTOR_TOKEN": {"collector"},
}
REACHES = {
    "kafka": {"prepare", "worker", "collector", "dagster-detection"},
    "clickhouse": {*SECRETS["WAREHOUSE_PASSWORD"], "metabase"},
    "dagster-marts": {"prepare", "dagster-pages", "dagster-daemon"},
    "dagster-detection": {"prepare", "dagster-pages", "dagster-daemon"},
}


def test_a_secret_is_given_to_those_alone_who_use_it() -> None:
    holders: dict[str, set[str]] = {}
    for service, one in SERVICES.items():
        for name in one["environment"]:
            if re.search("PASSWORD|SECRET|TOKEN|KEY", name):
                holders.setdefault(name, set()).add(service)
    assert holders == SECRETS


def test_a_container_reaches_whom_it_works_with_and_the_stores_nobody_else() -> None:
    networks = {name: set(one["networks"]) for name, one in SERVICES.items()}
    assert set().union(*networks.values()) == set(COMPOSE["networks"])
    for reached, who in REACHES.items():
        near = {name for name in networks if networks[name] & networks[reached]} - {reached}
        assert who <= near
        if reached in ("kafka", "clickhouse"):
            assert near == who


def test_secrets_come_from_outside_and_are_demanded() -> None:
    secrets = [
        text
        for service in SERVICES.values()
        for name, text in service["environment"].items()
        if re.search("PASSWORD|SECRET|TOKEN|KEY", name)
    ]
    assert secrets
    assert all(re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", text) for text in secrets)


def test_the_example_names_every_variable_and_holds_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    used = {found["name"]: found for text in strings(COMPOSE) for found in VARIABLE.finditer(text)}
    defaults = {name: "" if found["how"] == ":?" else found["word"] for name, found in used.items()}
    assert example == defaults
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


@every_service_of_ours
def test_variables_of_our_services_are_fields_of_the_settings(service: str) -> None:
    assert set(environment(service)) <= SETTINGS | NOT_SETTINGS


@pytest.mark.parametrize("service", OF_OTHER_IMAGES)
def test_variables_of_other_images_are_those_that_they_read(service: str) -> None:
    assert SERVICES.keys() == OURS.keys() | OF_OTHER_IMAGES.keys()
    for name in SERVICES[service]["environment"]:
        assert re.fullmatch(OF_OTHER_IMAGES[service], name)


@every_service_of_ours
def test_settings_can_be_read_and_an_empty_variable_keeps_its_default(service: str) -> None:
    told = environment(service, {"WAREHOUSE_PASSWORD": "from .env"})
    streams, ours = StreamSettings.from_env(told), OrchestrationSettings.from_env(told)
    if service in SECRETS["WAREHOUSE_PASSWORD"]:
        assert WarehouseSettings.from_env(told).password == "from .env"
    assert streams == StreamSettings(
        kafka_brokers=streams.kafka_brokers, local_home=ours.local_home
    )
    assert ours.marts_schedule == OrchestrationSettings().marts_schedule
    assert str(ours.dagster_home) == told["DAGSTER_HOME"]


@every_service_of_ours
def test_addresses_name_services_that_listen_there(service: str) -> None:
    told = environment(service)
    kafka = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"://{told['KAFKA_BROKERS']}," in kafka
    assert WarehouseSettings.from_env(told).host in SERVICES
    for location in ("MARTS", "DETECTION"):
        host, port = told[f"DAGSTER_{location}_HOST"], told[f"DAGSTER_{location}_PORT"]
        assert port in SERVICES[host]["command"]
        assert f"('127.0.0.1', {port})" in CHECKED[host]["test"][-1]


def test_the_collector_is_guarded_and_keeps_its_spool_in_its_volume() -> None:
    told = environment("collector", {"COLLECTOR_TOKEN": "a-token-of-the-shop"})
    settings = CollectorSettings.from_env(told)
    settings.refuse_unguarded()
    assert OURS["collector"]["volumes"] == [f"collector:{settings.spool}"]
    assert OURS["collector"]["ports"][0].endswith(f":{settings.collector_port}")
    with pytest.raises(SettingsError, match="COLLECTOR_TOKEN"):
        CollectorSettings.from_env(environment("collector")).refuse_unguarded()


def test_every_setting_of_the_collector_can_be_given() -> None:
    of_the_image = {"COLLECTOR_SPOOL", "LOCAL_HOME"}  # a place in the volume, set in the Dockerfile
    settings = {one.name.upper() for one in dataclasses.fields(CollectorSettings)}
    assert settings - of_the_image <= SERVICES["collector"]["environment"].keys()


def test_the_warehouse_knows_the_user_that_our_services_come_as() -> None:
    server, ours = SERVICES["clickhouse"]["environment"], OURS["worker"]["environment"]
    for what in ("USER", "PASSWORD"):
        assert server[f"CLICKHOUSE_{what}"] == ours[f"WAREHOUSE_{what}"]


def test_services_run_the_commands_that_up_runs() -> None:
    told = environment("worker")
    in_container = {
        sys.executable: "python",
        str(Path(sys.executable).with_name("active-analytics")): "active-analytics",
        "127.0.0.1": "0.0.0.0",
    }
    of_up = {
        service.name: [
            in_container.get(word, word).replace(str(ROOT), SOURCE_IN_IMAGE)
            for word in service.command  # type: ignore[union-attr]  # the broker is elsewhere
        ]
        for stage in stages(OrchestrationSettings.from_env(told), told)
        for service in stage
    }
    assert {name: one["command"] for name, one in OURS.items() if name != "prepare"} == of_up


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_command_and_its_files_exist(words: list[str]) -> None:
    match words:
        case ["active-analytics", *arguments]:
            assert CliRunner().invoke(cli, [*arguments, "--help"]).exit_code == 0
        case ["python", "-c", program]:
            ast.parse(program)
        case ["python", "-m", module, *rest]:
            assert source_of(module)
            assert all(source_of(word) for word in rest if word.startswith("orchestration."))
        case _:
            pytest.fail(f"no program of ours: {words[0]}")
    for word in words:
        if word.startswith(SOURCE_IN_IMAGE):
            assert (ROOT / Path(word).relative_to(SOURCE_IN_IMAGE)).is_file()


def test_the_broker_is_set_up_like_the_local_one() -> None:
    local = dict(line.split("=", 1) for line in PROPERTIES.splitlines() if "=" in line)
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    assert given.keys() - local.keys() == {"inter.broker.listener.name"}
    places = re.compile("log.dirs|.*listener.*|.*voters")
    behaviour = {name for name in given if not places.fullmatch(name)}
    assert {name: given[name] for name in behaviour} == {name: local[name] for name in behaviour}


def test_the_warehouse_is_set_up_like_the_embedded_one(tmp_path: Path) -> None:
    server = leaves(ElementTree.fromstring(COMPOSE["configs"]["clickhouse-server"]["content"]))
    embedded = leaves(
        ElementTree.parse(write_configuration(WarehouseSettings(path=tmp_path))).getroot()
    )
    differing = {path for path in server if server[path] != embedded.get(path)}
    assert differing == {
        "max_server_memory_usage_to_ram_ratio",  # more programs live beside this one
        "timezone",  # the embedded server has its process's, which is UTC too
    }
    assert {path for path in embedded if path.startswith("merge_tree/")} <= set(server)


def leaves(element: ElementTree.Element, path: str = "") -> dict[str, str | None]:
    """The settings of a configuration of ClickHouse, by their paths."""
    found: dict[str, str | None] = {}
    for child in element:
        inner = leaves(child, f"{path}{child.tag}/")
        found.update(inner or {f"{path}{child.tag}": child.text})
    return found


def test_who_makes_reports_reads_the_marts_by_a_password_from_outside() -> None:
    users = ElementTree.fromstring(COMPOSE["configs"]["clickhouse-users"]["content"])
    (password,) = users.iter("password")
    assert password.get("from_env") in SERVICES["clickhouse"]["environment"]
    assert [query.text for query in users.iter("query")] == ["GRANT SELECT ON marts.*"]
    profile = users.find(f"profiles/{MARTS_READER.name}")
    assert profile is not None
    held = server_settings(MARTS_READER)
    assert {one.tag: one.text for one in profile if one.tag != "constraints"} == held
    assert {one.tag for one in profile.iterfind("constraints/*")} == held.keys()
