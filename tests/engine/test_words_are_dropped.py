"""What members write is held while its batch is judged, and no longer."""

from typing import Any

from tests.engine.world import World, engine_over, process, records, strict_policy
from tests.reachable import fresh_mark, reachable
from tests.state.conftest import Bench


def _judge(bench: Bench, engine: Any, mark: str) -> int:
    """How many incidents a batch makes in which most words have the mark."""
    world = World(1)
    text = f"I will k!ll {mark}b you, {mark}ć оrdеr {mark}d now {mark}é 50% off <b>{mark}f</b> her number is +49 171 2345678"
    events = [
        world.event(
            "message", f"teacher {n}", recipient_ids=[f"r{n}"], subject=f"{mark}g {mark}h", text=f"{text} {mark}{n}"
        )
        for n in range(6)
    ]
    events += [
        world.event("forum_post", f"teacher {n}", forum_id="f", thread_id=f"t{n}", text=text, thread_title=f"{mark}i jkl {n}",
                    opens_thread=True)
        for n in range(4)
    ]  # fmt: skip
    events += [
        world.event(
            "profile_update", f"teacher {n}", display_name=f"{mark}jane Mеyer", organisation=f"{mark}k", bio=text
        )
        for n in range(4)
    ]
    outcome = process(bench, engine, records(events))
    assert not outcome.dead_letters
    return len(outcome.incidents)


def test_after_a_batch_none_of_its_words_can_be_reached(bench: Bench) -> None:
    engine, mark = engine_over(bench.store(), strict_policy()), fresh_mark()
    assert _judge(bench, engine, mark) > 5
    assert not reachable(mark)
