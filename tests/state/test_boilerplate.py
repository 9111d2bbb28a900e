"""What is learnt as boilerplate, by whom, and how it is forgotten: seen from outside, and in what an operator is shown."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from state import boilerplate
from state.agreement import WrongStore
from state.boilerplate import Boilerplate, Example, Learnt
from state.campaigns import CampaignCodec
from state.forget import forget
from state.kinds import LEARNT
from state.limits import DAY, StoreLimits
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, ModeratorVerdict, Text
from state.store import DEFAULT_NAMESPACE, Store
from tests.state.conftest import Bench
from tests.state.test_campaigns import SENTENCES, START, TEMPLATE, own_words, recall, texts_of

SECRET = Pseudonyms(b"a secret of the tests")
ADVERTISEMENT = f"{SENTENCES[0]}\n{SENTENCES[1]}"


def operator(bench: Bench, pseudonyms: Pseudonyms = SECRET, shards: int = 1) -> Boilerplate:
    return Boilerplate(bench.client, pseudonyms, shards=shards, namespace=DEFAULT_NAMESPACE, scope=CampaignCodec.scope)


def listed(bench: Bench) -> list[Learnt]:
    return bench.run(operator(bench).learnt())


def uses(chance: random.Random, words: str, count: int, *, apart: float, start: int = START) -> list[Text]:
    """Texts of so many members, each with the words below others of their own, so many days apart."""
    texts = texts_of([f"{own_words(chance, 60)}.\n{words}" for _ in range(count)], authors=count)
    return [
        replace(
            text,
            time=start + int(n * apart * DAY) * MICROSECONDS,
            identity=f"{text.identity} {start}",
            event_id=f"post {n}",
            type="forum_post",
            language="fi",
        )
        for n, text in enumerate(texts)
    ]


def copies(bench: Bench, store: Store, chance: random.Random, words: str, start: int) -> int:
    """How many campaigns ten texts are that have the words, and little else, in common."""
    texts = texts_of([f"{own_words(chance, 3)}.\n{words}" for _ in range(10)], authors=10)
    texts = [replace(text, time=start, identity=f"copy {n} {start}") for n, text in enumerate(texts)]
    found = recall(bench, store, texts)
    return len({campaign.campaign_id for campaign in found if campaign})


def days_after(start: int, days: float) -> int:
    return start + int(days * DAY) * MICROSECONDS


@pytest.mark.parametrize(("apart", "weight", "learnt"), [(0.6, 2, True), (0.6, 1, False), (0.01, 2, False)])
def test_it_takes_days_and_accounts_of_some_age(any_bench: Bench, apart: float, weight: int, learnt: bool) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(1)
    texts = [replace(text, teaches=weight) for text in uses(chance, TEMPLATE, 6, apart=apart)]
    recall(any_bench, store, texts, 2)
    assert len(listed(any_bench)) == (2 if learnt else 0)
    for key in any_bench.dump():
        if b":learnt:" in key:
            left = any_bench.run(any_bench.client.ttl(key))
            assert 0 <= LEARNT.ttl(StoreLimits()) - left < 600  # on a machine however busy
    after = days_after(texts[-1].time, 0.1)
    assert copies(any_bench, store, chance, TEMPLATE, after) == (10 if learnt else 1)


def test_many_young_accounts_weigh_as_much_as_few_old_ones(any_bench: Bench) -> None:
    any_bench.empty()
    texts = [replace(text, teaches=1) for text in uses(random.Random(2), TEMPLATE, 10, apart=0.4)]
    recall(any_bench, any_bench.store(), texts[:9])
    assert not listed(any_bench)
    recall(any_bench, any_bench.store(), texts[9:])
    assert len(listed(any_bench)) == 2


def test_five_accounts_teach_no_advertisement_in_one_hour_however_much_they_write(any_bench: Bench) -> None:
    """The attack: each of five aged accounts hides each sentence in harmless posts, five times; then it is sent."""
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(3)
    taught = texts_of([f"{own_words(chance, 60)}.\n{ADVERTISEMENT}" for _ in range(25)], authors=5, hours=0.04)
    recall(any_bench, store, taught, 10)
    assert not listed(any_bench)
    assert copies(any_bench, store, chance, ADVERTISEMENT, days_after(START, 0.2)) == 1


def test_five_aged_accounts_need_days_and_can_be_undone(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(4)
    taught = uses(chance, ADVERTISEMENT, 5, apart=0.6)
    recall(any_bench, store, taught)
    after = days_after(taught[-1].time, 0.1)
    assert copies(any_bench, store, chance, ADVERTISEMENT, after) == 10
    ids = [one.id for one in listed(any_bench)]
    assert len(ids) == 2
    done = any_bench.run(operator(any_bench).forget([*ids, "00" * 8], bar=False))
    assert set(done.forgotten) == set(ids)
    assert done.unknown == ("00" * 8,)
    assert not listed(any_bench)
    assert copies(any_bench, store, chance, ADVERTISEMENT, after + 1) == 1


def test_what_is_forgotten_is_learnt_again_unless_it_is_barred(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(5)
    recall(any_bench, store, uses(chance, TEMPLATE, 6, apart=0.6))
    ids = [one.id for one in listed(any_bench)]
    assert len(ids) == 2
    any_bench.run(operator(any_bench).forget(ids[:1], bar=False))
    any_bench.run(operator(any_bench).forget(ids[1:], bar=True))
    assert [one for one in listed(any_bench) if one.is_barred] == [Learnt(id=ids[1], is_barred=True)]
    recall(any_bench, store, uses(chance, TEMPLATE, 6, apart=0.6, start=days_after(START, 5)))
    assert {one.id: one.is_barred for one in listed(any_bench)} == {ids[0]: False, ids[1]: True}
    any_bench.run(operator(any_bench).forget(ids[1:], bar=False))
    recall(any_bench, store, uses(chance, TEMPLATE, 6, apart=0.6, start=days_after(START, 10)))
    assert {one.id: one.is_barred for one in listed(any_bench)} == {ids[0]: False, ids[1]: False}


def test_what_is_barred_stays_so_as_long_as_it_is_used(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(6)
    recall(any_bench, store, uses(chance, TEMPLATE, 6, apart=0.6))
    any_bench.run(operator(any_bench).forget([one.id for one in listed(any_bench)], bar=True))
    for month in (1, 2, 3, 4):
        recall(any_bench, store, uses(chance, TEMPLATE, 6, apart=0.6, start=days_after(START, 29 * month)))
        assert [one.is_barred for one in listed(any_bench)] == [True, True], month


def test_what_there_is_no_room_for_is_counted(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(15)
    recall(any_bench, store, uses(chance, TEMPLATE, 6, apart=0.5))
    [key] = [key for key in any_bench.dump() if b":learnt:" in key]
    others: dict[Any, Any] = {b"%08d" % number: b"-" for number in range(boilerplate.MOST_LEARNT)}
    any_bench.run(any_bench.client.hset(key, mapping=others))
    more = (
        "Whoever comes by bicycle may leave it in the yard behind the gym of the school.\nThe gate is open until seven."
    )
    told = any_bench.run(store.recall([], uses(chance, more, 6, apart=0.5, start=START + 60 * MICROSECONDS), []))
    assert told.unlearnt == 4  # two sentences, with the fifth member and again with the sixth
    assert len(listed(any_bench)) == 2 + boilerplate.MOST_LEARNT


def test_what_was_learnt_outlasts_holidays(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(7)
    recall(any_bench, store, uses(chance, TEMPLATE, 6, apart=0.6))
    assert copies(any_bench, store, chance, TEMPLATE, days_after(START, 25)) == 10
    assert copies(any_bench, store, chance, TEMPLATE, days_after(START, 50)) == 10
    assert copies(any_bench, store, chance, TEMPLATE, days_after(START, 150)) == 1


def test_who_was_found_in_breach_teaches_nothing(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(8)
    texts = uses(chance, TEMPLATE, 5, apart=0.6)

    def judged(upheld: bool) -> ModeratorVerdict:
        return ModeratorVerdict(
            incident_id="an incident",
            subject=texts[3].author,
            time=START + upheld,
            identity="a verdict",
            upheld=upheld,
            rule="copied_message",
            article=1,
            happened=START,
            weight=1,
            level=1.0,
            reported=False,
            sample=None,
        )

    any_bench.run(store.learn([judged(upheld=True)]))
    recall(any_bench, store, texts)
    assert not listed(any_bench)
    any_bench.empty()
    any_bench.run(store.learn([judged(upheld=False)]))
    recall(any_bench, store, texts)
    assert len(listed(any_bench)) == 2


def test_a_list_tells_how_many_since_when_and_an_example(any_bench: Bench) -> None:
    any_bench.empty()
    texts = uses(random.Random(9), TEMPLATE, 7, apart=0.6)
    recall(any_bench, any_bench.store(), texts, 3)
    first = date(1970, 1, 1) + timedelta(microseconds=texts[0].time)
    last = date(1970, 1, 1) + timedelta(microseconds=texts[-1].time)
    fifth = texts[4]
    for one in listed(any_bench):
        assert (one.members, one.first, one.last) == (7, first, last)
        assert one.days == len({text.time // (DAY * MICROSECONDS) for text in texts})
        assert one.example == Example("post 4", "forum_post", fifth.time, "fi")
    # of what was kept under another key the example cannot be read
    [one, _] = any_bench.run(
        Boilerplate(
            any_bench.client, Pseudonyms(b"another"), shards=1, namespace=DEFAULT_NAMESPACE, scope=CampaignCodec.scope
        ).learnt()
    )
    assert (one.members, one.example) == (7, None)


def test_a_store_of_others_is_left_alone(any_bench: Bench) -> None:
    any_bench.empty()
    any_bench.run(any_bench.store().ping())
    with pytest.raises(WrongStore):
        any_bench.run(operator(any_bench, Pseudonyms(b"another")).forget(["00" * 8], bar=False))
    with pytest.raises(WrongStore):
        any_bench.run(operator(any_bench, shards=2).learnt())


def test_who_taught_it_is_forgotten_and_that_others_did_is_not(any_bench: Bench) -> None:
    any_bench.empty()
    store = any_bench.store()
    any_bench.run(store.ping())
    texts = uses(random.Random(10), TEMPLATE, 6, apart=0.6)
    recall(any_bench, store, texts)
    for text, members, example in ((texts[0], 5, texts[4].event_id), (texts[4], 4, None)):
        any_bench.run(forget(any_bench.client, SECRET, text.author))
        assert [(one.members, one.example and one.example.event_id) for one in listed(any_bench)] == [
            (members, example)
        ] * 2
    for text in texts:
        any_bench.run(forget(any_bench.client, SECRET, text.author))
    assert not listed(any_bench)


def everybody(learnt: Sequence[Learnt]) -> list[tuple[str, int, int]]:
    return sorted((one.id, one.members, one.days) for one in learnt)


def test_what_is_learnt_does_not_depend_on_batches_or_on_what_comes_again(any_bench: Bench) -> None:
    found = []
    for size in (1, 4, 30):
        any_bench.empty()
        store = any_bench.store()
        texts = uses(random.Random(11), TEMPLATE, 9, apart=0.4) + uses(random.Random(12), ADVERTISEMENT, 6, apart=0.7)
        texts.sort(key=lambda text: text.time)
        ids = [campaign and campaign.campaign_id for campaign in recall(any_bench, store, texts, size)]
        learnt = everybody(listed(any_bench))
        assert [campaign and campaign.campaign_id for campaign in recall(any_bench, store, texts, size)] == ids
        assert everybody(listed(any_bench)) == learnt
        found.append((ids, learnt))
    assert found[0] == found[1] == found[2]
    assert len(found[0][1]) == 4
