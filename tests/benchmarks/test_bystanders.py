"""Who is only near a campaign is accused of nothing, and the benchmark that counts it would see it."""

import asyncio
import random

import pytest

from benchmarks import bystanders
from benchmarks.bystanders import AUTHOR, GOT, ROLES, SAW, altered, results, with_bystanders


def test_each_campaign_has_a_bystander_of_each_role() -> None:
    name, [campaign] = next(altered(None, 1))
    events, roles = with_bystanders(campaign, random.Random(name))
    assert set(roles.values()) == set(ROLES) == {AUTHOR, *GOT, *SAW}
    spreaders = {actor for _, actor, _ in campaign.copies}
    assert {event["actor_id"] for event in events} - spreaders <= set(roles)
    assert len(roles) > len(spreaders)


@pytest.mark.parametrize("spreads", [False, True])
def test_a_bystander_who_spreads_it_would_be_seen(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, spreads: bool
) -> None:
    if spreads:
        many = [f"stranger {n}" for n in range(9)]
        monkeypatch.setitem(
            bystanders.GOT, "does nothing", lambda me, copy, words: [bystanders.message(many, copy.text)]
        )
    name, campaigns = next(altered(None, 1))
    result = asyncio.run(results(campaigns, redis_url, f"{name} {spreads}"))
    assert result.found == result.found_alone == {one.name for one in campaigns}
    assert {result.roles[one] for one in result.accused} == ({"does nothing"} if spreads else set())
