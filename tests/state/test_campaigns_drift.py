"""Campaigns whose text changes, that turn out to be one, that live on; and what a leader costs."""

import random
from collections.abc import Sequence

from state.requests import MICROSECONDS, Campaign, Text
from state.store import Store
from tests.state.conftest import Bench
from text.reading import read_texts

DAY = 24 * 3600 * MICROSECONDS
NOW = 20_000 * DAY
SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
]


def essay(seed: int, words: int = 40) -> list[str]:
    """Words of three syllables each, of eight thousand: two essays share hardly any."""
    chance = random.Random(seed)
    return ["".join(chance.choices(SYLLABLES, k=3)) for _ in range(words)]


def texts_of(written: Sequence[str], *, start: int = NOW, step: int = MICROSECONDS, name: str = "e") -> list[Text]:
    return [
        Text(
            time=start + number * step,
            identity=f"{name}{number}",
            author=f"author of {name}{number}",
            digest=reading.digest or b"",
            signature=reading.signature or b"",
            words=reading.words,
        )
        for number, reading in enumerate(read_texts(written))
    ]


def ask(bench: Bench, store: Store, texts: Sequence[Text]) -> list[Campaign]:
    found = []
    for text in texts:
        recalled = bench.run(store.recall([], [text], []))
        bench.run(store.settle([], recalled.decisions))
        found += recalled.campaigns
    assert None not in found
    return [campaign for campaign in found if campaign]


def ids(campaigns: Sequence[Campaign]) -> list[str]:
    return [campaign.campaign_id for campaign in campaigns]


def test_a_text_that_changes_slowly_stays_in_its_campaign(bench: Bench) -> None:
    bench.empty()
    words = essay(4)
    written = []
    for step in range(30):
        written.append(" ".join(words))
        words[step] = f"replacement{step}"
    found = ask(bench, bench.store(similarity_threshold=0.7), texts_of(written))
    assert len(set(ids(found))) == 1
    assert found[-1].similarity < 0.4  # to the first text


def test_two_campaigns_that_turn_out_to_be_one_are_merged(bench: Bench) -> None:
    bench.empty()
    store = bench.store(similarity_threshold=0.7)
    left, right = essay(5, 60), essay(6, 60)
    first, second = " ".join(left), " ".join(right)
    both = f"{first} {second}"
    found = ask(bench, store, texts_of([first, second, both, f"{second} indeed", first, second]))
    assert ids(found)[0] != ids(found)[1]
    assert set(ids(found)[2:]) == {ids(found)[0]}  # the other is merged into the older one
    # what was answered before the merging is answered again
    assert ask(bench, store, texts_of([first, second])) == found[:2]


def test_a_campaign_lives_as_long_as_it_is_joined(bench: Bench) -> None:
    bench.empty()
    store = bench.store(similarity_threshold=0.7, generation=2 * 24 * 3600)
    words = essay(7)
    written = [" ".join([*words[:number], f"other{number}", *words[number + 1 :]]) for number in range(10)]
    joined = ask(bench, store, texts_of(written, step=DAY))
    assert len(set(ids(joined))) == 1
    (later,) = ask(bench, store, texts_of(written[:1], start=NOW + 20 * DAY, name="later"))
    assert later.campaign_id not in ids(joined)


def test_a_few_of_the_same_words_make_no_copy(bench: Bench) -> None:
    bench.empty()
    words = essay(8, 40)
    other = [*words[:5], *essay(9, 10), *words[15:20], *essay(10, 20)]
    found = ask(bench, bench.store(similarity_threshold=0.7), texts_of([" ".join(words), " ".join(other)]))
    assert len(set(ids(found))) == 2


def test_a_text_within_another_is_found_by_its_runs(bench: Bench) -> None:
    bench.empty()
    words = essay(10, 50)
    around = [f"unrelated{n}" for n in range(24)]
    written = [" ".join(words), " ".join([*around[:12], *words, *around[12:]])]
    found = ask(bench, bench.store(similarity_threshold=0.7), texts_of(written))
    assert len(set(ids(found))) == 1


def test_a_leader_costs_little_memory(bench: Bench) -> None:
    bench.empty()
    before = bench.run(bench.client.info("memory"))["used_memory"]
    written = [" ".join(f"{word}{seed % 97 * 'x'}" for word in essay(seed, 30)) for seed in range(2_000)]
    texts = texts_of(written)
    store = bench.store(similarity_threshold=0.7)
    for start in range(0, len(texts), 200):
        bench.run(store.recall([], texts[start : start + 200], []))
    used = bench.run(bench.client.info("memory"))["used_memory"] - before
    assert used / len(texts) < 6_000
