"""What every client of the broker shares: its settings, and its errors in our words."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka.errors import (
    InvalidProducerEpochError,
    InvalidReceiveError,
    KafkaError,
    KafkaTimeoutError,
    ProducerFencedError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from streams.settings import StreamSettings

ANSWER_BUDGET_SECONDS = 30.0
RECONNECT_SECONDS_MAX = 1.0  # a broker that comes back is noticed within a second


class BrokerError(Exception):
    """The broker did not do what was asked; the message says what that was."""


class BrokerBusyError(BrokerError):
    """The broker cannot be reached or is not ready: the same call later may succeed."""


class BrokerRefusedError(BrokerError):
    """The broker will never do it: show it to a person."""


class _Refusals(logging.Handler):
    """Why no connection came about: the library logs the reason, and raises a timeout for it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last: tuple[float, KafkaError] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the reason when no later try can succeed."""
        for reason in record.args if isinstance(record.args, tuple) else ():
            if isinstance(reason, KafkaError) and _is_final(reason):
                self._last = time.monotonic(), reason

    def since(self, began: float) -> KafkaError | None:
        """The newest reason, unless it is older than that."""
        return self._last[1] if self._last and self._last[0] >= began else None


_refusals = _Refusals()
_TLS_REASONS = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER")  # in OpenSSL's words


def _is_final(reason: KafkaError) -> bool:
    """Whether the broker turned us away, or speaks another protocol than the settings say."""
    kinds = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError, InvalidReceiveError)
    return isinstance(reason, kinds) or any(one in str(reason) for one in _TLS_REASONS)


class FencedError(BrokerRefusedError):
    """Another producer took over the transactional id: this one must end."""


def connection(
    settings: StreamSettings, budget_seconds: float = ANSWER_BUDGET_SECONDS
) -> dict[str, Any]:
    """The library's names for how to reach the broker; `budget_seconds` is for the first answer.

    Raises:
        BrokerRefusedError: the settings cannot be right, which the library would keep to itself.
    """
    _refuse_impossible(settings)
    _quieten(logging.getLogger("kafka"))
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


def await_listener(settings: StreamSettings, budget_seconds: float) -> None:
    """Wait until one of the brokers accepts a connection.

    Asked before a client is made: the library leaves every refused socket to the collector.

    Raises:
        BrokerBusyError: none did within the budget.
    """
    _refuse_impossible(settings)
    deadline = time.monotonic() + budget_seconds
    addresses = [one.strip().rpartition(":") for one in settings.kafka_brokers.split(",")]
    while not any(_accepts(host.strip("[]"), int(port)) for host, _, port in addresses):
        if time.monotonic() > deadline:
            raise BrokerBusyError(f"no broker answers on {settings.kafka_brokers}")
        time.sleep(0.1)


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def _refuse_impossible(settings: StreamSettings) -> None:
    for address in settings.kafka_brokers.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdigit():
            raise BrokerRefusedError(f"KAFKA_BROKERS takes host:port,…, not {address.strip()!r}")
    for name in ("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            raise BrokerRefusedError(f"{name.upper()}={path}: there is no such file")
    is_sasl = settings.kafka_security_protocol.startswith("SASL")
    if is_sasl and not settings.kafka_sasl_mechanism:
        raise BrokerRefusedError(
            f"KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol}"
            " needs KAFKA_SASL_MECHANISM, such as PLAIN or SCRAM-SHA-512"
        )


def _quieten(log: logging.Logger) -> None:
    """Silence a log that tells ten times a second of one outage: its errors reach us as errors."""
    connecting = logging.getLogger("kafka.net.manager")
    connecting.addHandler(_refusals)  # once: a handler that is there is not added again
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL)
        connecting.setLevel(logging.WARNING)
        connecting.propagate = False


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the library's errors into ours, with what was being done in the message.

    Raises:
        BrokerRefusedError: also when nobody was let in within the budget: the user, the password,
            the certificates or the protocol are not what the broker takes.
    """
    began = time.monotonic()
    try:
        yield
    except KafkaError as error:
        is_let_in = not isinstance(error, KafkaTimeoutError) or "bootstrap" not in str(error)
        refusal = None if is_let_in else _refusals.since(began)
        if refusal:
            raise BrokerRefusedError(
                f"could not {what}: {refusal};"
                " see KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_* and KAFKA_SSL_*"
            ) from error
        raise broker_error(what, error) from error


def broker_error(what: str, error: KafkaError) -> BrokerError:
    """An error of the library in our words.

    A producer that was fenced says so by its class, or, when its own thread learned of it first, in
    the words of a general error.
    """
    fenced = (ProducerFencedError, InvalidProducerEpochError)
    if isinstance(error, fenced) or any(one.__name__ in str(error) for one in fenced):
        return FencedError(f"could not {what}: another producer took over")
    kind = BrokerBusyError if error.retriable else BrokerRefusedError
    return kind(f"could not {what}: {error}")
