"""Lines of a file on their way to the topic: checked, numbered, sent as they stand."""

from __future__ import annotations

from orchestration.commands.publishing import RejectedLine, Summary, publish_lines
from streams.events import encode
from tests.builders import event

GOOD = encode(event(visitorid="v1"))
SAME_BY_CUSTOMER = encode(event(visitorid="", customerid="c1"))


def sent_of(lines: list[bytes], *, unchecked: bool = False) -> tuple[list[object], Summary]:
    sent: list[object] = []
    summary = publish_lines(lines, lambda *both: sent.append(both), unchecked=unchecked)
    return sent, summary


def test_events_are_sent_as_they_stand_under_the_key_of_their_person() -> None:
    spaced = b"  " + GOOD.replace(b'"id"', b' "id"') + b"\r\n"
    sent, summary = sent_of([spaced, b"\n", SAME_BY_CUSTOMER])
    assert sent == [(b"v1", spaced.strip()), (b"c1", SAME_BY_CUSTOMER)]
    assert summary == Summary(published=2)


def test_a_rejected_line_is_told_with_its_number_and_reasons_and_not_sent() -> None:
    sent, summary = sent_of([GOOD + b"\n", b"\n", b'{"type": "page.veiwed"}\n', b"{\n"])
    assert sent == [(b"v1", GOOD)]
    assert summary.rejected == 2
    assert [one.line for one in summary.rejected_lines] == [3, 4]
    assert "page.viewed?" in summary.rejected_lines[0].errors[0]


def test_unchecked_lines_are_sent_on_purpose_and_still_told() -> None:
    sent, summary = sent_of([b"broken"], unchecked=True)
    assert sent == [(b"", b"broken")]
    assert (summary.published, summary.rejected) == (1, 1)


def test_of_a_file_full_of_mistakes_the_first_hundred_are_named() -> None:
    _, summary = sent_of([b"broken"] * 250)
    assert summary.rejected == 250
    assert len(summary.rejected_lines) == 100
    assert isinstance(summary.rejected_lines[-1], RejectedLine)
    assert summary.rejected_lines[-1].line == 100
