"""Attacks on memory and time: what they add is bounded, and everybody else is judged as in peace.

Caps are small here; `benchmarks/resource_attacks.py` has the caps of production and more events.
"""

from typing import Any

import pytest

from benchmarks.resource_attacks import ATTACKER, ATTACKS, Attack, Measured, attacked, collide, fifty_links, run
from engine.engine import Engine
from rules.policy import load_policy
from tests.engine.world import NOW, World, engine_over, process, records
from tests.state.conftest import Bench

CAPS: dict[str, Any] = {
    "texts_per_author": 20,
    "bytes_per_actor": 15_000,
    "entries_per_history": 30,
    "ties_per_member": 30,
    "members_per_episode": 30,
}
EVENTS = 120
OTHERS = World(7).events(60)
ONE_KEY_EACH = {"a large campaign", "fifty links each", "one victim", "one family", "in disorder"}
"""Each of their accounts is an account like any other, with ties and windows of its own: only the event is bounded."""
ENTRIES_OF_ONE_EVENT = 700
BYTES_OF_ONE_EVENT = 64_000


def after(bench: Bench, attack: Attack, count: int) -> tuple[Measured, int]:
    """What one run came to, and how many entries are in the store."""
    bench.empty()
    engine = engine_over(bench.store(**CAPS))
    measured = bench.run(run(attacked(OTHERS, attack.make, count), engine, bench.client, size=60))
    return measured, sum(len(value) if isinstance(value, list | dict) else 1 for value in bench.dump().values())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_stays_within_its_caps_and_others_are_judged_as_in_peace(any_bench: Bench, name: str) -> None:
    attack = ATTACKS[name]
    count = max(40, round(EVENTS * min(1, 5 * attack.share)))
    peace, _ = after(any_bench, attack, 0)
    one, entries = after(any_bench, attack, count)
    two, twice = after(any_bench, attack, 2 * count)
    assert len(peace.incidents) > 10
    assert one.incidents == two.incidents == peace.incidents
    if name not in ONE_KEY_EACH:
        # an event is remembered by its number of arrival at most; its texts, ties and windows are not
        assert twice - entries < 2 * count, f"{entries} entries after {count} events, {twice} after twice as many"
    else:
        assert twice - entries < ENTRIES_OF_ONE_EVENT * count


@pytest.mark.parametrize("name", ["fifty links", "fifty links each", "a thousand recipients", "invitations"])
def test_one_event_however_large_adds_little(any_bench: Bench, name: str) -> None:
    """With the limits of production. Fifty links to a thousand strangers added 5 MB."""
    any_bench.empty()
    engine = Engine(load_policy(), any_bench.store(), clock=lambda: NOW)
    attack, count = ATTACKS[name], 20
    before = any_bench.run(run(attacked(OTHERS, attack.make, 0), engine, any_bench.client)).memory
    after = any_bench.run(run(attacked(OTHERS, attack.make, count), engine, any_bench.client)).memory
    assert (after - before) / count < BYTES_OF_ONE_EVENT


def test_who_writes_to_a_thousand_at_once_is_found_with_the_true_number_or_at_least_so_many(any_bench: Bench) -> None:
    any_bench.empty()
    engine = Engine(load_policy(), any_bench.store(), clock=lambda: NOW)
    events = list(attacked(OTHERS[:1], fifty_links, 3))[1:]
    found = process(any_bench, engine, records(events), 1).incidents
    told = [i for i in found if i.rule == "mass_messaging"]
    assert told[0].summary.startswith("Wrote to 1000 strangers")
    assert told[0].severity == "critical"
    assert {i.subject_id for i in found} == {ATTACKER}
    links = [i for i in found if i.rule == "commercial_content"]
    assert len({i.incident_id for i in links}) == 1
    assert "before 1000 strangers" in links[0].summary
    outcome = any_bench.run(engine.process(records(list(attacked(OTHERS[:1], fifty_links, 4))[4:])))
    assert outcome.cut_observations["members"] > 0


def test_one_text_is_compared_with_few_whatever_bands_it_shares(any_bench: Bench) -> None:
    """A signature made of the bands of hundreds of leaders. Fifty milliseconds a text, many times what it takes."""
    seconds = any_bench.run(collide(any_bench.store(), texts=200, leaders=500))
    assert seconds[0] < 50 * 0.05
