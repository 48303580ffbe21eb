from pathlib import Path

import pytest

from streams.settings import SettingsError, StreamSettings


def test_a_variable_is_the_fields_name_in_capitals() -> None:
    settings = StreamSettings.from_env(
        {"KAFKA_BROKERS": "k1:9092,k2:9092", "EVENTS_PARTITIONS": "12", "LOCAL_HOME": "/data"}
    )
    assert settings.kafka_brokers == "k1:9092,k2:9092"
    assert settings.events_partitions == 12
    assert settings.local_home == Path("/data")


def test_every_bad_variable_is_named_in_one_complaint() -> None:
    bad = {
        "SHOP_TIME_ZONE": "Mars/Olympus",
        "EVENTS_PARTITIONS": "none",
        "LINGER_SECONDS": "soon",
        "KAFKA_SECURITY_PROTOCOL": "TELEPATHY",
        "ORDER_NUMBERS": "per_shop",
    }
    with pytest.raises(SettingsError) as complaint:
        StreamSettings.from_env(bad)
    assert all(name in str(complaint.value) for name in bad)


def test_the_local_brokers_port_is_used_where_no_broker_is_named() -> None:
    assert StreamSettings.from_env({"KAFKA_PORT": "19092"}).kafka_brokers == "127.0.0.1:19092"
    named = {"KAFKA_PORT": "19092", "KAFKA_BROKERS": "k1:9092"}
    assert StreamSettings.from_env(named).kafka_brokers == "k1:9092"


@pytest.mark.parametrize(
    ("brokers", "is_on_loopback"),
    [
        ("127.0.0.1:9092", True),
        ("localhost:9092,[::1]:9092", True),
        ("127.0.0.1:9092,kafka.example:9092", False),
        ("127.0.0.1.example:9092", False),
    ],
)
def test_a_broker_is_on_loopback_only_when_all_of_its_addresses_are(
    brokers: str, is_on_loopback: bool
) -> None:
    assert StreamSettings(kafka_brokers=brokers).is_broker_on_loopback is is_on_loopback


def test_own_hosts_are_read_from_a_list() -> None:
    assert StreamSettings(shop_hosts="Shop.example, www.x.org,").own_hosts == {
        "shop.example",
        "www.x.org",
    }


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("SHOP_HOSTS", "https://shop.example/, www.shop.example"),
        ("SHOP_HOSTS", "shop.example:443"),
        ("SHOP_HOSTS", "shop.example; other.example"),
        ("PAYMENT_HOSTS", "*.pay.example"),
        ("PARTNER_PARAMETERS", "?pid="),
    ],
)
def test_a_part_of_a_list_that_would_do_nothing_is_refused(variable: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}.*with commas between; not "):
        StreamSettings.from_env({variable: told})


def test_the_password_is_never_shown() -> None:
    assert "secret" not in repr(StreamSettings(kafka_sasl_password="secret"))


def test_the_password_may_lie_in_a_file_and_is_given_only_once(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hush\n")
    settings = StreamSettings.from_env({"KAFKA_SASL_PASSWORD_FILE": str(file)})
    assert settings.kafka_sasl_password == "hush"
    both = {"KAFKA_SASL_PASSWORD_FILE": str(file), "KAFKA_SASL_PASSWORD": "hush"}
    with pytest.raises(SettingsError, match="one of both"):
        StreamSettings.from_env(both)
    with pytest.raises(SettingsError, match=r"KAFKA_SASL_PASSWORD_FILE=.*there is none"):
        StreamSettings.from_env({"KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "none")})
