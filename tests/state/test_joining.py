"""Workers that decide on texts at the same time: whoever is slower reads again."""

import random

import pytest

from state.campaign_tables import Tables
from state.errors import StateUnavailable
from state.requests import Text
from state.store import Store
from tests.state.conftest import Bench
from tests.state.test_campaigns import SENTENCES, altered, recall, texts_of


def once_before_writing(monkeypatch: pytest.MonkeyPatch, others: list[tuple[Store, list[Text]]]) -> list[int]:
    """Let others write between a part's reading and its first writing. Gives a list with the number of attempts to write."""
    write, attempts = Tables.write, [0]

    async def late(tables: Tables) -> bool:
        attempts[0] += 1
        if others:
            store, texts = others.pop()
            await store.recall([], texts, [])
        return await write(tables)

    monkeypatch.setattr(Tables, "write", late)
    return attempts


@pytest.mark.parametrize("alike", ["the very text", "the very text, a short one", "an altered copy"])
def test_copies_that_two_workers_read_at_once_are_one_campaign(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, alike: str
) -> None:
    bench.empty()
    whole = "Quiz heute! #erasmusdays #schoolquiz" if "short" in alike else " ".join(SENTENCES[:3])
    other = altered(whole, random.Random(4)) if alike == "an altered copy" else whole
    first, second = texts_of([whole, other])
    assert bool(first.signature) == ("short" not in alike)
    assert (first.digest == second.digest) == (alike != "an altered copy")
    attempts = once_before_writing(monkeypatch, [(bench.store(), [first])])
    [late] = recall(bench, bench.store(), [second])
    [early] = recall(bench, bench.store(), [first])
    assert early
    assert late
    assert late.campaign_id == early.campaign_id
    assert attempts[0] >= 3, "the slower one has written what it decided on what it had read before"


def test_texts_that_have_nothing_in_common_are_written_at_the_first_attempt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.empty()
    first, second = texts_of([SENTENCES[0], SENTENCES[1]])
    attempts = once_before_writing(monkeypatch, [(bench.store(), [first])])
    assert recall(bench, bench.store(), [second])[0] != recall(bench, bench.store(), [first])[0]
    assert attempts[0] == 3, "one each, and one that had nothing to write"


def test_who_is_always_slower_says_so(any_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    any_bench.empty()

    async def never(_: Tables) -> bool:
        return False

    monkeypatch.setattr(Tables, "write", never)
    with pytest.raises(StateUnavailable, match="others"):
        recall(any_bench, any_bench.store(), texts_of(SENTENCES))


def test_a_text_that_comes_again_changes_nothing(bench: Bench) -> None:
    bench.empty()
    store, texts = bench.store(), texts_of([*SENTENCES, SENTENCES[0]])
    found = recall(bench, store, texts)
    before = bench.dump()
    assert recall(bench, store, texts, 1) == found
    assert bench.dump() == before


def most_numbers(bench: Bench) -> int:
    return int(next(value for key, value in bench.dump().items() if key.endswith(b":leaders")))


def test_texts_that_are_read_in_parts_get_numbers_in_their_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    texts = texts_of([altered(chance.choice(SENTENCES), chance) for _ in range(30)])
    dumps = []
    for at_once in (7, 100):
        monkeypatch.setattr("state.joining._AT_ONCE", at_once)
        bench.empty()
        found = recall(bench, bench.store(), texts)
        dumps.append((found, most_numbers(bench)))
    assert dumps[0] == dumps[1]


def test_what_a_store_is_asked_does_not_grow_with_what_it_knows(any_bench: Bench) -> None:
    """However many leaders share its bands, a text is compared with a few."""
    any_bench.empty()
    store: Store = any_bench.store()
    chance = random.Random(5)
    whole = " ".join(SENTENCES)
    many = texts_of([altered(whole, chance) for _ in range(120)], hours=0.01, authors=120)
    found = recall(any_bench, store, many, 20)
    assert len({campaign.campaign_id for campaign in found if campaign}) == 1
    leaders = [fields for key, fields in any_bench.dump().items() if b":leader:" in key]
    assert sum(map(len, leaders)) <= 9, "the first and eight more"
