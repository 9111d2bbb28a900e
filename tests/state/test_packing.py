"""What is compressed comes back, and takes less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.episodes import opened_payload, sealed_payload
from state.packing import compressed, decompressed
from state.pseudonyms import Pseudonyms


@given(st.binary(max_size=5_000), st.sampled_from([b"", b"some words that both have", bytes(range(256)) * 30]))
def test_what_is_compressed_comes_back(data: bytes, like: bytes) -> None:
    assert decompressed(compressed(data, like), like) == data


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("Our pupils have measured the river every Monday and drawn the curve on the wall of the corridor. " * 3, 0.5),
        ("Изучаваме реката всеки понеделник и рисуваме кривата върху стената на коридора", 0.75),
    ],
)
def test_words_take_less(words: str, least: float) -> None:
    assert len(compressed(words.encode())) <= least * len(words.encode())


def test_what_a_revision_says_takes_less_and_comes_back() -> None:
    pseudonyms = Pseudonyms(b"a key")
    payload = (
        b'["live","copied_message","2026-03-02T04:14:28Z","medium",0.823,"warn","Sent the same or nearly the same text to 20 '
        b'strangers in 1 message within 24 hours; the limit is 8.",[{"name":"recipients","value":20,"limit":8,'
        b'"window_seconds":86400}],"An excerpt of what was written",1.0,"ecebfc42-2d2a-5eb1-a766-9ebd55ff223a",null]'
    )
    sealed = sealed_payload(pseudonyms, payload)
    assert opened_payload(pseudonyms, sealed) == payload
    assert len(sealed) < len(payload) / 2
