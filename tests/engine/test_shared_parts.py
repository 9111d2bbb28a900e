"""Members who share a sentence among words of their own are no campaign; accounts that put an advertisement there are one.

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
MEMBERS = 6


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
