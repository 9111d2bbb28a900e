"""What lies in Redis after a run: nothing that can be read, nothing for ever, nothing that is not documented."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.engine import Engine
from engine.plan import Plan
from rules.policy import Policy, load_policy
from state.campaigns import SIGNATURE_SCHEME
from state.kinds import INCIDENT, KINDS, PROGRESS, Kind
from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS
from state.store import Store
from tests.engine.world import COPIED, World, engine_over, process, records, said
from tests.servers import RedisServer, eventually, free_port
from tests.state.conftest import Bench

STATE_PAGE = Path(__file__).parents[2] / "docs" / "state.md"
KEY = re.compile(rb"tw\d+:\{s(\d+)\}:(?:%s:)?([a-z]+)(?::|$)" % SIGNATURE_SCHEME.encode(), re.DOTALL)
TAG, ENTRY = 3, 7
"""Bytes of what names a band within its bucket, and of that with its leader (`state/lua/buckets.lua`)."""
VERDICTS_AND_WHAT_THEY_LEAVE = {"incident", "verdicts", "reported", "known", "verdict", "upheld"}


def wanted(kind: Kind, policy: Policy) -> int:
    """For how long rules of the policy want what is in a key, in seconds."""
    if kind is INCIDENT:
        return int(policy.feedback.strikes.period)
    windows = [kept.stored.retained // MICROSECONDS for kept in Plan(policy).windows]
    return max(*windows, *(int(rule.episode_gap) for rule in policy.rules.values()))


def after_a_run(bench: Bench, **store: Any) -> dict[bytes, Any]:
    world = World(1, "marked-")
    engine, events = engine_over(bench.store(**store)), world.events(400)
    incidents = process(bench, engine, records(events), 100).incidents
    assert len({incident.rule for incident in incidents}) > 6
    incident_ids = dict.fromkeys(incident.incident_id for incident in incidents)
    judged = [
        world.event("verdict", "marked-moderator", incident_id=one, verdict=verdict, action="none")
        for one in incident_ids
        for verdict in ("dismissed", "upheld")
    ]
    reports = [world.event("report", world.passive(), reported_id=world.active(), article=1) for _ in range(20)]
    assert process(bench, engine, records([*judged, *reports, *world.events(100)])).incidents
    return bench.dump()


def flat(value: Any) -> bytes:
    if isinstance(value, dict):
        return b"\n".join(flat(part) for item in value.items() for part in item)
    if isinstance(value, list | tuple | set):
        return b"\n".join(flat(part) for part in value)
    return value if isinstance(value, bytes) else str(value).encode()


def test_who_does_not_know_the_key_cannot_tell_where_a_text_is_looked_up(bench: Bench) -> None:
    """Else texts could be made that fill the places in the index that a wave of spam would take."""

    def places(secret: bytes) -> set[tuple[str, bytes]]:
        bench.empty()
        # with a key of its own, as workers have it: a bench's stores all sign with one salt
        store = Store(bench.client, Pseudonyms(secret), limits=load_policy().store_limits())
        process(bench, engine_over(store), records(World(1).events(50)), 50)
        tables = {key: value for key, value in bench.dump().items() if b":band:" in key}
        return {
            (key.rsplit(b":", 1)[-1].decode(), bytes(bucket) + entries[at : at + TAG])
            for key, buckets in tables.items()
            for bucket, entries in buckets.items()
            for at in range(0, len(entries), ENTRY)
        }

    one, other = places(b"one secret"), places(b"another secret")
    assert len(one) > 100
    assert places(b"one secret") == one
    assert len(one & other) < len(one) / 100


@pytest.mark.parametrize("shards", [1, 4])
def test_no_name_and_no_text_can_be_read(bench: Bench, shards: int) -> None:
    stored = flat(after_a_run(bench, shards=shards)).lower()
    assert len(stored) > 100_000
    for words in (
        "marked-",
        "active",
        "passive",
        "thread",
        "event-0",
        *COPIED,
        "colleague",
        "mass_messaging",
        "moderator",
        "dismissed",
    ):
        assert words.lower().encode() not in stored, words


@pytest.mark.parametrize("shards", [1, 4])
def test_every_key_names_its_shard_and_its_kind_is_of_its_type_and_ends_as_declared(bench: Bench, shards: int) -> None:
    keys, policy, seen = after_a_run(bench, shards=shards), load_policy(), set()
    for key in keys:
        found = KEY.match(key)
        assert found, key
        assert int(found[1]) < shards
        kind = KINDS[found[2].decode()]
        seen.add(kind.name)
        assert kind is PROGRESS or bench.run(bench.client.type(key)) == kind.type.encode()
        assert 0 < bench.run(bench.client.ttl(key)) <= kind.ttl(StoreLimits(), wanted(kind, policy))
    assert seen >= VERDICTS_AND_WHAT_THEY_LEAVE
    assert {int(KEY.match(key)[1]) for key in keys} == set(range(shards))  # type: ignore[index]


def test_a_script_keeps_to_its_shard(redis_program: Path) -> None:
    """A node of a cluster refuses a script that touches another slot."""
    server = RedisServer(redis_program)
    # the bus is 10,000 ports higher where it is not told otherwise, and there may be no such port
    server._command += ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
    with server:
        cluster = Bench(server.start().url)
        cluster.run(cluster.client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383"))
        eventually(lambda: b"cluster_state:ok" in cluster.run(cluster.client.execute_command("CLUSTER", "INFO")))
        store = Store(cluster.client, Pseudonyms(b"a secret of the tests"), shards=4, limits=StoreLimits())
        engine: Engine = engine_over(store)
        incidents = process(cluster, engine, records(World(1).events(200))).incidents
        cluster.close()
    assert len(said(incidents)) > 20
