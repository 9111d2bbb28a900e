"""What is kept of a record's headers."""

import pytest

from models.records import traceparent_of

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "wrong", [b"", b"00", TRACE.upper(), TRACE + b"-x", b" " + TRACE, b"\xff" * 55, TRACE.replace(b"-", b"_"), None]
)
def test_what_is_no_traceparent_is_not_kept(wrong: bytes | None) -> None:
    assert traceparent_of([("traceparent", wrong)]) is None
    assert traceparent_of([("traceparent", TRACE), ("traceparent", wrong)]) == TRACE.decode()


def test_other_headers_are_nothing_to_us() -> None:
    assert traceparent_of([("tracestate", TRACE), ("baggage", b"a=b")]) is None
