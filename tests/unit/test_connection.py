"""How the settings reach the Kafka library, and what is said when they cannot be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka.errors import KafkaError, ProducerFencedError

from streams.producer import (
    BrokerBusyError,
    BrokerRefusedError,
    FencedError,
    is_answering,
    topic_id,
)
from streams.producer.connection import await_listener, broker_error, connection
from streams.settings import StreamSettings


def test_tls_and_sasl_settings_are_passed_on_and_empty_ones_left_to_the_library(
    tmp_path: Path,
) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    given = connection(
        StreamSettings(
            kafka_brokers="one.example:9093, two.example:9093",
            kafka_security_protocol="SASL_SSL",
            kafka_sasl_mechanism="SCRAM-SHA-512",
            kafka_sasl_username="shop",
            kafka_sasl_password="hush",
            kafka_ssl_cafile=str(authority),
        )
    )
    assert given["bootstrap_servers"] == ["one.example:9093", "two.example:9093"]
    assert given["security_protocol"] == "SASL_SSL"
    assert given["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (given["sasl_plain_username"], given["sasl_plain_password"]) == ("shop", "hush")
    assert given["ssl_cafile"] == str(authority)
    assert "ssl_keyfile" not in given


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param(
            StreamSettings(kafka_brokers="localhost"),
            "takes host:port,.*not 'localhost'",
            id="an address without a port",
        ),
        pytest.param(
            StreamSettings(kafka_security_protocol="SSL", kafka_ssl_cafile="/no/ca.pem"),
            "KAFKA_SSL_CAFILE=/no/ca.pem: there is no such file",
            id="a certificate that is not there",
        ),
        pytest.param(
            StreamSettings(kafka_security_protocol="SASL_SSL"),
            "SASL_SSL needs KAFKA_SASL_MECHANISM",
            id="SASL without a mechanism",
        ),
    ],
)
def test_settings_that_cannot_be_right_are_refused_at_once(
    settings: StreamSettings, told: str
) -> None:
    with pytest.raises(BrokerRefusedError, match=told):
        topic_id(settings, "any")


def test_no_listener_is_a_busy_error_and_no_answer() -> None:
    nowhere = StreamSettings(kafka_brokers="127.0.0.1:1")
    with pytest.raises(BrokerBusyError, match=r"no broker answers on 127\.0\.0\.1:1"):
        await_listener(nowhere, 0)
    assert not is_answering(nowhere, budget_seconds=0)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ProducerFencedError(), id="by its class"),
        pytest.param(
            KafkaError("Cannot execute transactional method: [Error 90] ProducerFencedError"),
            id="in the words of a general error",
        ),
    ],
)
def test_a_fenced_producer_is_known_however_the_library_tells_it(error: KafkaError) -> None:
    assert isinstance(broker_error("publish", error), FencedError)
