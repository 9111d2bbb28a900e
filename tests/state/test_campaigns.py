"""Which campaign a text belongs to, seen from outside: through what `recall` answers."""

import random
from collections.abc import Sequence
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from state.campaigns import CAMPAIGN_NAMESPACE, campaign_id_of, leader_without, text_in
from state.forget import forget
from state.requests import MICROSECONDS, Campaign, Text
from state.store import Store
from tests.state.conftest import Bench, unsalted
from text.reading import read_texts

HOUR = 3600 * MICROSECONDS
START = 1_700_000_000 * MICROSECONDS
SENTENCES = (
    "Our pupils have measured the river every Monday and drawn the curve on the wall of the corridor.",
    "Whoever has an old globe to give away may leave it with the caretaker before the holidays begin.",
    "The choir of the lower school is going to sing in the town hall on the second day of December.",
    "We compare what children in five countries eat for breakfast and send each other the recipes.",
)

unhurried = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def texts_of(written: Sequence[str], *, hours: float = 0.1, authors: int = 3) -> list[Text]:
    readings = read_texts(written)
    assert all(reading.digest for reading in readings)
    return [
        Text(
            START + int(n * hours * HOUR),
            f"event {n}",
            f"author {n % authors}",
            reading.digest or b"",
            reading.signature or b"",
            reading.words,
            reading.seen,
        )
        for n, reading in enumerate(readings)
    ]


def recall(bench: Bench, store: Store, texts: Sequence[Text], size: int | None = None) -> list[Campaign | None]:
    """The campaigns, without what became part of them just then, and what the texts have of others."""
    return [
        campaign and replace(campaign, holding=(), shares=None) for campaign in recall_first(bench, store, texts, size)
    ]


def recall_first(bench: Bench, store: Store, texts: Sequence[Text], size: int | None = None) -> list[Campaign | None]:
    step = size or len(texts)
    found: list[Campaign | None] = []
    for start in range(0, len(texts), step):
        recalled = bench.run(store.recall([], texts[start : start + step], []))
        bench.run(store.settle([], recalled.decisions))
        found += recalled.campaigns
    return found


HOLDING = (
    "from our own hives large ten euros, whoever orders before evening pays no postage",
    "Honey our own hives two large jars for ten euros, whoever orders before Sunday evening",
    "Honey from our own hives today, two large jars for ten euros, whoever orders before evening pays no postage",
)
"""Copies that each lost words: the first two are alike only by the third."""
CHAIN = (
    "War in Grenland: more than 260 Grenland soldiers evacuated from Arven",
    "LIVE - Grenland: nearly 300 Grenland fighters evacuated from Arven",
    "LIVE - War in Grenland: more than 260 Grenland fighters evacuated from Arven",
)
"""Headlines of one event, the last of which is like either of the others."""
FEW_WORDS = (
    "Two jars of honey today only for euros, whoever orders now nothing",
    "Two jars only for ten euros, whoever now pays nothing",
    "Two jars of honey today only ten euros, whoever orders pays",
)
"""Of short copies no two say it, but the three do."""


@pytest.mark.parametrize(("written", "hold"), [(HOLDING, True), (CHAIN, False)])
def test_of_texts_that_a_third_shows_to_be_one_it_is_known_whether_they_hold_together(
    written: Sequence[str], hold: bool, any_bench: Bench
) -> None:
    any_bench.empty()
    first, second, third = recall_first(any_bench, any_bench.store(), texts_of(written), 1)
    assert first
    assert second
    assert third
    assert first.campaign_id == third.campaign_id != second.campaign_id
    assert (second.campaign_id in third.holding) == hold


def test_of_short_texts_three_say_together_that_they_are_copies(any_bench: Bench) -> None:
    any_bench.empty()
    first, second, third = recall_first(any_bench, any_bench.store(), texts_of(FEW_WORDS), 1)
    assert first
    assert second
    assert third
    assert first.campaign_id == third.campaign_id != second.campaign_id
    assert second.campaign_id in third.holding


def altered(text: str, chance: random.Random) -> str:
    """As somebody sends it on who wants it to look like another: other words here and there, another order of sentences."""
    words = text.split()
    for _ in range(len(words) // 12):
        words[chance.randrange(len(words))] = chance.choice(["garden", "window", "yesterday", "seven"])
    return " ".join(words)


def thinned(text: str, chance: random.Random) -> str:
    """Without a third of its words: what is left of two such copies looks no more alike to a signature than to coincidence."""
    kept = [word for word in text.split() if chance.random() < 0.65]
    return " ".join(kept) if len(kept) > 7 else text


def test_a_campaign_has_the_uuid_of_its_first_text(any_bench: Bench) -> None:
    any_bench.empty()
    for text in texts_of(SENTENCES):
        [campaign] = recall(any_bench, any_bench.store(), [text])
        own = uuid5(CAMPAIGN_NAMESPACE, f"{text.identity}\n{text.digest.hex()}")
        assert UUID(bytes=campaign_id_of(text)) == own
        assert campaign and campaign.campaign_id == str(own)


def test_copies_belong_together_and_others_do_not(bench: Bench) -> None:
    chance = random.Random(1)
    long = [" ".join(chance.sample(SENTENCES, 3)) for _ in range(1)] + list(SENTENCES)
    written = [altered(text, chance) if n else text for text in long for n in range(5)]
    found = recall(bench, bench.store(), texts_of(written))
    ids = [campaign.campaign_id for campaign in found if campaign]
    assert len(ids) == len(written)
    for start in range(5, len(written), 5):
        assert len(set(ids[start : start + 5])) == 1
    assert len(set(ids[5:])) == len(SENTENCES)
    assert found[5] == Campaign(ids[5], 1.0)
    assert all(campaign and 0.3 < campaign.similarity <= 1 for campaign in found)


@st.composite
def streams(draw: st.DrawFn) -> list[Text]:
    chance = random.Random(draw(st.integers(0, 2**32)))
    change = draw(st.sampled_from([altered, thinned]))
    sentences = draw(st.sampled_from([1, 2]))
    written = [change(" ".join(chance.choices(SENTENCES, k=sentences)), chance) for _ in range(40)]
    if draw(st.booleans()):
        written = [f"{text}\n{TEMPLATE if n % 2 else own_words(chance, 12)}" for n, text in enumerate(written)]
    written = [text for text, reading in zip(written, read_texts(written), strict=True) if reading.digest]
    return texts_of(written, hours=draw(st.sampled_from([0.1, 3])), authors=draw(st.sampled_from([3, 30])))


def test_copies_that_lost_a_third_of_their_words_are_told_by_their_words(
    any_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [f"{SENTENCES[n]} {SENTENCES[n - 1]}" for n in (1, 3)]

    def largest(seed: int) -> int:
        chance = random.Random(seed)
        texts = texts_of([thinned(text, chance) for text in pairs for _ in range(12)])
        any_bench.empty()
        found = [campaign.campaign_id for campaign in recall(any_bench, any_bench.store(), texts, 5) if campaign]
        assert not set(found[:12]) & set(found[12:])
        return sum(max(map(ids.count, ids)) for ids in (found[:12], found[12:]))

    by_words = sum(map(largest, (0, 1, 4)))
    for decides in ("are_copies", "share_a_part"):
        monkeypatch.setattr(f"state.campaigns.{decides}", lambda *_: False)
    assert sum(map(largest, (0, 1, 4))) <= by_words - 10


def test_short_copies_that_lost_words_are_told_by_their_words(any_bench: Bench) -> None:
    said = ["cheap", "honey", "jars", "from", "our", "hives", "order", "before", "sunday"]
    texts = texts_of([" ".join(word for at, word in enumerate(said) if at % 6 != left) for left in (1, 3, 5)])
    assert max(sum(map(str.isalpha, text.words)) for text in texts) < 40
    found = recall(any_bench, any_bench.store(), texts)
    assert len({campaign.campaign_id for campaign in found if campaign}) == 1


def test_copies_full_of_typos_are_told_by_their_letters(any_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)

    def mistyped(text: str) -> str:
        return "".join(chance.choice(["", letter * 2, "e"]) if chance.random() < 0.12 else letter for letter in text)

    texts = texts_of([mistyped(f"{pair} {SENTENCES[0]}") for pair in SENTENCES[1:] for _ in range(8)])

    def largest() -> list[int]:
        any_bench.empty()
        ids = [campaign.campaign_id for campaign in recall(any_bench, any_bench.store(), texts, 5) if campaign]
        groups = [ids[at : at + 8] for at in range(0, len(ids), 8)]
        return [max(map(group.count, group)) for group in groups]

    assert min(largest()) >= 7
    for decides in ("are_copies", "share_a_part"):
        monkeypatch.setattr(f"state.campaigns.{decides}", lambda *_: False)
    assert max(largest()) <= 5


def test_a_text_that_holds_those_of_several_others_makes_no_campaign_of_them(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance, joined = any_bench.store(), random.Random(5), 0
    for rule_input in range(6):
        others = [f"{own_words(chance, 14)} {sentence}" for sentence in SENTENCES[:3]]
        texts = texts_of([*others, " ".join(others), *others], authors=7)
        # so far apart that no case knows another
        texts = [
            replace(text, identity=f"{rule_input}/{text.identity}", time=text.time + rule_input * 240 * HOUR)
            for text in texts
        ]
        first, second, third, all_of_them, *again = (
            one and one.campaign_id for one in recall(any_bench, store, texts, 1)
        )
        assert again == [first, second, third]
        assert len({first, second, third}) == 3
        joined += all_of_them in again
    assert joined


def doubtful_pair() -> list[Text]:
    """Two texts that signatures leave open and words tell to be copies."""
    chance = random.Random(7)
    whole = f"{SENTENCES[1]} {SENTENCES[3]}"
    return texts_of([thinned(whole, chance), thinned(whole, chance)])


def test_where_an_author_was_forgotten_signatures_decide_alone(bench: Bench) -> None:
    """Also where the other text has come before, and nothing was written down yet of what was decided."""
    one, other = doubtful_pair()
    bench.empty()
    assert len({campaign.campaign_id for campaign in recall(bench, bench.store(), [one, other], 1) if campaign}) == 1
    bench.empty()
    store = bench.store()
    [first] = recall(bench, store, [one])
    bench.run(store.recall([], [other], []))
    assert bench.run(forget(bench.client, unsalted(), other.author)).removed.keys() >= {
        "brought",
        "leader",
    }
    [second] = recall(bench, store, [other])
    assert first
    assert second
    assert first.campaign_id == second.campaign_id  # the text of `one` is still there
    bench.empty()
    [first] = recall(bench, store, [one])
    assert first
    bench.run(store.recall([], [other], []))
    bench.run(forget(bench.client, unsalted(), one.author))
    [second] = recall(bench, store, [other])
    assert second
    assert first.campaign_id != second.campaign_id
    # the same text again is a copy as before
    again = Text(one.time + 1, "again", "somebody", one.digest, one.signature, one.words)
    assert recall(bench, store, [again]) == [first]


def test_of_a_text_that_is_kept_whole_the_signature_is_not_kept_and_made_again(any_bench: Bench) -> None:
    chance = random.Random(3)
    short, long = SENTENCES[0], " ".join(own_words(chance, 9) + "." for _ in range(12))
    texts = texts_of([short, long])
    any_bench.empty()
    recall(any_bench, any_bench.store(), texts)
    [leaders] = [found for key, found in any_bench.dump().items() if b":leader:" in key]
    records = [record for _, record in sorted(leaders.items())]
    held = [[text.signature in record for record in records] for text in texts]
    assert held == [[False, False], [False, True]]
    authors = [unsalted().member(text.author) for text in texts]
    # by a worker that has made none of them
    codec = any_bench.store()._campaigns
    assert [codec.signature_in(record) for record in records] == [text.signature for text in texts]
    without = [leader_without(unsalted(), *both) for both in zip(records, authors, strict=True)]
    assert [codec.signature_in(record) for record in without] == [text.signature for text in texts]
    assert not any(map(text_in, without))


def test_what_was_kept_under_another_key_is_not_read(bench: Bench) -> None:
    one, other = doubtful_pair()
    bench.empty()
    [first] = recall(bench, bench.store(), [one])
    [second] = recall(bench, bench.store(secret=b"the next key"), [other])
    assert first
    assert second
    assert first.campaign_id != second.campaign_id


@unhurried
@given(texts=streams(), seed=st.integers(0, 2**32))
def test_a_crash_before_decisions_are_written_down_changes_nothing(bench: Bench, texts: list[Text], seed: int) -> None:
    chance = random.Random(seed)
    bench.empty()
    expected = recall(bench, bench.store(), texts)
    bench.empty()
    found: list[Campaign | None] = []
    while len(found) < len(texts):
        batch = texts[len(found) : len(found) + chance.randint(1, 20)]
        recalled = bench.run(bench.store().recall([], batch, []))
        if chance.random() < 0.5:
            continue
        bench.run(bench.store().settle([], recalled.decisions))
        if chance.random() < 0.5:
            continue
        found += [campaign and replace(campaign, holding=(), shares=None) for campaign in recalled.campaigns]
    assert found == expected


@pytest.mark.parametrize("size", [8, 10, 28, 40])
def test_texts_see_what_earlier_ones_of_their_batch_made_known_in_the_generation_before(
    any_bench: Bench, size: int
) -> None:
    """The last batch begins in one generation of leaders and ends in the next one."""
    chance = random.Random(676)
    written = [altered(" ".join(chance.choices(SENTENCES, k=2)), chance) for _ in range(40)]
    written = [f"{text}\n{TEMPLATE if n % 2 else own_words(chance, 12)}" for n, text in enumerate(written)]
    texts = texts_of(written, hours=3, authors=30)
    expected = recall(any_bench, any_bench.store(), texts, 1)
    any_bench.empty()
    assert [one and one.similarity for one in recall(any_bench, any_bench.store(), texts, size)] == [
        one and one.similarity for one in expected
    ]


@unhurried
@given(texts=streams(), size=st.integers(1, 39))
def test_how_the_stream_is_cut_does_not_matter(bench: Bench, texts: list[Text], size: int) -> None:
    bench.empty()
    expected = recall(bench, bench.store(), texts)
    bench.empty()
    assert recall(bench, bench.store(), texts, size) == expected


@unhurried
@given(texts=streams(), secret=st.binary(min_size=1, max_size=8), shards=st.integers(1, 4))
def test_neither_the_key_nor_the_shards_matter(any_bench: Bench, texts: list[Text], secret: bytes, shards: int) -> None:
    any_bench.empty()
    expected = recall(any_bench, any_bench.store(), texts)
    any_bench.empty()
    assert recall(any_bench, any_bench.store(secret=secret, shards=shards), texts) == expected


@unhurried
@given(texts=streams(), random_=st.randoms(use_true_random=False), size=st.integers(1, 60))
def test_a_text_that_comes_again_is_answered_as_before(
    bench: Bench, texts: list[Text], random_: random.Random, size: int
) -> None:
    bench.empty()
    expected = dict(zip([t.identity for t in texts], recall(bench, bench.store(), texts), strict=True))
    bench.empty()
    disturbed = [
        text
        for n, text in enumerate(texts)
        for text in (text, *random_.choices(texts[: n + 1], k=random_.choice([0, 0, 2])))
    ]
    for text, campaign in zip(disturbed, recall(bench, bench.store(), disturbed, size), strict=True):
        assert campaign == expected[text.identity]


def test_an_event_that_brings_another_text_brings_another_text(bench: Bench) -> None:
    """A campaign is told from others by its text, too."""
    store = bench.store()
    texts = [Text(t.time, "the same event", t.author, t.digest, t.signature) for t in texts_of(SENTENCES)]
    campaigns = recall(bench, store, texts, 1)
    assert len({campaign.campaign_id for campaign in campaigns if campaign}) == len(SENTENCES)


@pytest.mark.parametrize("step", [1, 30])
def test_a_campaign_that_goes_on_is_remembered_and_one_that_ended_is_not(any_bench: Bench, step: int) -> None:
    store = any_bench.store(generation=48 * 3600)
    one, *_ = texts_of(SENTENCES[:1])

    def at(hour: int) -> str:
        (campaign,) = recall(
            any_bench, store, [Text(START + hour * HOUR, f"at {hour}", "a", one.digest, one.signature)]
        )
        assert campaign
        return campaign.campaign_id

    hours = range(0, 400, step)
    assert len({at(hour) for hour in hours}) == 1
    assert at(hours[-1] + 97) != at(hours[0] + 1)


def test_one_author_of_very_many_texts_is_bounded_and_nobody_else_is_affected(any_bench: Bench) -> None:
    store = any_bench.store(texts_per_author=100)
    chance = random.Random(1)
    words = [f"{a}{b}{c}" for a in ("ka", "mo", "si", "re") for b in ("lan", "tor", "vik") for c in ("do", "ma", "ne")]
    flood = texts_of([" ".join(chance.choices(words, k=30)) for _ in range(1_000)], authors=1, hours=0.001)
    found = recall(any_bench, store, flood, 100)
    assert all(found[:100])
    assert not any(found[100:])
    bands = sum(len(value) for key, value in any_bench.dump().items() if b":band:" in key)
    assert bands <= 100 * 64
    # copies of what is known are still seen, of his own and of others
    own = Text(flood[-1].time, "again", flood[0].author, flood[0].digest, flood[0].signature)
    theirs = texts_of([SENTENCES[0]] * 3)
    assert recall(any_bench, store, [own]) == [found[0]]
    assert len({campaign.campaign_id for campaign in recall(any_bench, store, theirs) if campaign}) == 1


TEMPLATE = (
    "This project was made with the help of the national support organisation.\nPlease answer before the end of May."
)


def own_words(chance: random.Random, count: int) -> str:
    """Words that nobody else uses."""
    return " ".join(
        "".join(chance.choice("bcdfghjkmnprstvwz") + chance.choice("aeiou") for _ in range(4)) for _ in range(count)
    )


@pytest.mark.parametrize("learnt", [True, False])
def test_what_many_write_within_texts_of_their_own_does_not_make_copies(any_bench: Bench, learnt: bool) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(3)
    before = [f"{own_words(chance, 24)}.\n{TEMPLATE}" for _ in range(6)] if learnt else []
    filled_in = [f"{own_words(chance, 3)}.\n{TEMPLATE}" for _ in range(10)]
    texts = texts_of(before + filled_in, authors=100, hours=12)
    ids = [campaign.campaign_id for campaign in recall(any_bench, store, texts, 3) if campaign][len(before) :]
    assert len(set(ids)) == (10 if learnt else 1)


def test_copies_are_found_around_what_many_write(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(4)
    before = [f"{own_words(chance, 24)}.\n{TEMPLATE}" for _ in range(6)]
    copies = [f"{altered(SENTENCES[2], chance)}\n{TEMPLATE}" for _ in range(6)]
    others = [f"{SENTENCES[n]}\n{TEMPLATE}" for n in (0, 1, 3)]
    found = recall(any_bench, store, texts_of(before + copies + others, authors=100, hours=12), 4)
    ids = [campaign.campaign_id for campaign in found if campaign]
    assert len(set(ids[6:12])) == 1
    assert len(set(ids)) == 6 + 1 + 3


OFFER = (
    "Pupils learn twice as fast with our reading course.\nOrder today for 20 euros, the first month is free of charge!"
)


@pytest.mark.parametrize("weight", [0, 2])
def test_sentences_that_sell_lead_to_their_campaign_among_much_other_text(any_bench: Bench, weight: int) -> None:
    """Of three times as much other text no band of a signature leads to it, whoever wrote it first."""
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(12)
    places = [(45, 0), (0, 45), (22, 22)]
    offers = [
        f"{own_words(chance, before)}.\n{OFFER}\n{own_words(chance, behind)}."
        for before, behind in places
        for _ in range(2)
    ]
    texts = [replace(text, teaches=weight) for text in texts_of(offers, authors=100)]
    ids = [campaign.campaign_id for campaign in recall(any_bench, store, texts, 2) if campaign]
    assert len(ids) == 6
    assert len(set(ids)) == 1


def test_sentences_of_one_author_lead_nowhere(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(13)
    offers = [f"{own_words(chance, 45)}.\n{OFFER}" for _ in range(4)]
    ids = [campaign.campaign_id for campaign in recall(any_bench, store, texts_of(offers, authors=1), 2) if campaign]
    assert len(set(ids)) == 4


def test_who_weighs_nothing_is_no_day_on_which_boilerplate_was_used(any_bench: Bench) -> None:
    """A new account is the first to write a sentence; five others do so on two days."""
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(14)
    own = texts_of([f"{own_words(chance, 24)}.\n{TEMPLATE}" for _ in range(6)], authors=100, hours=0.1)
    days = [0, 1, 1, 2, 2, 2]
    used = [replace(text, time=text.time + 24 * HOUR * day) for text, day in zip(own, days, strict=True)]
    recall(any_bench, store, [replace(used[0], teaches=0), *used[1:]], 2)
    assert not learnt_in(any_bench)


def test_a_wave_of_copies_teaches_nothing_however_many_send_it(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(5)
    wave = [f"{own_words(chance, 2)}.\n{SENTENCES[0]}\n{SENTENCES[1]}" for _ in range(40)]
    ids = [campaign.campaign_id for campaign in recall(any_bench, store, texts_of(wave, authors=100), 7) if campaign]
    assert len(set(ids)) == 1


def test_one_author_of_many_texts_teaches_nothing(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(6)
    own = [f"{own_words(chance, 24)}.\n{TEMPLATE}" for _ in range(20)]
    recall(any_bench, store, texts_of(own, authors=1, hours=12), 5)
    assert not learnt_in(any_bench)
    recall(any_bench, store, texts_of(own, authors=20, hours=12), 5)
    assert not learnt_in(any_bench)  # the texts are known by now
    recall(
        any_bench, store, texts_of([f"{own_words(chance, 24)}.\n{TEMPLATE}" for _ in range(6)], authors=6, hours=12), 5
    )
    assert learnt_in(any_bench)


def test_new_accounts_teach_nothing(any_bench: Bench) -> None:
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(8)
    own = texts_of([f"{own_words(chance, 24)}.\n{TEMPLATE}" for _ in range(8)], authors=100, hours=12)
    recall(any_bench, store, [replace(text, teaches=0) for text in own], 5)
    assert not learnt_in(any_bench)


def test_a_text_is_not_taught_sentence_by_sentence(any_bench: Bench) -> None:
    """Each sentence of the offer stands in unrelated texts of five authors, two of them together; the whole in none."""
    any_bench.empty()
    store, chance = any_bench.store(), random.Random(9)
    halves = (SENTENCES[0], SENTENCES[1], f"{SENTENCES[2]}\n{SENTENCES[3]}")
    taught = [f"{own_words(chance, 60)}.\n{half}" for half in halves for _ in range(6)]
    whole = "\n".join(SENTENCES[:4])
    offers = [f"{whole}\n{own_words(chance, 7)}." for _ in range(8)]
    found = recall(any_bench, store, texts_of(taught + offers, authors=100, hours=6), 6)
    ids = [campaign.campaign_id for campaign in found if campaign]
    assert len(learnt_in(any_bench)) >= 4
    assert len(set(ids[len(taught) :])) == 1


def learnt_in(bench: Bench) -> list[bytes]:
    """What is known of each sentence that is boilerplate."""
    return [value for key, table in bench.dump().items() if b":learnt:" in key for value in table.values()]
