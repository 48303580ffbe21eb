"""`active-analytics publish`: events of a file or a pipe, each one checked, to the topic."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from orchestration.terminal import echo
from streams.decode import Rejected, decode
from streams.event_warnings import sentence
from streams.events import key_of
from streams.mending import identity_warnings
from streams.producer import EventProducer, ensure_topics
from streams.settings import StreamSettings
from warehouse.terminal_text import visible

SHOWN_REJECTS = 100


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that contradicts the contract, and every reason."""

    line: int
    errors: tuple[str, ...]


@dataclass(slots=True)
class Summary:
    """What became of the lines; of the rejected ones the first hundred are named.

    `warned` counts published lines of which a detail will be left out or mended, `warnings` the
    details, by sentence.
    """

    published: int = 0
    rejected: int = 0
    rejected_lines: list[RejectedLine] = field(default_factory=list)
    warned: int = 0
    warnings: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, object]:
        """One object for scripts."""
        return asdict(self) | {"warnings": dict(self.warnings)}  # `asdict` spoils a Counter


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--unchecked", is_flag=True, help="Send lines that contradict the contract as well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def publish(file: str, unchecked: bool, as_json: bool) -> None:
    """Publish the events of FILE, one JSON object per line; - is standard input.

    A line is rejected only if it is no event at all: no JSON object, no id, no type or time. Of
    other mistakes you are warned; they cost the detail. Ends with exit code 1 when lines were
    rejected. With --unchecked they are published all the same, to see what the stream makes of
    them.
    """
    settings = StreamSettings.from_env()
    ensure_topics(settings)
    with EventProducer(settings) as producer, _lines_with_bar(file) as lines:
        summary = publish_lines(lines, producer.send, unchecked=unchecked)
    echo(json.dumps(summary.as_json()) if as_json else _told(summary))
    if summary.rejected:
        sys.exit(1)


def publish_lines(
    lines: Iterable[bytes], send: Callable[[bytes, bytes], None], *, unchecked: bool
) -> Summary:
    """Send every line that is an event, as it stands; blank lines are nothing.

    Args:
        lines: JSON objects, UTF-8.
        send: takes key and value.
        unchecked: send the others as well, without a key.
    """
    summary = Summary()
    for number, line in enumerate(lines, start=1):
        payload = line.strip()
        if not payload:
            continue
        decoded = decode(payload)
        if isinstance(decoded, Rejected):
            summary.rejected += 1
            if len(summary.rejected_lines) < SHOWN_REJECTS:
                summary.rejected_lines.append(RejectedLine(number, decoded.errors))
            if not unchecked:
                continue
        elif warnings := {*decoded.warnings, *identity_warnings(decoded.event)}:
            summary.warned += 1
            summary.warnings.update(sentence(one) for one in warnings)
        send(b"" if isinstance(decoded, Rejected) else key_of(decoded.event), payload)
        summary.published += 1
    return summary


@contextmanager
def _lines_with_bar(file: str) -> Iterator[Iterator[bytes]]:
    """The lines of a file, with a bar of the bytes read; of a pipe the end is not known."""
    size = 0 if file == "-" else Path(file).stat().st_size
    is_hidden = not size or not sys.stderr.isatty()
    with (
        click.open_file(file, "rb") as source,
        click.progressbar(
            length=size, label=visible(file), file=sys.stderr, hidden=is_hidden
        ) as bar,
    ):

        def lines() -> Iterator[bytes]:
            for line in source:
                yield line
                bar.update(len(line))

        yield lines()


def _told(summary: Summary) -> str:
    rejected = [
        f"line {one.line} rejected: {'; '.join(one.errors)}" for one in summary.rejected_lines
    ]
    if summary.rejected > len(rejected):
        rejected.append(f"and {summary.rejected - len(rejected):,} lines more")
    counts = f"{summary.published:,} events published, {summary.rejected:,} lines rejected"
    if not summary.warned:
        return "\n".join([*rejected, counts])
    warned = [
        f"{count:>9,}  {words}" for words, count in summary.warnings.most_common(SHOWN_REJECTS)
    ]
    return "\n".join([*rejected, f"{counts}, {summary.warned:,} with a bad detail:", *warned])
