"""What a text and an event cost, counted in what no busy machine changes, does not grow unnoticed."""

import json

import pytest

from benchmarks.gate import NUMBERS, Numbers, dearer, of_a_text, of_an_event, texts
from models.events import WrittenFields
from text import hostility
from text.hostility.tokens import Tokens, tokens_of
from text.reading import read_writings
from twinwatch.embedded import embedded_redis, redis_binaries

KEPT: Numbers = json.loads(NUMBERS.read_text("utf-8"))


def test_no_stage_of_reading_takes_a_tenth_more_than_is_kept() -> None:
    mistakes = dearer(KEPT, {"text": of_a_text()})
    assert not mistakes, "\n".join(mistakes)


def test_no_stage_of_a_batch_takes_a_tenth_more_than_is_kept_on_any_server(servers: None) -> None:
    found = []
    for binary in redis_binaries().values():
        with embedded_redis(binary) as server:
            found.append(of_an_event(server.url))
    assert found
    for numbers in found:
        mistakes = dearer(KEPT, numbers)
        assert not mistakes, "\n".join(mistakes)
        for kind, stages in numbers.items():
            assert stages == pytest.approx(found[0][kind], rel=0.01), f"{kind}: servers differ"


def test_every_stage_is_counted_in_all_that_it_takes() -> None:
    assert KEPT.keys() == {"text", "calls", "commands", "sent", "received"}
    assert all(KEPT.values())


def test_a_dearer_stage_is_named() -> None:
    kept = {"text": {"reading": 10.0, "commerce": 50.0}, "sent": {"recall": 1000.0}}
    now = {"text": {"reading": 11.0, "commerce": 55.6}, "sent": {"recall": 1101.0}}
    commerce, recall = dearer(kept, now)
    assert commerce.startswith("commerce: 55.6 calls a text, 50.0 are kept.")
    assert recall.startswith("recall: 1,101.0 bytes to Redis an event, 1,000.0 are kept.")
    assert dearer({}, {"text": {"reading": 1.0}}), "a stage without a number"


def test_most_texts_are_not_read_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(text: str) -> Tokens:
        read.append(text)
        return tokens_of(text)

    monkeypatch.setattr(hostility, "tokens_of", counted)
    said = texts()
    for writing in read_writings([(WrittenFields(text=one), None) for one in said]):
        assert writing.hostility is not None
    assert 0 < len(read) <= len(said) / 4
