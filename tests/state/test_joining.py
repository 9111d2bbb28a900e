"""Workers that decide on texts at the same time: whoever is slower reads again."""

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.campaign_tables import BAND_BYTES, JOIN, LOOK, Tables
from state.errors import StateUnavailable
from state.requests import Text
from state.scripts import Call, Shards
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
    for at_once, parts in ((7, 5), (100, 1)):
        monkeypatch.setattr("state.joining._AT_ONCE", at_once)
        bench.empty()
        found = recall(bench, bench.store(), texts)
        # each part that is written takes one
        dumps.append((found, most_numbers(bench) - parts))
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


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), bytes_used=st.sampled_from([1, 2, 4, 256]))
def test_leaders_of_bands_are_found_in_buckets_that_are_full_as_in_a_table(
    bench: Bench, seed: int, bytes_used: int
) -> None:
    chance, expected = random.Random(seed), defaultdict[tuple[int, bytes], list[bytes]](list)
    bench.empty()
    shards = Shards(bench.client, "buckets:", 1)

    def some_bands() -> list[bytes]:
        """They have a bucket in common, and bytes that stand in numbers of leaders, too."""
        return [bytes([7, *(chance.randrange(bytes_used) for _ in range(BAND_BYTES - 1))]) for _ in range(3)]

    def columns_of(texts: Sequence[Sequence[bytes]]) -> list[Any]:
        return [([band[:1] for band in bands], [band[1:] for band in bands]) for bands in zip(*texts, strict=True)]

    def leaders_of(texts: Sequence[Sequence[bytes]]) -> list[dict[int, bytes]]:
        return [{i: b"".join(there) for i, band in enumerate(one, 1) if (there := expected[i, band])} for one in texts]

    for start in range(1, 1_000, 70):
        texts = [some_bands() for _ in range(70)]
        before = leaders_of(texts)
        leaders = [number.to_bytes(4) for number in range(start, start + 70)]
        request: Any = ([], [(b"band:1:", 60, columns_of(texts), 4 * 4, leaders, before)], b"", 60)
        assert bench.run(shards.run({0: [Call(JOIN, request)]})) == {0: [1]}
        for leader, bands in zip(leaders, texts, strict=True):
            for i, band in enumerate(bands, 1):
                expected[i, band] = [*expected[i, band], leader][:4]
        # who has read what stood before is too late
        assert bench.run(shards.run({0: [Call(JOIN, request)]})) == {0: [int(leaders_of(texts) == before)]}
    asked = [*(some_bands() for _ in range(50)), *([band] * 3 for _, band in list(expected)[:50])]
    banded = [((1, b"band:1:", 0, b"band:0:"), *columns_of(asked))]
    [(_, in_bands, _, _)] = bench.run(shards.run({0: [Call(LOOK, (60, [], banded, []))]}))[0]
    found = {(i, band): there for _, i, flat in in_bands for band, there in zip(flat[::2], flat[1::2], strict=True)}
    sought = {(i, band) for bands in asked for i, band in enumerate(bands, 1)}
    assert found == {place: b"".join(expected[place]) for place in sought if expected.get(place)}
    tables = [stored for key, stored in bench.dump().items() if b"band" in key]
    buckets = [(len(name), len(value)) for stored in tables for name, value in stored.items()]
    assert max(length for _, length in buckets) <= 512 + 70 * 8
    assert (max(level for level, _ in buckets) > 1) == (bytes_used > 2)


def test_bands_are_compared_with_what_was_read_only_where_others_may_have_written(bench: Bench) -> None:
    bench.empty()
    shards = Shards(bench.client, "alone:", 1)

    def is_written(last: bytes) -> bool:
        """Whether a leader gets a band that had none when it was read, and `last` was the last number."""
        banded: Any = [(b"band:1:", 60, [([b"a"], [b"bcd"])], 4 * 4, [b"0001"], [{}])]
        [(written,)] = bench.run(shards.run({0: [Call(JOIN, ([], banded, last, 60))]})).values()
        return bool(written)

    assert is_written(b"0"), "nobody has the band"
    assert not is_written(b"0"), "somebody has written since"
    assert is_written(b"1"), "nobody has: what was read stands"


def test_a_leader_is_found_by_its_bands_whatever_its_number(bench: Bench) -> None:
    """Bands have the low bits of it."""
    bench.empty()
    store = bench.store(shards=1)
    first, copy = texts_of([" ".join(SENTENCES[:3]), altered(" ".join(SENTENCES[:3]), random.Random(4))])
    recall(bench, store, texts_of([SENTENCES[3]]))
    [number] = [key for key in bench.dump() if key.endswith(b":leaders")]
    for last in (2**32 - 2, 2**32 - 1, 2 * 2**32 + 5):
        bench.run(bench.client.set(number, last))
        [early] = recall(bench, store, [first])
        [late] = recall(bench, store, [copy])
        assert early
        assert late
        assert late.campaign_id == early.campaign_id
        bench.run(bench.client.delete(*(key for key in bench.dump() if key != number)))
