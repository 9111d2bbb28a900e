"""What is compressed before it is sealed: words and what incidents say take a third to a half less so."""

import zlib

_WINDOW_BITS, _MEMORY_LEVEL, _HARDEST = -12, 5, 9
"""Neither head nor sum, and what is large enough for a text and made quickly."""


def compressed(data: bytes, like: bytes = b"") -> bytes:
    """The data, compressed. What it has in common with `like` takes next to nothing."""
    packer = zlib.compressobj(_HARDEST, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_DEFAULT_STRATEGY, like)
    return packer.compress(data) + packer.flush()


def decompressed(data: bytes, like: bytes = b"") -> bytes:
    """What was compressed with the same `like`. Raises `zlib.error` for anything else."""
    unpacker = zlib.decompressobj(_WINDOW_BITS, like)
    return unpacker.decompress(data) + unpacker.flush()
