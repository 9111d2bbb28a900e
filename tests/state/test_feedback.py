"""What people said, as the store keeps it: the latest word on each incident, texts that were upheld, reporters' records."""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from state.limits import FeedbackLimits
from state.requests import (
    Campaign,
    EpisodeUpdate,
    EventName,
    Filing,
    ModeratorVerdict,
    Record,
    Remembered,
    Revision,
    Sample,
    Silenced,
    Text,
)
from state.scripts import unpack
from state.store import Store
from tests.state.conftest import Bench
from tests.state.test_campaigns import doubtful_pair, streams
from tests.state.test_campaigns_drift import essay
from tests.state.test_episodes import TERMS, claim
from text.reading import read_texts

HOUR = 3_600_000_000
DAY = 24 * HOUR
SPAM = (
    "Earn a second salary from home with our certified learning platform, write to me and I send you the details today, "
    "places are few and the offer ends on Friday"
)
NEARLY = SPAM.replace("today", "tomorrow") + "!"
ELSE = (
    "Our class is looking for partners in a project about the birds of our harbours and of the lakes behind the dunes"
)


def moderator_verdict(incident_id: str, time: int, *, upheld: bool = True, **fields: Any) -> ModeratorVerdict:
    given_: dict[str, Any] = {
        "incident_id": incident_id,
        "subject": "somebody",
        "time": time,
        "identity": f"verdict of {time}",
        "upheld": upheld,
        "rule": "a rule",
        "article": 2,
        "happened": time - HOUR,
        "weight": 2,
        "level": 1.0,
        "reported": False,
        "sample": None,
    }
    return ModeratorVerdict(**given_ | fields)


def told(bench: Bench, store: Store, *claims: EpisodeUpdate) -> list[tuple[str, int, int, int] | str | None]:
    """Incident, revision, number and weight of prior incidents."""
    return [
        (answer.incident_id, answer.revision, answer.prior, answer.strikes)
        if isinstance(answer, Revision)
        else "silenced"
        if answer
        else None
        for answer in bench.run(store.settle(claims))
    ]


def learn(bench: Bench, store: Store, *moderator_verdicts: ModeratorVerdict) -> None:
    bench.run(store.learn(moderator_verdicts))


def later(event: str, time: int, **fields: Any) -> EpisodeUpdate:
    """A finding of an episode of its own."""
    return claim(event, time, key=("episode", "a rule", "somebody", event), **fields)


# --- incidents that are remembered --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 4])
def test_an_incident_is_found_by_its_id(bench: Bench, shards: int) -> None:
    store = bench.store(shards=shards)
    claims = [later(f"e{n}", n, subject=f"member {n}", feedback=replace(TERMS, memo=b"memo %d" % n)) for n in range(9)]
    bench.run(store.settle(claims))
    names = [one.incident_id for one in claims]
    assert bench.run(store.find([*names, "another", "", "x" * 128, "{s0}:é\x00"])).incidents == [
        *(Remembered(f"member {n}", b"memo %d" % n) for n in range(9)),
        *(None, None, None, None),
    ]


def test_the_memo_is_that_of_the_latest_revision_and_the_subject_that_of_the_first(bench: Bench) -> None:
    store = bench.store()
    first = claim("e1", 1, level=1.0)
    second = claim("e2", 2, level=2.0, subject="another", feedback=replace(TERMS, memo=b"graver"))
    third = claim("e3", 3, level=2.1, feedback=replace(TERMS, memo=b"nothing new"))
    bench.run(store.settle([first, second, third]))
    assert bench.run(store.find([first.incident_id])).incidents == [Remembered("somebody", b"graver")]


def test_it_is_remembered_as_long_as_it_is_asked_to_be(bench: Bench) -> None:
    store = bench.store(grace=1_000)
    bench.run(store.settle([claim("e1", feedback=replace(TERMS, kept=50_000_000))]))
    (key,) = (key for key in bench.dump() if b":incident:" in key)
    assert 1_000 < bench.run(bench.client.ttl(key)) <= 1_050


# --- the latest word ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 4])
def test_upheld_incidents_are_a_record_from_the_verdict_on_and_for_some_time(bench: Bench, shards: int) -> None:
    store = bench.store(shards=shards)
    learn(
        bench,
        store,
        moderator_verdict("i1", 10 * DAY, happened=5 * DAY),
        moderator_verdict("i2", 20 * DAY, happened=15 * DAY, weight=8),
    )
    period = replace(TERMS, record=100 * DAY)
    claims = {
        "before": 10 * DAY,
        "after one": 10 * DAY + 1,
        "after both": 21 * DAY,
        "in time": 105 * DAY,
        "too late for one": 105 * DAY + 1,
        "too late for both": 115 * DAY + 1,
    }
    assert [
        one[2:] if isinstance(one, tuple) else one
        for one in told(bench, store, *(later(name, time, feedback=period) for name, time in claims.items()))
    ] == [(0, 0), (1, 2), (2, 10), (2, 10), (1, 8), (0, 0)]


def test_an_incident_is_no_prior_one_of_itself(bench: Bench) -> None:
    store = bench.store()
    assert told(bench, store, claim("e1", 1)) == [("incident of e1", 1, 0, 0)]
    learn(bench, store, moderator_verdict("incident of e1", 2), moderator_verdict("another", 2))
    assert told(bench, store, claim("e2", 3, level=2.0)) == [("incident of e1", 2, 1, 2)]


def test_who_else_was_judged_does_not_matter(bench: Bench) -> None:
    store = bench.store()
    learn(
        bench,
        store,
        moderator_verdict("i1", 1, subject="another"),
        moderator_verdict("i2", 1, upheld=False, subject="another"),
    )
    assert told(bench, store, claim("e1", 2)) == [("incident of e1", 1, 0, 0)]


VERDICTS = st.lists(
    st.tuples(st.sampled_from(["i1", "i2"]), st.integers(1, 4), st.booleans(), st.sampled_from("abc")), max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verdicts=VERDICTS, seed=st.integers(0, 1_000))
def test_the_latest_word_counts_in_whatever_order_and_however_often_it_comes(
    bench: Bench, verdicts: list[tuple[str, int, bool, str]], seed: int
) -> None:
    # an event id comes with one content only
    unique = {(incident, time, name): upheld for incident, time, upheld, name in verdicts}
    some = [
        moderator_verdict(incident, time, upheld=upheld, identity=f"{incident} {time} {name}", rule=incident)
        for (incident, time, name), upheld in unique.items()
    ]

    def state(moderator_verdicts: list[ModeratorVerdict]) -> list[tuple[str, int, int, int] | str | None]:
        bench.empty()
        store = bench.store()
        if moderator_verdicts:
            learn(bench, store, *moderator_verdicts)
        ask = [later(f"e {rule}", 5, feedback=replace(TERMS, rule=rule)) for rule in ("i1", "i2", "i3")]
        return told(bench, store, *ask)

    expected = state(some)
    chance = random.Random(seed)
    again = some + chance.choices(some, k=5) if some else []
    chance.shuffle(again)
    assert state(again) == expected


def test_of_two_words_of_one_moment_one_counts_whichever_comes_first(bench: Bench) -> None:
    yes, no = moderator_verdict("i1", 1, identity="yes"), moderator_verdict("i1", 1, identity="no", upheld=False)
    answers = []
    for order in ([yes, no], [no, yes]):
        bench.empty()
        store = bench.store()
        for one in order:
            learn(bench, store, one)
        answers.append(told(bench, store, claim("e1", 2)))
    assert answers[0] == answers[1]


def test_a_member_with_very_many_verdicts_is_bounded(any_bench: Bench) -> None:
    store = any_bench.store(feedback=FeedbackLimits(verdicts_per_member=10))
    learn(any_bench, store, *(moderator_verdict(f"i{n}", n + 1) for n in range(25)))
    assert told(any_bench, store, claim("e1", 100)) == [("incident of e1", 1, 10, 20)]


# --- silence --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 4])
def test_a_dismissal_silences_the_same_rule_for_some_time_and_nothing_graver(bench: Bench, shards: int) -> None:
    store = bench.store(shards=shards)
    learn(bench, store, moderator_verdict("i1", 10, upheld=False, level=1.5))
    terms = replace(TERMS, silence=100, graver=2.0)
    cases = {
        "before": (10, 1.5, terms),
        "after": (11, 1.5, terms),
        "at its end": (110, 2.99, terms),
        "after its end": (111, 1.5, terms),
        "graver": (50, 3.0, terms),
        "another rule": (50, 1.5, replace(terms, rule="another")),
        "a rule that is never silent": (50, 1.5, replace(terms, silence=0)),
    }
    answers = told(bench, store, *(later(n, t, level=level, feedback=f) for n, (t, level, f) in cases.items()))
    assert [name for name, answer in zip(cases, answers, strict=True) if answer == "silenced"] == [
        "after",
        "at its end",
    ]
    assert None not in answers


def test_the_latest_word_on_a_subject_under_a_rule_decides(bench: Bench) -> None:
    store = bench.store()
    learn(
        bench,
        store,
        moderator_verdict("i1", 10, upheld=False),
        moderator_verdict("i2", 20),
        moderator_verdict("i3", 30, upheld=False),
    )
    answers = told(bench, store, *(later(f"at {time}", time) for time in (15, 25, 35)))
    assert ["silenced" if answer == "silenced" else "told" for answer in answers] == ["silenced", "told", "silenced"]


def test_what_is_silenced_neither_opens_an_episode_nor_makes_one_grow(bench: Bench) -> None:
    store = bench.store()
    told(bench, store, claim("e1", 1))
    learn(bench, store, moderator_verdict("incident of e1", 2, upheld=False))
    assert told(bench, store, claim("e2", 3, level=1.9), claim("e3", 4, level=2.0)) == [
        "silenced",
        ("incident of e1", 2, 0, 0),
    ]


def test_what_was_told_is_told_again_and_what_was_silenced_stays_silent(bench: Bench) -> None:
    store = bench.store()
    first = told(bench, store, claim("e1", 1))
    learn(bench, store, moderator_verdict("incident of e1", 2, upheld=False))
    silent = later("e2", 3)
    assert told(bench, store, claim("e1", 1), silent) == [*first, "silenced"]
    learn(
        bench,
        store,
        moderator_verdict("incident of e1", 2, identity="a later thought"),
        moderator_verdict("incident of e1", 3),
    )
    assert told(bench, store, claim("e1", 1), silent) == [*first, "silenced"]
    assert bench.run(store.recall([], [], [EventName(1, one, one) for one in ("e1", "e2")])).told == [
        [one for one in bench.run(store.settle([claim("e1", 1)])) if isinstance(one, Revision)],
        [],
    ]
    assert bench.run(store.settle([silent])) == [Silenced()]


# --- texts that were upheld -----------------------------------------------------------------------------------------------


def text(words: str, time: int, identity: str, author: str = "an author") -> Text:
    (reading,) = read_texts([words])
    assert reading.digest
    return Text(time, identity, author, reading.digest, reading.signature or b"", reading.words)


def sample(of: Text, campaign: Campaign | None) -> Sample:
    assert campaign
    return Sample(campaign.campaign_id, of.digest, of.signature)


def campaigns(bench: Bench, store: Store, *texts: Text) -> list[Campaign | None]:
    recalled = bench.run(store.recall([], texts, []))
    bench.run(store.settle([], recalled.decisions))
    return recalled.campaigns


def known(bench: Bench, store: Store, *texts: Text) -> list[bool]:
    return [bool(campaign and campaign.upheld) for campaign in campaigns(bench, store, *texts)]


@pytest.mark.parametrize("shards", [1, 3])
def test_copies_of_an_upheld_text_are_known_long_after_its_campaign_is_forgotten(bench: Bench, shards: int) -> None:
    store = bench.store(shards=shards)
    first = text(SPAM, 1, "e1")
    assert known(bench, store, first) == [False]
    learn(bench, store, moderator_verdict("i1", DAY, sample=sample(first, campaigns(bench, store, first)[0])))
    cases = {
        "the verdict's own moment": (SPAM, DAY, False),
        "at once": (SPAM, DAY + 1, True),
        "nearly the same, weeks later": (NEARLY, 60 * DAY, True),
        "another text": (ELSE, 60 * DAY, False),
        "just in time": (SPAM, 91 * DAY, True),
        "too late": (SPAM, 91 * DAY + 1, False),
        "much too late": (SPAM, 300 * DAY, False),
    }
    for name, (words, time, expected) in cases.items():
        assert known(bench, store, text(words, time, name, name)) == [expected], name
    # the same again gives the same again
    assert known(bench, store, text(SPAM, DAY + 1, "at once", "at once"), first) == [True, False]


def test_a_dismissal_ends_it_whenever_it_is_read(bench: Bench) -> None:
    store = bench.store()
    first = text(SPAM, 1, "e1")
    of = sample(first, campaigns(bench, store, first)[0])
    upheld = moderator_verdict("i1", DAY, sample=of)
    learn(bench, store, upheld)
    learn(bench, store, moderator_verdict("i1", 2 * DAY, upheld=False, sample=of))
    learn(bench, store, upheld)  # again
    assert known(bench, store, text(SPAM, 3 * DAY, "e2")) == [False]
    # another incident with the same text is another matter
    learn(bench, store, moderator_verdict("i2", 4 * DAY, sample=of))
    assert known(bench, store, text(SPAM, 5 * DAY, "e3")) == [True]
    learn(bench, store, moderator_verdict("i1", 6 * DAY, upheld=False, identity="x", sample=of))
    assert known(bench, store, text(SPAM, 7 * DAY, "e4")) == [True]


@pytest.mark.parametrize("together", [True, False])
def test_to_whom_the_words_are_it_is_not_known_as_upheld(bench: Bench, together: bool) -> None:
    store = bench.store()
    first = text(SPAM, 1, "e1", "ann")
    of = replace(sample(first, campaigns(bench, store, first)[0]), origin="ann")
    learn(bench, store, moderator_verdict("i1", DAY, sample=of))
    # while the campaign lives and after it, the very words and others alike
    later_ = [
        text(words, time, f"{author} {time}", author)
        for time, words in ((DAY + 1, SPAM), (DAY + 2, NEARLY), (60 * DAY, SPAM), (61 * DAY, NEARLY))
        for author in ("ann", "bob")
    ]
    answers = known(bench, store, *later_) if together else [known(bench, store, one)[0] for one in later_]
    assert answers == [False, True] * 4
    # another incident in which the member is not the one who was copied
    learn(bench, store, moderator_verdict("i2", 62 * DAY, sample=replace(of, origin="eve")))
    assert known(bench, store, text(SPAM, 63 * DAY, "e2", "ann")) == [True]


def test_an_incident_remembers_who_was_copied_in_its_latest_revision(bench: Bench) -> None:
    store = bench.store()
    first = claim("e1", 1, level=1.0, feedback=replace(TERMS, origin="ann"))
    bench.run(store.settle([first]))
    assert bench.run(store.find([first.incident_id])).incidents == [Remembered("somebody", TERMS.memo, "ann")]
    bench.run(store.settle([claim("e2", 2, level=2.0)]))
    assert bench.run(store.find([first.incident_id])).incidents == [Remembered("somebody", TERMS.memo)]


def _drifted(steps: int) -> list[str]:
    """Texts each of which is a near copy of the one before, while the last has little in common with the first."""
    words = [
        f"{a}{b}" for a in ("ba", "ke", "lo", "mu", "si", "ta", "ve", "zo") for b in ("ran", "nemer", "vost", "tin")
    ]
    text_ = words[:24]
    drifting = []
    for step in range(steps):
        drifting.append(" ".join(text_))
        for position in range(3):
            text_[(3 * step + position) % len(text_)] = f"another{step}{position}"
    return drifting


def test_what_has_drifted_is_known_by_its_campaign(bench: Bench) -> None:
    store = bench.store()
    drifting = _drifted(9)
    texts = [text(words, HOUR * n, f"e{n}", f"author {n}") for n, words in enumerate(drifting)]
    found = campaigns(bench, store, *texts)
    assert len({campaign.campaign_id for campaign in found if campaign}) == 1, "the campaign is one"
    learn(bench, store, moderator_verdict("i1", DAY, sample=sample(texts[0], found[0])))
    assert known(bench, store, replace(texts[-1], time=DAY + 1, identity="e99")) == [True]
    # by itself, when the campaign is forgotten, it has nothing to do with what was upheld
    assert known(bench, store, replace(texts[-1], time=30 * DAY, identity="e100")) == [False]
    # but it has where a new campaign began with a copy of what was upheld
    again = [replace(one, time=40 * DAY + one.time, identity=f"again {one.identity}") for one in texts]
    assert known(bench, store, *again) == [True] * len(texts)


def _upheld(bench: Bench, store: Store, *texts: Text) -> None:
    """Each as if its campaign had been forgotten."""
    campaign = Campaign(str(UUID(int=1)), 1.0)
    verdicts = [moderator_verdict(f"i of {one.identity}", DAY, sample=sample(one, campaign)) for one in texts]
    learn(bench, store, *verdicts)


def _essays(count: int) -> list[Text]:
    return [text(" ".join(essay(seed, 60)), 1, f"e{seed}") for seed in range(count)]


def _copies(texts: list[Text], day: int) -> list[Text]:
    """By far so much later that no campaign of the earlier ones is known any more."""
    return [replace(one, time=day * 10 * DAY, identity=f"{one.identity} again on {day}") for one in texts]


def test_each_worker_knows_at_once_what_another_has_learnt(bench: Bench) -> None:
    bench.empty()
    store, another = bench.store(), bench.store()
    texts = _essays(4)
    for at, one in enumerate(texts):
        assert known(bench, another, *_copies(texts, 1 + at)) == [n < at for n in range(4)]
        _upheld(bench, store, one)
    assert known(bench, another, *_copies(texts, 5)) == [True] * 4


@pytest.mark.parametrize("looks", [True, False])
def test_a_worker_knows_nothing_that_the_store_has_lost(bench: Bench, looks: bool) -> None:
    bench.empty()
    store, another = bench.store(), bench.store()
    first, second, third = texts = _essays(3)
    _upheld(bench, store, first)
    [key] = [key for key in bench.dump() if b":known:" in key]
    kept = bench.run(bench.client.dump(key)) or b""
    _upheld(bench, store, second)
    assert known(bench, another, *_copies(texts, 1)) == [True, True, False]
    # a replica takes over that had not got the latest yet
    bench.run(bench.client.restore(key, 100_000, kept, replace=True))
    if looks:
        assert known(bench, another, *_copies(texts, 2)) == [True, False, False]
    _upheld(bench, store, third)
    assert known(bench, another, *_copies(texts, 3)) == [True, False, True]
    bench.empty()
    assert known(bench, another, *_copies(texts, 4)) == [False] * 3


def test_of_what_workers_learn_at_once_nothing_is_lost(bench: Bench) -> None:
    bench.empty()
    texts = _essays(8)
    campaign = Campaign(str(UUID(int=1)), 1.0)
    verdicts = [moderator_verdict(f"i{n}", DAY, sample=sample(one, campaign)) for n, one in enumerate(texts)]

    async def at_once() -> None:
        await asyncio.gather(*(bench.store().learn([one]) for one in verdicts))

    bench.run(at_once())
    assert known(bench, bench.store(), *_copies(texts, 1)) == [True] * 8
    [kept] = [unpack(value) for key, value in bench.dump().items() if key.endswith(UUID(int=1).bytes)]
    assert len(kept) == 8


def test_a_text_that_is_one_too_many_of_its_authors_is_told_from_what_was_upheld_and_not_kept(bench: Bench) -> None:
    bench.empty()
    store = bench.store(texts_per_author=2)
    first = text(SPAM, 1, "e1")
    _upheld(bench, store, first)
    later_ = [replace(first, time=2 * DAY + n, identity=f"later {n}", author="ann") for n in range(4)]
    assert known(bench, store, *later_) == [True] * 4
    [seen] = [value for key, value in bench.dump().items() if b":seen:" in key]
    assert {value[22:] for value in seen.values()} == {b"1"}
    assert len(seen) == 2


def test_upheld_texts_of_a_stretch_are_bounded_and_end(any_bench: Bench) -> None:
    store = any_bench.store(grace=1_000, feedback=FeedbackLimits(texts=100))
    first = text(SPAM, 1, "e1")
    learn(any_bench, store, moderator_verdict("i1", 1, sample=sample(first, campaigns(any_bench, store, first)[0])))
    kept = [key for key in any_bench.dump() if any(kind in key for kind in (b":known:", b":verdict:", b":upheld:"))]
    assert len(kept) == 3
    for key in kept:
        assert 1_150 < any_bench.run(any_bench.client.ttl(key)) <= 1_200


@pytest.mark.parametrize("together", [True, False])
def test_a_campaign_that_was_merged_into_an_upheld_one_is_known_from_then_on(bench: Bench, together: bool) -> None:
    """Whether what merges them is read in one batch with the copy or before it."""
    bench.empty()
    store = bench.store()
    left, right = (" ".join(essay(seed, 60)) for seed in (5, 6))
    first, second = text(left, 1, "e1", "ann"), text(right, 2, "e2", "ben")
    found = campaigns(bench, store, first, second)
    learn(bench, store, moderator_verdict("i1", HOUR, sample=sample(first, found[0])))
    copy = f"{right} indeed"
    assert known(bench, store, text(copy, HOUR + 1, "e3", "cem")) == [False]
    later = [text(f"{left} {right}", HOUR + 2, "e4", "dan"), text(copy, HOUR + 3, "e5", "eva")]
    batches = [later] if together else [[one] for one in later]
    assert [answer for batch in batches for answer in known(bench, store, *batch)] == [True, True]


@pytest.mark.parametrize("together", [True, False])
def test_to_whom_the_words_are_a_merged_campaign_is_not_known_either(bench: Bench, together: bool) -> None:
    store = bench.store()
    left, right = (" ".join(essay(seed, 60)) for seed in (5, 6))
    first = text(left, 1, "e1", "ann")
    found = campaigns(bench, store, first, text(right, 2, "e2", "ben"))
    learn(bench, store, moderator_verdict("i1", HOUR, sample=replace(sample(first, found[0]), origin="ann")))
    merging = text(f"{left} {right}", HOUR + 2, "e3", "ann")
    later = [merging, *(text(f"{right} indeed", HOUR + 3, f"by {author}", author) for author in ("ann", "eva"))]
    batches = [later] if together else [[one] for one in later]
    assert [answer for batch in batches for answer in known(bench, store, *batch)] == [False, False, True]


@pytest.mark.parametrize("together", [True, False])
def test_a_campaign_that_took_in_an_upheld_one_is_known_from_then_on(bench: Bench, together: bool) -> None:
    bench.empty()
    store = bench.store()
    # so much longer is the one that both together are no near copy of the other, which is upheld
    left, right = (" ".join(essay(seed, words)) for seed, words in ((5, 80), (33, 50)))
    first, second = text(left, 1, "e1", "ann"), text(right, 2, "e2", "ben")
    found = campaigns(bench, store, first, second)
    learn(bench, store, moderator_verdict("i1", HOUR, sample=sample(second, found[1])))
    copy = f"{left} indeed"
    assert known(bench, store, text(copy, HOUR + 1, "e3", "cem")) == [False]
    later = [text(f"{left} {right}", HOUR + 2, "e4", "dan"), text(copy, HOUR + 3, "e5", "eva")]
    batches = [later] if together else [[one] for one in later]
    assert [answer for batch in batches for answer in known(bench, store, *batch)] == [True, True]


@pytest.mark.parametrize("together", [True, False])
def test_a_campaign_that_a_near_copy_of_an_upheld_text_joins_is_known_from_then_on(
    bench: Bench, together: bool
) -> None:
    """Also where that campaign is being merged with another in the same batch."""
    bench.empty()
    store = bench.store()
    upheld, left, right = (" ".join(essay(seed, words)) for seed, words in ((4, 60), (5, 45), (6, 45)))
    first = text(upheld, 1, "e1", "ann")
    learn(bench, store, moderator_verdict("i1", HOUR, sample=sample(first, campaigns(bench, store, first)[0])))
    # the campaign of the upheld text is forgotten
    start = 30 * DAY
    assert known(bench, store, text(left, start, "e2", "ben"), text(right, start + 1, "e3", "cem")) == [False, False]
    copy = f"{right} indeed"
    assert known(bench, store, text(copy, start + 2, "e4", "dan")) == [False]
    written = [f"{left} {right}", f"{upheld} {left}", copy]
    later = [text(words, start + 3 + n, f"l{n}", f"author {n}") for n, words in enumerate(written)]
    batches = [later] if together else [[one] for one in later]
    assert [answer for batch in batches for answer in known(bench, store, *batch)] == [False, True, True]


MOTTO = "Our school has grown by the lake for ninety years and asks each day what the water teaches those who live beside it"


@pytest.mark.parametrize("upheld", [True, False])
@pytest.mark.parametrize("words", [24, 14])
def test_that_a_text_stands_beside_others_is_told_again_with_whether_it_repeats_what_was_upheld(
    bench: Bench, upheld: bool, words: int
) -> None:
    """Whether signatures alone say that it is a copy, or its words do."""
    bench.empty()
    store = bench.store()
    first, second, third = (
        text(f"{' '.join(essay(seed, words))}\n{MOTTO}", HOUR * seed, f"e{seed}", f"author {seed}")
        for seed in (1, 4, 5)
    )
    (found,) = campaigns(bench, store, first)
    learn(bench, store, moderator_verdict("i1", 2 * HOUR, upheld=upheld, sample=sample(first, found)))

    def told(*texts: Text) -> list[tuple[str, bool, bool]]:
        return [(one.campaign_id, one.upheld, one.framed) for one in campaigns(bench, store, *texts) if one]

    assert found
    once = told(second)
    assert once == [(found.campaign_id, upheld, True)]
    learn(bench, store, moderator_verdict("i1", 9 * HOUR, upheld=not upheld, sample=sample(first, found)))
    assert told(second, third) == [*once, (found.campaign_id, False, True)]
    assert told(second, third) == [*once, (found.campaign_id, False, True)]


def test_a_copy_that_only_its_words_tell_is_known_and_so_are_its_copies(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bench.store()
    one, other = doubtful_pair()
    found = campaigns(bench, store, one)
    learn(bench, store, moderator_verdict("i1", one.time + HOUR, sample=sample(one, found[0])))
    later = replace(other, time=one.time + 2 * HOUR)
    again = [replace(later, identity=f"again {n}", author=f"author {n}", time=later.time + n) for n in (1, 2)]
    assert known(bench, store, later, again[0]) == [True, True]
    assert known(bench, store, again[1], later) == [True, True]
    # when its campaign is forgotten it is no copy by itself
    assert known(bench, store, replace(later, identity="x", time=one.time + 30 * DAY)) == [False]
    bench.empty()
    monkeypatch.setattr("state.campaigns.are_copies", lambda *_: False)
    campaigns(bench, store, one)
    learn(bench, store, moderator_verdict("i1", one.time + HOUR, sample=sample(one, found[0])))
    assert known(bench, store, later) == [False]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=streams(), upheld=st.lists(st.integers(0, 39), min_size=1, max_size=3), size=st.integers(1, 39))
def test_what_is_known_depends_neither_on_batches_nor_on_what_comes_again(
    bench: Bench, texts: list[Text], upheld: list[int], size: int
) -> None:
    verdicts_after = {place % len(texts) for place in upheld}

    def answers(size: int, *, again: bool) -> list[Campaign | None]:
        bench.empty()
        store = bench.store()
        found: list[Campaign | None] = []
        for place in sorted(verdicts_after | {len(texts) - 1}):
            while len(found) <= place:
                batch = texts[len(found) : min(len(found) + size, place + 1)]
                if again:
                    bench.run(store.recall([], batch, []))  # and its worker crashed
                    campaigns(bench, store, *texts[: len(found)][-3:])
                found += settled(campaigns(bench, store, *batch))
            if place in verdicts_after:
                of = sample(texts[place], found[place])
                learn(bench, store, moderator_verdict(f"incident {place}", texts[place].time, sample=of))
        assert settled(campaigns(bench, store, *texts)) == found
        return found

    def settled(campaigns: list[Campaign | None]) -> list[Campaign | None]:
        """Without what became part of them just then."""
        return [campaign and replace(campaign, holding=(), shares=None) for campaign in campaigns]

    expected = answers(len(texts), again=False)
    assert answers(size, again=False) == expected
    assert answers(size, again=True) == expected


def test_a_campaign_id_is_a_uuid(any_bench: Bench) -> None:
    """What is kept of an upheld text's campaign must be what `state.campaign_tables` keeps."""
    store = any_bench.store()
    (campaign,) = campaigns(any_bench, store, text(SPAM, 1, "e1"))
    assert campaign
    assert str(UUID(campaign.campaign_id)) == campaign.campaign_id


# --- reporters' records ---------------------------------------------------------------------------------------------------


def filing(reporter: str, reported: str, time: int, article: int | None = 2) -> Filing:
    return Filing(time, reporter, reported, article)


def records(bench: Bench, store: Store, *filings: Filing) -> list[Record]:
    return bench.run(store.recall([], [], [], filings)).records


@pytest.mark.parametrize("shards", [1, 4])
def test_a_report_is_to_the_credit_or_debit_of_who_made_it(bench: Bench, shards: int) -> None:
    store = bench.store(shards=shards)
    assert (
        records(bench, store, filing("ann", "mallory", 1), filing("bob", "trudy", 1), filing("cem", "mallory", 1))
        == [Record(0, 0)] * 3
    )
    learn(
        bench,
        store,
        moderator_verdict("i1", DAY, subject="mallory", happened=HOUR),
        moderator_verdict("i2", DAY, subject="trudy", happened=HOUR, upheld=False),
    )
    assert records(bench, store, *(filing(name, "peggy", DAY + 1) for name in ("ann", "bob", "cem", "dag"))) == [
        Record(1, 0),
        Record(0, 1),
        Record(1, 0),
        Record(0, 0),
    ]


def test_which_reports_an_incident_was_about(bench: Bench) -> None:
    limits = FeedbackLimits(near=3_600, records=30 * 86_400)
    cases: dict[str, tuple[Filing, dict[str, Any], Record]] = {
        "of the article that was named": (filing("r", "m", 10 * DAY, 2), {}, Record(1, 0)),
        "of another article": (filing("r", "m", 10 * DAY, 3), {}, Record(0, 0)),
        "no article named": (filing("r", "m", 10 * DAY, None), {}, Record(0, 0)),
        "another article, but it was reported": (filing("r", "m", 10 * DAY, 3), {"reported": True}, Record(1, 0)),
        "an hour before": (filing("r", "m", 10 * DAY - HOUR), {}, Record(1, 0)),
        "an hour after": (filing("r", "m", 10 * DAY + HOUR), {}, Record(1, 0)),
        "long before": (filing("r", "m", 10 * DAY - HOUR - 1), {}, Record(0, 0)),
        "long after": (filing("r", "m", 10 * DAY + HOUR + 1), {}, Record(0, 0)),
        "about somebody else": (filing("r", "n", 10 * DAY), {}, Record(0, 0)),
        "judged later": (filing("r", "m", 10 * DAY), {"time": 20 * DAY}, Record(0, 0)),
    }
    usual: dict[str, Any] = {"time": 11 * DAY, "subject": "m", "happened": 10 * DAY}
    for name, (report, fields, expected) in cases.items():
        bench.empty()
        store = bench.store(feedback=limits)
        records(bench, store, report)
        learn(bench, store, moderator_verdict("i1", **usual | fields))
        assert records(bench, store, filing("r", "x", 20 * DAY)) == [expected], name


def test_an_incident_counts_once_for_a_reporter(bench: Bench) -> None:
    store = bench.store()
    records(bench, store, *(filing("ann", "mallory", n * DAY) for n in range(12)))
    learn(bench, store, moderator_verdict("i1", 13 * DAY, subject="mallory", happened=6 * DAY))
    assert records(bench, store, filing("ann", "trudy", 14 * DAY)) == [Record(1, 0)]


def test_a_record_reaches_back_as_far_as_it_is_said_to(bench: Bench) -> None:
    store = bench.store(feedback=FeedbackLimits(records=100 * 86_400))
    records(bench, store, filing("ann", "mallory", DAY))
    learn(bench, store, moderator_verdict("i1", 2 * DAY, subject="mallory", happened=DAY))
    later_ = [filing("ann", "x", 101 * DAY), filing("ann", "x", 101 * DAY + 1)]
    assert records(bench, store, *later_) == [Record(1, 0), Record(0, 0)]


def test_a_report_that_comes_again_is_no_second_one(bench: Bench) -> None:
    store = bench.store()
    report = filing("ann", "mallory", DAY)
    records(bench, store, report)
    before = bench.dump()
    assert records(bench, store, report) == [Record(0, 0)]
    assert bench.dump() == before


def test_who_reports_very_many_is_bounded(any_bench: Bench) -> None:
    store = any_bench.store(feedback=FeedbackLimits(reports_per_member=10))
    records(any_bench, store, *(filing("ann", f"member {n}", n * DAY) for n in range(30)))
    learn(
        any_bench,
        store,
        *(moderator_verdict(f"i{n}", 31 * DAY, subject=f"member {n}", happened=n * DAY) for n in range(30)),
    )
    assert records(any_bench, store, filing("ann", "x", 32 * DAY)) == [Record(10, 0)]
