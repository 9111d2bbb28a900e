"""Members who share a sentence among words of their own are no campaign; accounts that put an advertisement there are one.

Many who share a long part of their texts are told of as slight: they may quote one source.

Situations are texts of `shared_parts.yaml`, four kinds in ten languages: six members, each with two sentences of its own, post
in threads of their own and write to strangers. Each has a control, the advertisement in its place.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.incidents import Incident
from rules.policy import load_policy
from tests.engine.world import START, engine_over, process, records
from tests.state.conftest import Bench

TEXTS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("shared_parts.yaml").read_text("utf-8"))
KINDS = ("call", "link", "project", "school")
SITUATIONS = [(language, kind) for language in TEXTS for kind in KINDS]
COPY_RULES = {"coordinated_campaign", "copied_message", "copied_post", "copied_comment"}
MEMBERS, MANY = 6, 9


def day_of(number: int, language: str, kind: str, shared: str) -> Iterator[dict[str, Any]]:
    """One situation, on a day of its own: what is shared stands before, between or behind two sentences of one's own."""
    name = f"{language}-{kind}"
    for n in range(MEMBERS):
        own = TEXTS[language]["own"]
        said = [own[n], own[MEMBERS + (n + KINDS.index(kind)) % MEMBERS]]
        said.insert(2 if kind == "school" else n % 3, shared)
        where: dict[str, Any] = {"type": "forum_post", "forum_id": "f", "thread_id": f"{name}/{n}"}
        if n % 2:
            where = {"type": "message", "recipient_ids": [f"{name}/stranger-{n}"]}
        when = START + timedelta(days=2 * number, minutes=20 * n)
        yield {
            **where,
            "event_id": f"{name}/{n}",
            "actor_id": f"{name}/{n}",
            "occurred_at": when.isoformat(),
            "text": ("\n" if shared == TEXTS[language]["school"] else " ").join(said),
        }


def accused(bench: Bench, *, spam: bool) -> dict[str, Incident]:
    """The incidents of copies, by situation."""
    engine = engine_over(bench.store(), load_policy())
    events = [
        event
        for number, (language, kind) in enumerate(SITUATIONS)
        # days apart: an advertisement must not be one campaign over all kinds
        for event in day_of(number, language, kind, TEXTS[language]["spam" if spam else kind])
    ]
    outcome = process(bench, engine, records(events), 50)
    assert not outcome.dead_letters
    return {one.subject_id.split("/")[0]: one for one in outcome.incidents if one.rule in COPY_RULES}


@pytest.fixture
def empty_bench(any_bench: Bench) -> Bench:
    any_bench.empty()
    return any_bench


def test_what_members_share_among_their_own_words_is_no_campaign(empty_bench: Bench) -> None:
    assert len(SITUATIONS) >= 40
    assert not accused(empty_bench, spam=False)


def test_an_advertisement_in_its_place_is_one(empty_bench: Bench) -> None:
    found = accused(empty_bench, spam=True)
    assert [f"{language}-{kind}" for language, kind in SITUATIONS if f"{language}-{kind}" not in found] == []


def shared_by(members: int, language: str, more: int = 1, **first: Any) -> list[dict[str, Any]]:
    """Members who each write sentences of their own beside a call and so many `more`, `first` the one who began."""
    part = " ".join([TEXTS[language]["call"], *TEXTS[language]["own"][:more]])
    others = [TEXTS[other]["own"] for other in TEXTS if other != language]
    own = [[others[(n + k) % len(others)][n] for k in range(4 + 2 * more)] for n in range(members)]
    return [
        {
            "type": "forum_post",
            "forum_id": "f",
            "thread_id": f"t{n}",
            "event_id": f"{n}",
            "actor_id": f"m{n}",
            "occurred_at": (START + timedelta(minutes=50 * n)).isoformat(),
            "text": " ".join([*own[n][: n % 3], part, *own[n][n % 3 :]]),
        }
        | (first if n == 0 else {})
        for n in range(members)
    ]


def told_of(bench: Bench, events: list[dict[str, Any]]) -> list[tuple[str, str, str, int, int]]:
    """Rule, severity, action, accounts and revision of each incident, as it was told."""
    outcome = process(bench, engine_over(bench.store(), load_policy()), records(events), 4)
    assert not outcome.dead_letters
    return [
        (one.rule, one.severity, one.recommended_action, one.accomplice_count + 1, one.revision)
        for one in outcome.incidents
    ]


def few(bench: Bench, language: str, more: int) -> int:
    """How many accounts a part takes that is the call and so many sentences `more`."""
    told = told_of(bench, shared_by(MANY, language, more))
    assert {one[:3] for one in told} == {("coordinated_campaign", "low", "review")}
    accounts = [one[3] for one in told]
    # whoever wrote it first is not among them
    assert accounts == sorted(accounts)
    assert accounts[-1] == MANY - 1
    return accounts[0]


@pytest.mark.parametrize("language", TEXTS)
def test_many_who_share_a_long_part_are_told_of_as_slight(any_bench: Bench, language: str) -> None:
    many = few(any_bench, language, 0)
    any_bench.empty()
    assert few(any_bench, language, 1) <= MEMBERS - 1 < many


def test_fewer_who_share_a_long_part_are_not_told_of(empty_bench: Bench) -> None:
    assert not told_of(empty_bench, shared_by(4, "en", more=1))


def test_whom_a_part_accuses_and_what_it_says(empty_bench: Bench) -> None:
    outcome = process(
        empty_bench, engine_over(empty_bench.store(), load_policy()), records(shared_by(MANY, "en", more=0)), 50
    )
    (incident,) = outcome.incidents
    assert (incident.subject_id, incident.accomplice_ids) == ("m1", tuple(f"m{n}" for n in range(2, MANY)))
    assert incident.summary == (
        "8 accounts wrote texts that have one long part in common with what somebody had written before, within 24 hours, in "
        "8 threads or pages. Besides politeness these parts have 456 letters in all; the limit is 400. What stands around "
        "them differs. They may quote one source, or spread a text among other words."
    )
    # no verdict on it says anything of the whole texts
    assert incident.evidence.campaign_id is None


def test_a_part_of_an_announcement_may_be_passed_on(empty_bench: Bench) -> None:
    assert not told_of(empty_bench, shared_by(MANY, "en", actor_roles=["ambassador"]))


@pytest.mark.parametrize(
    "place",
    [
        {"thread_id": "one"},
        {"type": "comment", "owner_id": "anna"},
        {"type": "message", "recipient_ids": ["anna"], "known_recipient_ids": ["anna"]},
        {"type": "message", "recipient_ids": ["anna"]},
    ],
    ids=str,
)
def test_a_part_in_one_place_or_among_acquaintances_is_nobodys_matter(empty_bench: Bench, place: Any) -> None:
    assert not told_of(empty_bench, [event | place for event in shared_by(MANY, "en")])


def test_a_part_in_quotation_marks_is_a_quotation(empty_bench: Bench) -> None:
    call = TEXTS["en"]["call"]
    events = shared_by(MANY, "en")
    quoting = [event | {"text": event["text"].replace(call, f"\u201c{call}\u201d")} for event in events]
    assert not told_of(empty_bench, quoting)


def test_who_writes_one_part_to_many_in_other_words_copies_nothing(empty_bench: Bench) -> None:
    events = shared_by(MANY, "en")
    one = [
        event | {"type": "message", "recipient_ids": [f"s{n}"], "actor_id": f"m{min(n, 1)}"}
        for n, event in enumerate(events)
    ]
    assert not told_of(empty_bench, one)
