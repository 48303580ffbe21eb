"""Errors in ClickHouse's words."""

from __future__ import annotations

import pytest

from warehouse.embedded.errors import EngineError, refusal


@pytest.mark.parametrize(
    ("message", "code", "status", "text"),
    [
        pytest.param(
            "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)",
            62, 400, "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)",
            id="as it is",
        ),
        pytest.param(
            "Code: 33. DB::Exception: Code: 33. DB::Exception: Cut. (CANNOT_READ_ALL_DATA) "
            "(version 26.9.2.1). (CANNOT_READ_ALL_DATA)",
            33, 400, "Code: 33. DB::Exception: Cut. (CANNOT_READ_ALL_DATA)",
            id="wrapped in itself",
        ),
        pytest.param(
            "Failed to create connection: Code: 81. DB::Exception: No x. (UNKNOWN_DATABASE)",
            81, 404, "Code: 81. DB::Exception: No x. (UNKNOWN_DATABASE)",
            id="behind words of the library",
        ),
        pytest.param("boom", 1001, 500, "Code: 1001. DB::Exception: boom", id="without a code"),
    ],
)  # fmt: skip
def test_an_engine_error_keeps_code_and_text(
    message: str, code: int, status: int, text: str
) -> None:
    error = EngineError(message)
    assert (error.code, error.status, str(error)) == (code, status, text)


def test_a_refusal_of_ours_reads_like_the_engines() -> None:
    error = refusal(516, "AUTHENTICATION_FAILED", "eve: no")
    assert str(error) == "Code: 516. DB::Exception: eve: no (AUTHENTICATION_FAILED)"
    assert error.status == 403
