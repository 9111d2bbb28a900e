"""What is remembered of who wrote a campaign's texts, who got them and who showed them."""

from uuid import NAMESPACE_URL, uuid5

import pytest

from state.pseudonyms import Pseudonyms
from state.quotations import (
    AUTHORS,
    HELD_OUT,
    MOST_AT_ONCE,
    READERS,
    SHOWINGS,
    SHOWN_ONLY,
    Source,
    Sources,
    Written,
    source_without,
)
from state.requests import Text
from tests.state.conftest import Bench

SECRET = Pseudonyms(b"a secret of the tests")
WORDS = "the bus leaves at seven from the station by the river and nobody waits for those who are late"
DAY = 86_400 * 1_000_000


def tag(name: str) -> bytes:
    return SECRET.member(name)[:4]


def text(number: int, time: int = DAY, words: str = WORDS, *, claimed: bool = False) -> Text:
    return Text(time, f"event-{number}", f"author-{number}", words.encode()[:16].ljust(16), b"", words, claimed=claimed)


def campaign_of(bench: Bench, one: Text) -> str:
    recalled = bench.run(bench.store().recall([], [one], []))
    assert recalled.campaigns[0]
    return recalled.campaigns[0].campaign_id


def written(campaign_id: str, time: int = DAY, **added: object) -> Written:
    return Written(time, campaign_id, **added)  # type: ignore[arg-type]


def asked(bench: Bench, number: int = 99, time: int = DAY) -> Sources:
    sources = bench.run(bench.store().recall([], [text(number, time, claimed=True)], [])).sources
    assert sources
    return sources


def test_what_is_settled_is_recalled(any_bench: Bench) -> None:
    any_bench.empty()
    campaign_id = campaign_of(any_bench, text(1))
    assert not asked(any_bench).of(campaign_id).is_known
    added = written(campaign_id, authors=("ann",), readers=("ben", "cem"), showings=(("dan", "desk"),))
    for _ in range(2):  # a script may run twice
        any_bench.run(any_bench.store().settle([], [], [added]))
    source = asked(any_bench).of(campaign_id)
    assert source.is_known and source.wrote("ann") and not source.wrote("ben")
    assert source.got("x", "cem") and not source.got("ann", "x")
    assert source.shown_to("dan") == ({tag("desk")}, False)
    assert source.shown_to("ann") == (set(), False)


def test_a_campaign_knows_what_those_knew_that_it_took_in(any_bench: Bench) -> None:
    any_bench.empty()
    campaign_id, other = campaign_of(any_bench, text(1)), str(uuid5(NAMESPACE_URL, "other"))
    any_bench.run(any_bench.store().settle([], [], [written(other, authors=("ann",), readers=("ben",))]))
    merging = written(campaign_id, merged_in=(other,), authors=("cem",))
    any_bench.run(any_bench.store().settle([], [], [merging]))
    source = asked(any_bench).of(campaign_id)
    assert source.wrote("ann") and source.wrote("cem") and source.got("ben")


def test_it_is_told_across_generations(any_bench: Bench) -> None:
    any_bench.empty()
    campaign_id = campaign_of(any_bench, text(1, DAY))
    any_bench.run(any_bench.store().settle([], [], [written(campaign_id, DAY, authors=("ann",))]))
    later = 3 * DAY
    assert asked(any_bench, 98, later).of(campaign_id).wrote("ann")
    any_bench.run(any_bench.store().settle([], [], [written(campaign_id, later, authors=("ben",))]))
    source = asked(any_bench, 97, later).of(campaign_id)
    assert source.wrote("ann") and source.wrote("ben")


@pytest.mark.parametrize("once", [True, False])
def test_the_store_keeps_as_much_as_a_batch_does(any_bench: Bench, once: bool) -> None:
    """So that it does not matter how events are cut into batches."""
    any_bench.empty()
    campaign_id = campaign_of(any_bench, text(1))
    one = [
        written(
            campaign_id,
            authors=(f"author-{n}",),
            readers=tuple(f"reader-{n}-{k}" for k in range(6)),
            showings=((f"shower-{n}", f"desk-{n}"),),
        )
        for n in range(110)
    ]
    remembered = Source(tag)
    for each in one:
        remembered.add(each)
    for piece in [one] if once else [one[:40], one[40:70], one[70:]]:
        any_bench.run(any_bench.store().settle([], [], piece))
    assert asked(any_bench).of(campaign_id).packed() == remembered.packed()
    assert remembered.wrote(f"author-{AUTHORS - 1}") and not remembered.wrote(f"author-{AUTHORS}")
    assert remembered.shown_to()[1] and len(remembered.shown_to()[0]) == SHOWINGS
    assert remembered.got("anybody"), f"more than {READERS} readers"


def test_of_a_text_to_very_many_everybody_may_have_got_it(any_bench: Bench) -> None:
    any_bench.empty()
    campaign_id = campaign_of(any_bench, text(1))
    for count, everybody in ((MOST_AT_ONCE, False), (MOST_AT_ONCE + 1, True)):
        added = written(campaign_id, authors=("ann",), readers=tuple(f"reader-{n}" for n in range(count)))
        any_bench.run(any_bench.store().settle([], [], [added]))
        assert asked(any_bench).of(campaign_id).got("anybody") == everybody


def test_it_is_known_whether_a_text_was_only_ever_claimed_to_be_shown(any_bench: Bench) -> None:
    any_bench.empty()
    campaign_id, other = campaign_of(any_bench, text(1)), str(uuid5(NAMESPACE_URL, "other"))
    said = [
        written(campaign_id, authors=("ann",), remark="is this true"),
        written(campaign_id, remark="who knows it"),
        written(other, authors=("ben",)),
    ]
    any_bench.run(any_bench.store().settle([], [], said))
    source = asked(any_bench).of(campaign_id)
    assert source.is_only_claimed_with("is this true") and source.is_only_claimed_with("who knows it")
    assert not source.is_only_claimed_with("something else")
    any_bench.run(any_bench.store().settle([], [], [written(campaign_id, merged_in=(other,), remark="is this true")]))
    assert not asked(any_bench).of(campaign_id).is_only_claimed_with("is this true")


@pytest.mark.parametrize("shows", [0, SHOWN_ONLY, HELD_OUT])
def test_what_became_of_a_text_is_told_when_it_comes_again(any_bench: Bench, shows: int) -> None:
    any_bench.empty()
    claimed = text(99, claimed=True)
    campaign_id = campaign_of(any_bench, claimed)
    assert asked(any_bench).outcome(claimed) is None
    any_bench.run(any_bench.store().settle([], [], [written(campaign_id, claimed=claimed, shows=shows)]))
    assert asked(any_bench).outcome(claimed) == shows
    assert asked(any_bench, 98).outcome(text(98, claimed=True)) is None


def test_a_member_is_taken_out() -> None:
    """Who wrote it stays somebody, so that a quotation stays one."""
    source = Source(tag)
    source.add(written("c", authors=("ann", "ben"), readers=("cem", "dan"), showings=(("cem", "desk"), ("dan", "cem"))))
    left = Source(tag).read(source_without(SECRET, source_without(SECRET, source.packed(), "cem"), "ann"))
    assert left.is_known and left.wrote("ben") and not left.wrote("ann")
    assert left.got("dan") and not left.got("cem")
    assert left.shown_to() == (set(), False)
    assert source_without(SECRET, source.packed(), "nobody") == source.packed()
