"""The collector's counts in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Mapping

from streams.collector.intake import Intake
from streams.publisher import Counts

ANONYMOUS = "Events kept without a visitor, for the browser asks for privacy"


def metrics(counts: Counts, answers: Mapping[tuple[str, int], int], intake: Intake) -> str:
    """One metric per count; refused events apart from answers, for a request may bear many.

    Args:
        counts: the publisher's.
        answers: how many, by endpoint and HTTP status.
        intake: what it counts: events that pages have lost, and visitors who want no trace.
    """
    lines = [
        *_told("events_kept_total", "counter", "Events in the spool since the start", counts.kept),
        *_told("events_sent_total", "counter", "Events the broker has acknowledged", counts.sent),
        *_told("events_unsent", "gauge", "Events that wait for the broker", counts.unsent),
        *_told("is_sending", "gauge", "1 while a thread sends events", int(counts.is_sending)),
        *_head("events_refused_total", "counter", "Events that were not kept"),
        f'collector_events_refused_total{{reason="contract"}} {counts.refused_by_contract}',
        f'collector_events_refused_total{{reason="space"}} {counts.refused_for_space}',
        *_told("events_warned_total", "counter", "Kept events with a bad detail", counts.warned),
        *_told("events_anonymous_total", "counter", ANONYMOUS, intake.anonymous),
        *_told("consent_denied_total", "counter", "Visitors who withdrew consent", intake.denials),
        *_head("page_events_lost_total", "counter", "Events that pages could not keep or send"),
        *(
            f'collector_page_events_lost_total{{reason="{reason}"}} {count}'
            for reason, count in sorted(intake.lost.items())
        ),
        *_head("answers_total", "counter", "Answers by endpoint and HTTP status"),
    ]
    for (endpoint, status), count in sorted(answers.items()):
        lines.append(f'collector_answers_total{{endpoint="{endpoint}",status="{status}"}} {count}')
    return "\n".join(lines) + "\n"


def _told(name: str, kind: str, meaning: str, value: int) -> list[str]:
    return [*_head(name, kind, meaning), f"collector_{name} {value}"]


def _head(name: str, kind: str, meaning: str) -> list[str]:
    return [f"# HELP collector_{name} {meaning}.", f"# TYPE collector_{name} {kind}"]
