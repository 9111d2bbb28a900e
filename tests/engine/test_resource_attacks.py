"""Attacks on memory and time: what they add is bounded, and everybody else is judged as in peace.

Caps are small here; `benchmarks/resource_attacks.py` has the caps of production and more events.
"""

from typing import Any

import pytest

from benchmarks.resource_attacks import ATTACKS, Attack, Measured, attacked, collide, run
from tests.engine.world import World, engine_over
from tests.state.conftest import Bench

CAPS: dict[str, Any] = {
    "texts_per_author": 20,
    "windows_per_actor": 40,
    "entries_per_window": 30,
    "ties_per_member": 30,
    "members_per_episode": 30,
}
EVENTS = 120
OTHERS = World(7).events(60)
ONE_KEY_EACH = {"a large campaign"}
"""Each of its accounts is an account like any other, with ties and windows of its own: only the campaign is bounded."""


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


def test_one_text_is_compared_with_few_whatever_bands_it_shares(any_bench: Bench) -> None:
    """A signature made of the bands of hundreds of leaders. Fifty milliseconds a text, many times what it takes."""
    seconds = any_bench.run(collide(any_bench.store(), texts=200, leaders=500))
    assert seconds[0] < 50 * 0.05
