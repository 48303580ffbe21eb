"""Nothing is read, written or reached by 500 hostile statements and 300 hostile requests."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures_warehouse import EmbeddedProcess
from tests.warehouse import hostile
from tests.warehouse.hostile.world import ENVIRONMENT, Canaries, canaries, has_secret


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    """Canaries for the whole module."""
    with canaries(tmp_path_factory.mktemp("canaries")) as laid:
        yield laid


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedProcess]:
    """A server with a secret in its environment and two tables to attack."""
    server = EmbeddedProcess(tmp_path_factory.mktemp("hostile"), **ENVIRONMENT)
    for statement in PREPARED:
        attempt = hostile.Attempt("", "POST", "/", {}, statement.encode(), 0)
        assert hostile.ask(server.settings.url, attempt, {}).status == 200
    yield server
    assert server.stop() == 0, server.log.read_text()


PREPARED = (
    "create table default.t (a Int64, s String, d DateTime) engine = MergeTree order by a",
    "insert into default.t select number, 'x', toDateTime(0) from numbers(3)",
)


def test_the_canaries_notice_callers_writers_and_secrets(tmp_path: Path) -> None:
    with canaries(tmp_path / "canaries") as laid:
        before = laid.state()
        with socket.create_connection(("127.0.0.1", laid.port), 20) as caller:
            assert caller.recv(1) == b""  # hung up by who counted it
        assert len(laid.callers) == 1
        (laid.directory / "new").write_text("x")
        assert laid.state() != before
        assert has_secret((laid.directory / "canary.tsv").read_bytes())


def test_no_hostile_statement_reads_writes_or_reaches_anything(
    server: EmbeddedProcess, laid: Canaries
) -> None:
    attempts = hostile.statements(laid.places)
    assert len({attempt.body for attempt in attempts}) >= 500
    before = laid.state()
    answers = [hostile.ask(server.settings.url, attempt, {}) for attempt in attempts]
    wrong = [
        (attempt.name, attempt.expected, answer.code, answer.content[:200])
        for attempt, answer in zip(attempts, answers, strict=True)
        if answer.code != attempt.expected or has_secret(answer.content)
    ]
    assert wrong == []
    assert_untouched(server, laid, before)


def test_no_hostile_request_reads_writes_or_reaches_anything(
    server: EmbeddedProcess, laid: Canaries
) -> None:
    attempts = hostile.requests(laid.places)
    assert len({attempt.name for attempt in attempts}) >= 300
    before = laid.state()
    answers = [hostile.ask(server.settings.url, attempt, {}) for attempt in attempts]
    wrong = [
        (attempt.name, attempt.expected, answer.status, answer.content[:200])
        for attempt, answer in zip(attempts, answers, strict=True)
        if answer.status != attempt.expected or has_secret(answer.content)
    ]
    assert wrong == []
    assert_untouched(server, laid, before)


def assert_untouched(server: EmbeddedProcess, laid: Canaries, before: dict[str, str]) -> None:
    """Files are as they were, nobody called, the table has its rows, the server lives."""
    assert laid.state() == before
    assert laid.callers == []
    attempt = hostile.Attempt("", "POST", "/", {}, b"select count(), max(s) from default.t", 0)
    answer = hostile.ask(server.settings.url, attempt, {})
    assert answer.content.startswith(b"3\tx\n")
