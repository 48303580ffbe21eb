"""Identifiers that name nobody: in every way of writing them, and nobody else's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.nobody import NobodyIds, NobodyIdsError, names_nobody

NIL = "00000000-0000-0000-0000-000000000000"
NOBODY = [
    *("", " ", "null", "NULL", " Null ", '"null"', "'undefined'", "None", "NaN", "nil", "<nil>"),
    *("0", "000000", "0.0", "-1", "-0", "0-0", "(not set)", "NOT_SET", "not-set", "n/a", "N.A."),
    *("[object Object]", "[object Undefined]", "guest", "GUEST", "Guest Checkout", "anonymous"),
    *("(none)", "(null)", "unknown", "-", "--", "...", "***", "{}", "[]", "\\N", "null null"),
    *("undefined.undefined", "user_null", "customer:undefined", "not_logged_in", "user_id"),
    *(NIL, NIL.replace("-", ""), f"{{{NIL}}}", NIL.replace("0", "f"), "F" * 32, "0" * 64),
    *("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx", "02:00:00:00:00:00", "9774d56d682e549c"),
    *("{{user.id}}", "${userId}", "%USER_ID%", "{user_id}", "[[customer]]", "<id>", "<%= id %>"),
    *("user-{{ id }}", "#{user.id}", "*|EMAIL|*", "%%email%%", "[USER_ID]", "__CUSTOMER_ID__"),
    *("%5Bobject%20Object%5D", "%7B%7Buser.id%7D%7D", "%22null%22", "%00", "null%0A", "%20"),
    *("%255Bobject%2520Object%255D", "{ user_id }", "{$user}", "{% user %}", "гость"),
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
]
SOMEBODY = [
    *("1", "7", "10", "007", "0a", "v1", "anna", "Nuller", "nullah", "Nan Smith", "nonesuch"),
    *("guest42", "anonymous@shop.example", "null@shop.example", "test", "admin", "undefined1"),
    *("john.doe@mail.example", "+49 30 901820", "00491", "-12", "1.0", "GA1.2.1234.5678"),
    *("3F2504E0-4F89-11D3-9A0C-0305E82C3301", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}"),
    *("{abcdefab-cdef-abcd-efab-cdefabcdefab}", "ffff", "f" * 31, "00000000-0000-0000-0000-1"),
    *("00000000-0000-4000-8000-000000000001", "a%b", "50%", "100%25", "O'Brien", "李", "Ōta"),
    *("objectivist", "functional", "<4711>", "[12]", "truelove", "falseman", "emptyhand"),
    hashlib.sha256(b"anna@mail.example").hexdigest(),
    "cd" * 32,
]


@pytest.mark.parametrize("identifier", NOBODY)
def test_what_stands_for_a_missing_identifier_names_nobody(identifier: str) -> None:
    assert names_nobody(identifier)


@pytest.mark.parametrize("identifier", SOMEBODY)
def test_whoever_may_be_called_so_is_left_alone(identifier: str) -> None:
    assert not names_nobody(identifier)


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize(
    "plain", ["", " ", "0", "null", "NULL", "undefined", "None", "NaN", "false", "guest", "\n", NIL]
)
def test_hashes_of_the_usual_nothings_name_nobody_in_any_case(algorithm: str, plain: str) -> None:
    digest = hashlib.new(algorithm, plain.encode()).hexdigest()
    assert all(map(names_nobody, (digest, digest.upper(), f' "{digest}" ')))


@given(st.sampled_from(["null", "undefined", "guest", "[object Object]", NIL, "0"]), st.data())
def test_case_spaces_quotes_and_encoding_change_nothing(word: str, data: st.DataObject) -> None:
    cased = "".join(data.draw(st.sampled_from([one.lower(), one.upper()])) for one in word)
    around = data.draw(st.sampled_from(["", " ", '"', "' ", "\t", "\n"]))
    written = f"{around}{cased}{around[::-1]}"
    assert [names_nobody(one) for one in (written, quote(written))] == [True, True]


@given(st.uuids(version=4))
def test_no_uuid_that_a_program_drew_is_nobodys(one: object) -> None:
    assert not any(map(names_nobody, (str(one), str(one).replace("-", ""), f"{{{one}}}")))


def list_of(folder: Path, text: str) -> Path:
    path = folder / "nobody.yml"
    path.write_text(text)
    return path


def test_a_shop_adds_words_patterns_and_plaintexts_to_the_shipped_ones(tmp_path: Path) -> None:
    own = NobodyIds.read(
        list_of(tmp_path, "words: [walk in]\npatterns: ['^till-']\nplaintexts: [shop@x.example]\n")
    )
    hashed = hashlib.sha256(b"shop@x.example").hexdigest()
    named = ["WALK-IN", "till-7", hashed, "null"]
    assert [own.names_nobody(one) for one in named] == [True] * 4
    assert [names_nobody(one) for one in named] == [False, False, False, True]
    assert not own.names_nobody("shop@x.example")
    assert own.digest != NobodyIds.read().digest


def test_every_mistake_of_a_shops_list_is_named_at_once(tmp_path: Path) -> None:
    wrong = "words: [null, '--']\npatterns: ['(', 'a*']\nplaintext: [x]\nplaintexts: x\n"
    with pytest.raises(NobodyIdsError) as complaint:
        NobodyIds.read(list_of(tmp_path, wrong))
    expected = ["plaintext: no such key", "words 1", "'--'", "patterns 1", "patterns 2", "list of"]
    assert [one for one in expected if one not in str(complaint.value)] == []
