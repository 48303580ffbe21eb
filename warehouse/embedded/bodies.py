"""Compressed bodies: requests are decoded and verified whole, answers are encoded.

A few bytes may unfold to gigabytes, so they are put in by slices of which 16 MiB come out at most:
who takes what comes out can stop. clickhouse-connect sends many lz4 frames one behind the other,
and the engine takes a truncated lz4 or zstd body for no rows at all: so every frame is decoded
here, and a body that ends inside one is refused.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

import lz4.frame
import zstandard

from warehouse.embedded.errors import refusal

# Of a byte come 255 at most in lz4, 1,032 in deflate; of a zstd block of 4 bytes 128 KiB.
SLICE_BYTES = {"lz4": 1 << 16, "zstd": 512, "gzip": 1 << 14, "deflate": 1 << 14}
ZSTD_WINDOW_BYTES = 8 << 20  # what every decoder should take (RFC 8878, 3.1.1.1.2), and no more


class Decoder(Protocol):
    """Decodes a body piece by piece."""

    def decode(self, piece: bytes) -> Iterator[bytes]:
        """The plain bytes that this piece completes, in parts of 16 MiB at most."""

    def finish(self) -> object:
        """Raise `EngineError` when the body ended inside a frame."""


class Encoder(Protocol):
    """Encodes an answer piece by piece."""

    def encode(self, piece: bytes) -> bytes:
        """The encoded bytes that are ready."""

    def finish(self) -> bytes:
        """What is left, and the end mark."""


class Plain:
    """No compression, in either direction."""

    def decode(self, piece: bytes) -> Iterator[bytes]:
        """The piece itself."""
        yield piece

    def encode(self, piece: bytes) -> bytes:
        """The piece itself."""
        return piece

    def finish(self) -> bytes:
        """Nothing."""
        return b""


class FrameDecoder:
    """Decodes any number of frames of one kind, one behind the other."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._frame = _decompressor(encoding)
        self._is_inside = False

    def decode(self, piece: bytes) -> Iterator[bytes]:
        """The plain bytes that this piece completes, in parts of 16 MiB at most."""
        size = SLICE_BYTES[self._encoding]
        for start in range(0, len(piece), size):
            yield self._decoded(piece[start : start + size])

    def _decoded(self, piece: bytes) -> bytes:
        plain = []
        while piece:
            self._is_inside = True
            try:
                plain.append(self._frame.decompress(piece))
            except (RuntimeError, zlib.error, zstandard.ZstdError, EOFError) as error:
                raise _undecodable(self._encoding, str(error)) from None
            piece = b""
            if self._frame.eof:
                piece = self._frame.unused_data or b""
                self._frame = _decompressor(self._encoding)
                self._is_inside = False
        return b"".join(plain)

    def finish(self) -> None:
        """Raise `EngineError` when the body ended inside a frame."""
        if self._is_inside:
            raise _undecodable(self._encoding, "the body ends inside a frame")


class Lz4Encoder:
    """One lz4 frame."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begin = self._frame.begin()

    def encode(self, piece: bytes) -> bytes:
        """The encoded bytes that are ready."""
        begin, self._begin = self._begin, b""
        return bytes(begin + self._frame.compress(piece))

    def finish(self) -> bytes:
        """What is left, and the end mark."""
        begin, self._begin = self._begin, b""
        return bytes(begin + self._frame.flush())


class StreamEncoder:
    """zstd, gzip or deflate by their own compression objects."""

    def __init__(self, encoding: str) -> None:
        self._stream = _compressor(encoding)

    def encode(self, piece: bytes) -> bytes:
        """The encoded bytes that are ready."""
        return bytes(self._stream.compress(piece))

    def finish(self) -> bytes:
        """What is left, and the end mark."""
        return bytes(self._stream.flush())


ENCODINGS = tuple(SLICE_BYTES)


def decoder_of(encoding: str) -> Decoder:
    """The decoder of a Content-Encoding."""
    if encoding in ("", "identity"):
        return Plain()
    if encoding not in ENCODINGS:
        raise refusal(48, "NOT_IMPLEMENTED", f"Unknown Content-Encoding {encoding!r}")
    return FrameDecoder(encoding)


def encoder_of(encoding: str) -> Encoder:
    """The encoder of a Content-Encoding."""
    if not encoding:
        return Plain()
    return Lz4Encoder() if encoding == "lz4" else StreamEncoder(encoding)


def accepted_encoding(accept: str) -> str:
    """The encoding to answer in: the first of ours in an Accept-Encoding, else empty."""
    offered = (one.partition(";")[0].strip().lower() for one in accept.split(","))
    return next((one for one in offered if one in ENCODINGS), "")


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def _decompressor(encoding: str) -> _Decompressor:
    if encoding == "lz4":
        frame: _Decompressor = lz4.frame.LZ4FrameDecompressor()
        return frame
    if encoding == "zstd":
        decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        return decoder.decompressobj()
    return zlib.decompressobj(31 if encoding == "gzip" else 15)


def _compressor(encoding: str) -> _Compressor:
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=1).compressobj()
    return zlib.compressobj(level=1, wbits=31 if encoding == "gzip" else 15)


def _undecodable(encoding: str, reason: str) -> Exception:
    return refusal(354, "CANNOT_DECOMPRESS", f"The {encoding} body cannot be decoded: {reason}")
