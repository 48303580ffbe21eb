"""What every client of the broker shares: its settings, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

from streams.settings import StreamSettings

ANSWER_BUDGET_SECONDS = 30.0
RECONNECT_SECONDS_MAX = 1.0  # a broker that comes back is noticed within a second


class BrokerError(Exception):
    """The broker did not do what was asked; the message says what that was."""


class BrokerBusyError(BrokerError):
    """The broker cannot be reached or is not ready: the same call later may succeed."""


class BrokerRefusedError(BrokerError):
    """The broker will never do it: show it to a person."""


class FencedError(BrokerRefusedError):
    """Another producer took over the transactional id: this one must end."""


def connection(
    settings: StreamSettings, budget_seconds: float = ANSWER_BUDGET_SECONDS
) -> dict[str, Any]:
    """The library's names for how to reach the broker; `budget_seconds` is for the first answer."""
    given = {
        "bootstrap_servers": [one.strip() for one in settings.kafka_brokers.split(",")],
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_sasl_username,
        "sasl_plain_password": settings.kafka_sasl_password,
        "ssl_cafile": settings.kafka_ssl_cafile,
        "ssl_certfile": settings.kafka_ssl_certfile,
        "ssl_keyfile": settings.kafka_ssl_keyfile,
    }
    return {name: value for name, value in given.items() if value} | {
        "reconnect_backoff_max_ms": int(RECONNECT_SECONDS_MAX * 1000),
        "bootstrap_timeout_ms": int(budget_seconds * 1000),
    }


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the library's errors into ours, with what was being done in the message."""
    try:
        yield
    except (ProducerFencedError, InvalidProducerEpochError) as error:
        raise FencedError(f"could not {what}: another producer took over") from error
    except KafkaError as error:
        kind = BrokerBusyError if error.retriable else BrokerRefusedError
        raise kind(f"could not {what}: {error}") from error
