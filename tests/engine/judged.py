"""A world in which people judge: reports by members, and moderators' verdicts on what was told."""

import random
from datetime import datetime, timedelta

from models.records import RawRecord
from tests.engine.world import Event, World, engine_over, process, record, records
from tests.state.conftest import Bench


def judged_world(bench: Bench, seed: int, count: int) -> list[RawRecord]:
    """Events of a `World`, with reports among them and verdicts on some incidents that they led to. Some verdicts come twice,
    some are taken back, some name what was never told. Empties the store before and after.
    """
    bench.empty()
    engine = engine_over(bench.store())
    chance = random.Random(seed)
    events: list[Event] = []
    told: dict[str, None] = {}
    happening = World(seed).events(count)
    while happening:
        # what is told becomes known to moderators some events later
        number = chance.randint(2, 12)
        batch = [o for e in happening[:number] for o in (e, *_reports(chance, e), *_verdicts(chance, e, list(told)))]
        happening = happening[number:]
        events += batch
        for incident in process(bench, engine, [record(one) for one in batch]).incidents:
            told[incident.incident_id] = None
    bench.empty()
    return records(events)


def _reports(chance: random.Random, event: Event) -> list[Event]:
    if chance.random() > 0.2:
        return []
    return [
        _at(event, "report", f"passive-{chance.randrange(6)}", n)
        | {"reported_id": f"active-{chance.randrange(4)}", "article": chance.choice([1, 3, None])}
        for n in range(chance.choice([1, 2]))
    ]


def _verdicts(chance: random.Random, event: Event, told: list[str]) -> list[Event]:
    if not told or chance.random() > 0.2:
        return []
    # mostly on what is new, sometimes on what has been judged already
    incident_id = chance.choice([*told[-3:], *told[-3:], *told, "never-told"])
    # after the reports, which come before it in the stream
    verdict = _at(event, "verdict", f"moderator-{chance.randrange(3)}", 5)
    verdict |= {
        "incident_id": incident_id,
        "verdict": chance.choice(["upheld", "upheld", "dismissed"]),
        "action": chance.choice(["none", "warned"]),
    }
    return [verdict] * chance.choice([1, 1, 2])


def _at(event: Event, type_: str, actor: str, number: int) -> Event:
    moment = datetime.fromisoformat(event["occurred_at"]) + timedelta(milliseconds=number)
    return {
        "type": type_,
        "event_id": f"{type_} {number} after {event['event_id']}",
        "occurred_at": moment.isoformat(),
        "actor_id": actor,
    }
