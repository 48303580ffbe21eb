"""What comes from outside is shown, and never obeyed, by terminals and logs."""

from __future__ import annotations

import ast
import io
import json
import logging
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from orchestration import terminal
from orchestration.cli import LazyGroup
from warehouse.terminal_text import VisibleRecord, visible

TITLE = "\x1b]0;owned\x07"  # sets a terminal's title
ERASED = "\r\x1b[1A\x1b[2K"  # overwrites the line before
TURNED = "\u202egnp.exe"  # is read as exe.png
CONTROL_SEQUENCE = "\x9b31m"  # the same as ESC [ in eight bits
HOSTILE = (TITLE, ERASED, TURNED, CONTROL_SEQUENCE, "\x00\x7f\x85\u2028\ud800")

TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_terminal_would_obey_is_written_out(text: str) -> None:
    shown = visible(f"before {text} after\tand\nbelow")
    assert shown.startswith("before ")
    assert shown.endswith(" after\tand\nbelow")
    assert all(is_harmless(one) for one in shown)


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_is_obeyed_and_letters_stay(text: str) -> None:
    shown = visible(text)
    assert all(is_harmless(one) for one in shown)
    if all(is_harmless(one) for one in text):
        assert shown == text


def is_harmless(character: str) -> bool:
    is_control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    turns = unicodedata.bidirectional(character) in TURNING
    return character in "\n\t" or not (is_control or turns)


def test_json_stays_the_same_json() -> None:
    told = {"name": "".join(HOSTILE[:4])}
    assert json.loads(visible(json.dumps(told, ensure_ascii=False))) == told


@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_and_a_line_show_it(text: str) -> None:
    screen = terminal.VisibleConsole(file=io.StringIO(), force_terminal=True, width=200)
    table = Table("sku", title=text)
    table.add_row(f"[bold]{text}[/bold]")
    screen.print(table)
    screen.print(text)
    written = screen.file.getvalue()  # type: ignore[attr-defined]
    assert text not in written
    assert f"[bold]{visible(text)}[/bold]" in written

    @click.command()
    def command() -> None:
        terminal.echo(text)

    assert CliRunner().invoke(command).output == f"{visible(text)}\n"


def test_a_complaint_shows_it() -> None:
    group = LazyGroup()

    @click.command()
    def fail() -> None:
        raise click.ClickException(f"no such file: {TITLE}")

    group.get_command = lambda *_: fail  # type: ignore[method-assign]
    answer = CliRunner().invoke(group, ["fail"])
    assert (TITLE in answer.output, visible(TITLE) in answer.output) == (False, True)


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A log whose records are visible, and what it wrote."""
    before = logging.getLogRecordFactory()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("tests.terminal_text")
    logger.addHandler(handler)
    logging.setLogRecordFactory(VisibleRecord)
    yield logger, written
    logging.setLogRecordFactory(before)
    logger.removeHandler(handler)


def test_a_log_shows_it_and_no_line_of_it_passes_for_a_record(log) -> None:
    logger, written = log
    logger.warning("a visitor of %s", f"{TITLE}\nERROR all is lost")
    assert written.getvalue() == (
        "WARNING a visitor of \\u001b]0;owned\\u0007\n  | ERROR all is lost\n"
    )


def test_a_traceback_shows_it(log) -> None:
    logger, written = log
    try:
        raise ValueError(TITLE)
    except ValueError:
        logger.exception("it failed")
    assert TITLE not in written.getvalue()
    assert f"ValueError: {visible(TITLE)}" in written.getvalue()


def test_the_error_that_ends_a_process_shows_it() -> None:
    program = (
        "from warehouse.terminal_text import guard_logs; guard_logs();"
        r"raise ValueError('\x1b]0;owned\x07')"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (ended.returncode, b"\x1b]0" in ended.stderr) == (1, False)
    assert b"\\u001b]0;owned" in ended.stderr


def test_commands_print_by_the_one_door() -> None:
    root = Path(terminal.__file__).parent
    others = {
        f"{path.name}:{node.lineno} {ast.unparse(node.func)}"
        for path in root.rglob("*.py")
        if path != Path(terminal.__file__)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and is_printing(ast.unparse(node.func))
    }
    assert {one.partition(" ")[0].partition(":")[0] for one in others} <= {"cli.py"}


def is_printing(function: str) -> bool:
    return function in {"print", "click.echo", "click.secho", "Console", "sys.stdout.write"}
