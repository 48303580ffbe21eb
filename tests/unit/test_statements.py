"""Where statements end and rows begin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.statements import (
    first_words,
    insert_head,
    output_clause,
    shortened,
    split_statements,
    tokens,
)


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        pytest.param("select 1; select 2;", ["select 1", "select 2"], id="two"),
        pytest.param("select ';'; select 2", ["select ';'", "select 2"], id="in a string"),
        pytest.param(r"select 'a\';b'; select 2", [r"select 'a\';b'", "select 2"], id="escaped"),
        pytest.param("select 'it''s;'; select 2", ["select 'it''s;'", "select 2"], id="doubled"),
        pytest.param("select `a;b`; select 2", ["select `a;b`", "select 2"], id="in a name"),
        pytest.param("select 1 -- a; b\n; select 2", ["select 1", "select 2"], id="in a comment"),
        pytest.param("/* a; */ select 1; # b;\n", ["select 1"], id="between comments"),
        pytest.param("/* /* ; */ ; */ select 1 // ;", ["select 1"], id="in nested comments"),
        pytest.param("select $x$;$x$; select 2", ["select $x$;$x$", "select 2"], id="in a heredoc"),
        pytest.param("-- nothing\n;;", [], id="none"),
    ],
)
def test_a_script_is_cut_at_semicolons_that_end_statements(
    script: str, statements: list[str]
) -> None:
    assert split_statements(script) == statements


@given(
    st.lists(st.sampled_from(["select 'a;b'", "select `;`", "drop table t", "select 1 /* ; */+1"]))
)
def test_statements_joined_by_semicolons_come_apart_again(statements: list[str]) -> None:
    assert split_statements(" ;\n-- ;\n".join(statements)) == statements


@pytest.mark.parametrize(
    ("text", "target", "settings", "input_format", "rows"),
    [
        pytest.param(
            "insert into t format Native\n\x01\x02",
            "insert into t", "", "Native", "\x01\x02",
            id="format",
        ),
        pytest.param(
            "INSERT INTO d.values (a) VALUES (1)", "INSERT INTO d.values (a)", "", "Values", " (1)",
            id="values, and a table of that name",
        ),
        pytest.param(
            "insert into t (a, format) settings x=1 format CSV\r\n1,2",
            "insert into t (a, format)", "settings x=1", "CSV", "1,2",
            id="settings, and a column called format",
        ),
        pytest.param(
            "-- note\ninsert into table settings format TSV 1",
            "-- note\ninsert into table settings", "", "TSV", "1",
            id="a table called settings",
        ),
        pytest.param("insert into t", "insert into t", "", "Values", "", id="nothing named"),
    ],
)  # fmt: skip
def test_the_head_of_an_insert_is_told_from_its_rows(
    text: str, target: str, settings: str, input_format: str, rows: str
) -> None:
    head = insert_head(text)
    assert head is not None
    assert (head.target, head.settings, head.format) == (target, settings, input_format)
    assert text[head.data_start :] == rows


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "insert into t select 1",
        "insert into t (a) with x as (select 1) select * from x",
        "insert into t (select 1)",
        "insert into t from infile 'x' format CSV",
        "",
    ],
)
def test_a_statement_that_brings_no_rows_has_no_insert_head(text: str) -> None:
    assert insert_head(text) is None


@pytest.mark.parametrize(
    ("sql", "before", "output_format"),
    [
        pytest.param("select 1 format JSON;", "select 1 ", "JSON", id="named"),
        pytest.param("select 1 format CSV settings a=1", "select 1 ", "CSV", id="before settings"),
        pytest.param("select 1; -- done", "select 1", "", id="not named"),
        pytest.param("select 1 as format from t", "select 1 as format from t", "", id="a column"),
        pytest.param("select format('{}', 1)", "select format('{}', 1)", "", id="a function"),
        pytest.param("select 1 as format", "select 1 as format", "", id="a column at the end"),
    ],
)
def test_the_output_clause_is_where_a_format_is_named_or_could_be(
    sql: str, before: str, output_format: str
) -> None:
    clause = output_clause(sql)
    assert (sql[: clause.start], clause.format) == (before, output_format)


def test_first_words_look_behind_brackets_and_comments() -> None:
    assert first_words("/* x */ ((select 1))") == "SELECT"
    assert first_words("system flush logs", 2) == "SYSTEM FLUSH"
    assert first_words("'text'") == ""


def test_a_shortened_statement_is_one_line_of_bounded_length() -> None:
    assert shortened("select\n   1") == "select 1"
    assert len(shortened("x" * 500, 100)) == 100


@pytest.mark.parametrize(
    "repeated",
    ["/* ", "/* */ /* ", "/*/", "'", "' \\", "`", '"', "$a$ $", "''", "-- ", "(", "(/* "],
)
def test_a_hostile_text_is_read_in_linear_time(repeated: str) -> None:
    """350 times `/* ` cost 9 s; here any time but a linear one would never end."""
    text = repeated * 100_000
    assert sum(1 for _ in tokens(text)) <= len(text)
    assert insert_head(text) is None
    first_words(text)


def test_heredocs_without_their_second_tag_are_read_in_linear_time() -> None:
    text = "".join(f"$tag{number}$ " for number in range(100_000))
    assert sum(1 for _ in tokens(text)) == 300_000


def test_comments_hold_comments_however_deep() -> None:
    text = "/* " * 1000 + "*/" * 1000 + "select /*/ 1 */ 2"
    assert [token.text for token in tokens(text)] == ["select", "2"]


@pytest.mark.parametrize("text", ["'a;b", "`a;b", '"a;b', "/* a;b"])
def test_what_is_never_closed_reaches_to_the_end(text: str) -> None:
    assert len(split_statements(f"select {text}")) == 1


def test_a_heredoc_is_a_text_and_a_single_tag_is_none() -> None:
    assert [token.kind for token in tokens("$a$ ; ' $a$")] == ["text"]
    assert [token.text for token in tokens("$a$x")] == ["$", "a", "$", "x"]
