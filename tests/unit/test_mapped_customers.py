"""Customer rows as what happened, without a plain address anywhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from streams.importers.mapped.digests import looks_personal
from tests.mapped_files import as_csv, as_text, made

_CUSTOMER = {
    "id": "C-7",
    "e-mail": "Ann@Mail.example",
    "phone": "0151 2345678",
    "created": "2025-11-30T09:00:00+01:00",
    "changed": "",
    "newsletter": "",
}


def customer(**changes: str) -> dict[str, str]:
    return _CUSTOMER | changes


def test_a_customer_is_registered_with_digests_only(tmp_path: Path) -> None:
    (told,) = made(tmp_path, as_csv(tmp_path, [customer()]), "customers", "customers").told
    assert told == {
        "specversion": "1.0",
        "type": "customer.registered",
        "source": "/shop/customers",
        "origin": "import",
        "customerid": "C-7",
        "id": "customer:/shop/customers:C-7:registered",
        "time": "2025-11-30T08:00:00Z",
        "data": {
            "email_sha256": hashlib.sha256(b"ann@mail.example").hexdigest(),
            "phone_sha256": hashlib.sha256(b"+491512345678").hexdigest(),
        },
    }


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        pytest.param(
            {"id": "", "e-mail": "", "phone": "", "created": "soon"},
            ["created", "id"],
            id="no id, no instant",
        ),
        pytest.param(
            {"created": "", "changed": "late", "newsletter": "perhaps"},
            ["changed", "created", "newsletter"],
            id="an answer too",
        ),
    ],
)
def test_all_mistakes_of_a_customer_are_told(
    tmp_path: Path, changes: dict[str, str], columns: list[str]
) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [customer(**changes)]), "customers", "customers")
    assert sorted(column for _, column, _ in imported.mistakes) == columns


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        pytest.param({}, ["customer.registered"], id="registered"),
        pytest.param(
            {"changed": "2026-02-01"}, ["customer.registered", "customer.updated"], id="changed"
        ),
        pytest.param(
            {"changed": "2025-11-30T09:00:00+01:00"}, ["customer.registered"], id="never since"
        ),
        pytest.param(
            {"newsletter": "yes"}, ["customer.registered", "subscription.changed"], id="subscribed"
        ),
        pytest.param(
            {"newsletter": "no", "changed": "2026-02-01"},
            ["customer.registered", "customer.updated", "subscription.changed"],
            id="unsubscribed",
        ),
    ],
)
def test_a_row_tells_what_happened_to_a_customer(
    tmp_path: Path, changes: dict[str, str], kinds: list[str]
) -> None:
    file = as_csv(tmp_path, [customer(**changes)])
    assert made(tmp_path, file, "customers", "customers").kinds == kinds


def test_a_later_change_is_another_event_and_the_registration_the_same(tmp_path: Path) -> None:
    rows = ([customer(changed="2026-02-01")], [customer(changed="2026-02-02")])
    first, later = (
        {one["id"] for one in made(tmp_path, as_csv(tmp_path, row), "customers", "customers").told}
        for row in rows
    )
    assert first & later == {"customer:/shop/customers:C-7:registered"}


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        pytest.param({"created": ""}, "created", id="no registration"),
        pytest.param({"id": "", "e-mail": "", "phone": ""}, "id", id="nobody"),
    ],
)
def test_a_bad_customer_is_left_out_with_its_mistake(
    tmp_path: Path, changes: dict[str, str], column: str
) -> None:
    file = as_csv(tmp_path, [customer(**changes)])
    imported = made(tmp_path, file, "customers", "customers")
    assert [place for _, place, _ in imported.mistakes] == [column]
    assert imported.told == []


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        pytest.param({"e-mail": "not given"}, "e-mail", id="no address"),
        pytest.param({"phone": "ask ann"}, "phone", id="no phone"),
        pytest.param({"newsletter": "perhaps"}, "newsletter", id="no answer"),
    ],
)
def test_a_customer_without_a_readable_address_stays_a_customer(
    tmp_path: Path, changes: dict[str, str], column: str
) -> None:
    file = as_csv(tmp_path, [customer(**changes)])
    imported = made(tmp_path, file, "customers", "customers")
    assert [place for _, place, _ in imported.lost] == [column]
    assert imported.kinds == ["customer.registered"]
    assert imported.history.bad_rows == 0
    assert imported.history.rows["in events with warnings"] == 1


def test_who_unsubscribes_between_two_exports_has_done_so(tmp_path: Path) -> None:
    yes, no = (
        made(
            tmp_path,
            as_csv(tmp_path, [customer(newsletter=answer)]),
            "customers",
            "customers",
        ).told[1]["id"]
        for answer in ("yes", "no")
    )
    assert yes == "customer:/shop/customers:C-7:subscription:newsletter:20251130T080000:yes"
    assert no == yes.removesuffix("yes") + "no"


@pytest.mark.parametrize(
    "rule",
    ["e-mail", "{column: e-mail, as: email_sha256}", "{column: e-mail, lower: true}"],
    ids=["as it is", "hashed", "in lower case"],
)
def test_a_plain_address_gets_neither_into_an_event_nor_into_the_report(
    tmp_path: Path, rule: str
) -> None:
    mapping = f"""
makes: customers
source: /shop
file: {{zone: UTC}}
fields: {{customerid: id, email_sha256: {rule}, identifiers.email_sha256: {rule}}}
registered: created
"""
    rows = [customer(), customer(**{"id": "C-8", "e-mail": "bob at mail.example"})]
    imported = made(tmp_path, as_csv(tmp_path, rows), mapping, "customers")
    said = b"".join(payload for _, payload in imported.history.pile.messages())
    assert b"mail.example" not in said.lower()
    assert "mail.example" not in imported.history.report.read_text().lower()


def test_a_row_that_cannot_be_read_shows_nothing_of_what_it_says(tmp_path: Path) -> None:
    lines = "id,e-mail,phone,created,changed,newsletter\nC-8,bob@mail.example,0151 2345679,,,,\n"
    imported = made(tmp_path, as_text(tmp_path, lines), "customers", "customers")
    assert imported.mistakes == [(2, "", "7 cells, where the header has 6")]
    report = imported.history.report.read_text()
    assert "bob" not in report
    assert "2345679" not in report


@pytest.mark.parametrize(
    "cell",
    [
        *("ann@mail.example", "to ann@mail.example", "+43 664 1234567", "0664 1234567"),
        *(
            "06641234567",
            "(415) 555-2671",
            "415-555-2671",
            "4111 1111 1111 1111",
            "4111111111111111",
        ),
    ],
)
def test_what_is_personal_is_not_shown_in_the_wrong_column(tmp_path: Path, cell: str) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [customer(created=cell)]), "customers", "customers")
    assert [place for _, place, _ in imported.mistakes] == ["created"]
    assert cell not in imported.history.report.read_text()
    assert cell not in str(imported.mistakes)


@pytest.mark.parametrize(
    "cell",
    [
        *("2026-13-14", "31.02.2026 10:00:00", "03/14/2026", "100012345", "1795000000", "20261399"),
        *("0.12345678", "1,234.56", "SKU-12345678", "O-2024-000123", "4006381333931", "yesterday"),
    ],
)
def test_what_is_wrong_and_nobodys_is_shown(cell: str) -> None:
    assert not looks_personal(cell)


@pytest.mark.parametrize("field", ["customerid", "visitorid", "identifiers.partner_id"])
def test_a_digest_stands_for_an_id_that_is_an_address(tmp_path: Path, field: str) -> None:
    fields = {"customerid": "id", field: "e-mail"}
    told = ", ".join(f"{name}: {column}" for name, column in fields.items())
    mapping = f"""
makes: customers
source: /shop
file: {{zone: UTC}}
fields: {{{told}}}
registered: created
"""
    imported = made(tmp_path, as_csv(tmp_path, [customer()]), mapping, "customers")
    (number, column, mistake), *_ = imported.lost
    assert (number, column) == (2, "e-mail")
    assert "`as: email_sha256`" in mistake
    (told,) = imported.told
    where = told if "." not in field else told["data"]["identifiers"]
    assert where[field.rpartition(".")[2]] == hashlib.sha256(b"ann@mail.example").hexdigest()
    assert "mail.example" not in imported.history.report.read_text().lower()
