"""Compressed bodies, as drivers send and expect them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from warehouse.embedded.bodies import ENCODINGS, accepted_encoding, decoder_of, encoder_of
from warehouse.embedded.errors import EngineError

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


def decoded(encoding: str, body: bytes, piece_bytes: int) -> bytes:
    decoder = decoder_of(encoding)
    starts = range(0, len(body), piece_bytes)
    parts = [part for start in starts for part in decoder.decode(body[start : start + piece_bytes])]
    decoder.finish()
    return b"".join(parts)


@given(
    encoding=st.sampled_from(ENCODINGS),
    frames=st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    piece_bytes=st.integers(1, 50),
)
def test_many_frames_in_any_pieces_give_back_every_byte(
    encoding: str, frames: list[bytes], piece_bytes: int
) -> None:
    body = b"".join(COMPRESS[encoding](frame) for frame in frames)
    assert decoded(encoding, body, piece_bytes) == b"".join(frames)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("missing_bytes", [1, 10])
def test_a_body_that_ends_inside_a_frame_is_refused(encoding: str, missing_bytes: int) -> None:
    body = COMPRESS[encoding](b"first" * 100) + COMPRESS[encoding](b"second" * 100)
    with pytest.raises(EngineError, match="cannot be decoded"):
        decoded(encoding, body[:-missing_bytes], 64)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_is_not_what_it_says_is_refused(encoding: str) -> None:
    with pytest.raises(EngineError, match="cannot be decoded"):
        decoded(encoding, b"plain text" * 20, 64)


def test_an_unknown_encoding_is_refused_by_name() -> None:
    with pytest.raises(EngineError, match="'br'"):
        decoder_of("br")


@given(encoding=st.sampled_from(("", *ENCODINGS)), pieces=st.lists(st.binary(max_size=300)))
def test_an_encoded_answer_decodes_to_its_pieces(encoding: str, pieces: list[bytes]) -> None:
    encoder = encoder_of(encoding)
    body = b"".join(encoder.encode(piece) for piece in pieces) + encoder.finish()
    assert decoded(encoding, body, 64) == b"".join(pieces)


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("lz4,zstd,br,gzip,deflate", "lz4"),
        ("br, GZIP;q=1.0", "gzip"),
        ("identity", ""),
        ("", ""),
    ],
)
def test_the_first_encoding_we_know_is_answered_in(accept: str, encoding: str) -> None:
    assert accepted_encoding(accept) == encoding
