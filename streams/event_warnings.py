"""What was wrong with an event that is kept all the same: codes of a closed list, with the field.

A bad side detail costs the detail and never the event: it is left empty or mended, and the event
bears a warning. Warnings stand beside the event in `analytics.events`, in the collector's answers
and in the reports of imports, everywhere in these words.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Code = Literal[
    "another_type",  # read as meant: a number as text, an id as number, a currency in lower case
    "unreadable",  # left empty
    "out_of_range",  # left empty
    "text_cut",  # to the longest that is kept, at a whole character
    "text_mended",  # U+FFFD stands for what is no text
    "item_left_out",  # of a list
    "missing",  # a field that its kind should have
    "unknown_field",  # of no contract
    "plain_identifier",  # an e-mail address or phone number: its SHA-256 stands for it
    "names_nobody",  # an identifier that is no identifier, such as `null`
    "nobody_named",  # no identifier at all
]


class EventWarning(NamedTuple):
    """What was done to which field; `hint` is for people, and is not stored.

    `field` is a path from the message, such as `data.products[].quantity`: without places in lists,
    so that warnings can be counted.
    """

    code: Code
    field: str
    hint: str = ""


_DONE: dict[Code, str] = {
    "another_type": "is written otherwise than the contract says, and is read as meant",
    "unreadable": "cannot be read, and is left empty",
    "out_of_range": "is out of range, and is left empty",
    "text_cut": "is too long, and is cut",
    "text_mended": "holds what is no text, and U+FFFD stands for it",
    "item_left_out": "has an item that cannot be read, and is left out",
    "missing": "is missing, and such an event should have it",
    "unknown_field": "is no field of the contract",
    "plain_identifier": "is an e-mail address or a phone number, and its SHA-256 stands for it",
    "names_nobody": "names nobody, and is left empty",
    "nobody_named": "names nobody: no identifier is given",
}


def sentence(warning: EventWarning) -> str:
    """A warning for people, the field first."""
    hint = f" ({warning.hint})" if warning.hint else ""
    return f"{warning.field or 'the event'} {_DONE[warning.code]}{hint}"
