"""What one attacker can cost everybody else: memory, time, and detection.

A sample day of the network is judged once in peace and once under each attack, whose events stand between the others'. Said is
what the attack adds to Redis, how long batches take, and whether the incidents about all other members are the same ones,
revision for revision. Twice the attack shows what its caps do: from there on memory hardly grows.

    python -m benchmarks.resource_attacks --events 20000
"""

import argparse
import asyncio
import json
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random
from typing import Any, NamedTuple

from redis.asyncio import Redis

from engine.engine import Engine
from models.decoding import InputLimits, UndecodableError, decode_event
from models.records import RawRecord
from rules.policy import load_policy
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Text
from state.store import Store
from text.signature import SIGNATURE_SLOTS
from twinwatch.embedded import embedded_redis
from twinwatch.sample_day import sample_day

Event = dict[str, Any]
ATTACKER = "attacker"
_DAY = date(2026, 3, 2)
_SYLLABLES = (("ba", "ke", "lo", "mu", "si"), ("ra", "ne", "vo"), ("n", "st", "m", "r"))
_WORDS = ["".join(syllables) for syllables in product(*_SYLLABLES)]


def words(number: int, count: int = 14) -> str:
    """A text like no other, of made-up words."""
    return " ".join(Random(number).choices(_WORDS, k=count)) + f" {number}"


def _message(number: int, **fields: Any) -> Event:
    return {"type": "message", "actor_id": ATTACKER, "recipient_ids": ["victim"], "text": ""} | fields


def distinct_texts(number: int) -> Event:
    """One account sends texts that are all different."""
    return _message(number, text=words(number))


def many_windows(number: int) -> Event:
    """One account writes to another stranger each time: each time new windows."""
    return _message(number, recipient_ids=[f"victim-{number}"], text=words(number))


def many_recipients(number: int) -> Event:
    """One account writes to a thousand strangers at once, always others."""
    return _message(number, recipient_ids=[f"victim-{number}-{n}" for n in range(1_000)], text="Hello everybody")


def large_campaign(number: int) -> Event:
    """One text by ever more accounts."""
    text = "Answer this message until Friday and each of your pupils receives a certificate with a golden seal"
    return _message(number, actor_id=f"{ATTACKER}-{number}", recipient_ids=["victim"], text=text)


def reused_ids(number: int) -> Event:
    """One account gives all its events one of ten ids, with other contents."""
    return _message(
        number, event_id=f"attack-{number % 10}", text=words(number), recipient_ids=[f"victim-{number % 500}"]
    )


def huge_titles(number: int) -> Event:
    """One account opens threads with titles of 200 kB."""
    title = (words(number, 40) + " ") * 700
    return {
        "type": "forum_post",
        "actor_id": ATTACKER,
        "forum_id": "f",
        "thread_id": f"t-{number}",
        "thread_title": title[:200_000],
        "text": words(number),
        "opens_thread": True,
    }


def _links(number: int) -> str:
    return " ".join(f"https://site{number}x{n}.com" for n in range(50))


def fifty_links(number: int) -> Event:
    """One account sends fifty addresses to a thousand strangers at once, always others."""
    return _message(
        number, recipient_ids=[f"victim-{number}-{n}" for n in range(1_000)], text=f"{words(number)} {_links(number)}"
    )


def fifty_links_each(number: int) -> Event:
    """The same, each by another account."""
    return fifty_links(number) | {"actor_id": f"{ATTACKER}-{number}"}


def the_same_thousand(number: int) -> Event:
    """One account writes to the same thousand again and again."""
    return _message(number, recipient_ids=[f"victim-{n}" for n in range(1_000)], text=words(number))


def invitations(number: int) -> Event:
    """One account invites a thousand strangers at once to ever other projects."""
    return {
        "type": "invitation",
        "actor_id": ATTACKER,
        "kind": "project",
        "target_id": f"p-{number}",
        "recipient_ids": [f"victim-{number}-{n}" for n in range(1_000)],
    }


def edits(number: int) -> Event:
    """One account edits a post again and again, a word at a time."""
    text = words(number // 10, 40).split()
    text[number % 10] = f"edit{number}"
    fields = {"forum_id": "f", "thread_id": "t", "text": " ".join(text), "replaces": f"attack-{max(0, number - 1)}"}
    return {"type": "forum_post", "actor_id": ATTACKER} | fields


def one_victim(number: int) -> Event:
    """Thousands of accounts insult one member."""
    return _message(number, actor_id=f"{ATTACKER}-{number}", text=f"You are a stupid idiot! {words(number)}")


def one_family(number: int) -> Event:
    """Texts of ever other halves of a few sentences, so that each is somewhat like many campaigns."""
    random = Random(number)
    sentences = [words(n, 8) for n in range(12)]
    text = ". ".join(random.sample(sentences, 5))
    return _message(number, actor_id=f"{ATTACKER}-{number % 50}", recipient_ids=[f"victim-{number}"], text=text)


def in_disorder(number: int) -> Event:
    """One text by ever more accounts to twenty strangers each, up to five hours late, so that each has to be counted anew."""
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC) - timedelta(seconds=Random(number).randrange(18_000))
    recipients = [f"victim-{number}-{n}" for n in range(20)]
    event = large_campaign(number) | {"recipient_ids": recipients, "occurred_at": moment.isoformat()}
    return event | {"actor_id": f"{ATTACKER}-{number % 100}"}


class Attack(NamedTuple):
    """How its events are made, and how many of them are an even match for `--events`."""

    make: Callable[[int], Event]
    share: float = 1.0


ATTACKS = {
    "distinct texts": Attack(distinct_texts),
    "many windows": Attack(many_windows),
    "a thousand recipients": Attack(many_recipients, 0.02),
    "a large campaign": Attack(large_campaign),
    "ids used again": Attack(reused_ids),
    "huge titles": Attack(huge_titles, 0.02),
    "fifty links": Attack(fifty_links, 0.02),
    "fifty links each": Attack(fifty_links_each, 0.02),
    "the same thousand": Attack(the_same_thousand, 0.02),
    "invitations": Attack(invitations, 0.02),
    "edits": Attack(edits, 0.5),
    "one victim": Attack(one_victim, 0.5),
    "one family": Attack(one_family, 0.25),
    "in disorder": Attack(in_disorder, 0.25),
}


def attacked(others: Sequence[Event], make: Callable[[int], Event], count: int) -> Iterator[Event]:
    """The others' events with `count` of the attack's strewn between them, each at the time of the one before."""
    made = 0
    for index, event in enumerate(others):
        yield event
        while made < count * (index + 1) // len(others):
            yield {"event_id": f"attack-{made}", "occurred_at": event["occurred_at"]} | make(made)
            made += 1


class Measured(NamedTuple):
    """One run: what others did wrong, batch times (seconds, sorted), bytes that Redis uses, microseconds of its scripts in
    all and of the longest call.
    """

    incidents: dict[str, tuple[int, str, str]]
    batches: list[float]
    memory: int
    script_time: int
    longest_call: int

    def at(self, share: float) -> float:
        """The batch time that so large a share of batches does not exceed."""
        return self.batches[min(len(self.batches) - 1, int(share * len(self.batches)))]


async def run(events: Iterator[Event], engine: Engine, client: "Redis", *, size: int = 250) -> Measured:
    """Judge the events in batches. Only incidents are kept whose subject is no attacker."""
    incidents: dict[str, tuple[int, str, str]] = {}
    batches = []
    slow: list[dict[str, Any]] = []
    batch: list[RawRecord] = []
    await client.config_set("slowlog-log-slower-than", 1_000)
    await client.config_resetstat()
    await client.slowlog_reset()

    async def judge() -> None:
        start = time.perf_counter()
        outcome = await engine.process(batch)
        slow.extend(await client.slowlog_get(1_000))
        await client.slowlog_reset()
        batches.append(time.perf_counter() - start)
        assert not outcome.dead_letters, outcome.dead_letters[0].detail
        for incident in outcome.incidents:
            if not incident.subject_id.startswith(ATTACKER):
                revision = max(incident.revision, incidents.get(incident.incident_id, (0, "", ""))[0])
                incidents[incident.incident_id] = revision, incident.rule, incident.subject_id

    for event in events:
        batch.append(RawRecord(json.dumps(event).encode(), event["actor_id"].encode(), None))
        if len(batch) == size:
            await judge()
            batch.clear()
    if batch:
        await judge()
    memory = (await client.info("memory"))["used_memory"]
    script_time = (await client.info("commandstats"))["cmdstat_evalsha"]["usec"]
    longest = max((call["duration"] for call in slow), default=0)
    return Measured(incidents, sorted(batches), memory, script_time, longest)


def _others() -> list[Event]:
    """The events of the sample day that can be used."""
    events = []
    for record in sample_day(_DAY, 1):
        try:
            event = json.loads(record.value)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("type") in ("message", "comment", "forum_post", "contact_request"):
            events.append(event)
    return [event for event in events if _is_usable(event)]


def _is_usable(event: Event) -> bool:
    try:
        decode_event(json.dumps(event).encode(), limits=InputLimits(), now=datetime.now(UTC))
    except UndecodableError:
        return False
    return True


async def collide(store: Store, texts: int, leaders: int) -> list[float]:
    """Texts of one author whose signatures take each band from another of many leaders; the times of batches of 50.

    The permutations are public, so that bands can be hit on purpose. Signatures are made up here: to find texts for
    them is the attacker's work.
    """
    random = Random(1)
    now = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * MICROSECONDS
    tail = bytes(2 * SIGNATURE_SLOTS) + struct.pack(">H", 300)

    def text(number: int, signature: bytes, author: str) -> Text:
        return Text(now + number, f"{author}-{number}", author, random.randbytes(16), signature)

    known = [random.randbytes(2 * SIGNATURE_SLOTS) for _ in range(leaders)]
    for start in range(0, leaders, 500):
        found = [text(n, known[n] + tail, f"honest-{n}") for n in range(start, min(start + 500, leaders))]
        await store.recall([], found, [])
    seconds = []
    width = 6
    for start in range(0, texts, 50):
        crafted = []
        for number in range(start, start + 50):
            bands = [random.choice(known)[at : at + width] for at in range(0, 2 * SIGNATURE_SLOTS, width)]
            crafted.append(text(leaders + number, b"".join(bands) + tail, ATTACKER))
        begin = time.perf_counter()
        await store.recall([], crafted, [])
        seconds.append(time.perf_counter() - begin)
    return sorted(seconds)


async def measure(options: argparse.Namespace) -> None:
    """Print a line for each attack."""
    others = _others()[: options.others]
    policy = load_policy()
    with embedded_redis() as server:
        client = Redis.from_url(server.url)
        print(f"{len(others):,} events of others; attacks of {options.events:,} events and of twice as many")

        async def once(attack: Attack, count: int) -> Measured:
            await client.flushall()
            store = Store(client, Pseudonyms(b"a key"), limits=policy.store_limits())
            await client.config_set("zset-max-listpack-value", 256)
            return await run(attacked(others, attack.make, count), Engine(policy, store), client)

        peace = await once(Attack(distinct_texts), 0)
        print(f"{'in peace':<22} {len(peace.incidents)} incidents; {_times(peace)}; {peace.memory / 1e6:,.1f} MB")
        for name, attack in ATTACKS.items():
            if options.attack and name not in options.attack:
                continue
            count = round(options.events * attack.share)
            one, two = await once(attack, count), await once(attack, 2 * count)
            same = "the same incidents" if one.incidents == two.incidents == peace.incidents else "OTHER INCIDENTS"
            grown = f"+{(one.memory - peace.memory) / 1e6:,.1f} MB, twice +{(two.memory - peace.memory) / 1e6:,.1f} MB"
            each = (one.script_time - peace.script_time) / count, (one.memory - peace.memory) / count
            cost = f"{each[0] / 1000:.2f} ms of scripts and {each[1]:,.0f} bytes an event"
            cost += f", longest call {two.longest_call / 1000:.0f} ms"
            print(f"{name:<22} {same}; {cost}; {_times(two)}; {grown} ({count:,} events)", flush=True)
        await client.flushall()
        seconds = await collide(Store(client, Pseudonyms(b"a key"), limits=policy.store_limits()), 2_000, 4_000)
        told = f"p50 {1000 * seconds[len(seconds) // 2]:.0f} ms, most {1000 * seconds[-1]:.0f} ms"
        print(f"{'colliding bands':<22} a batch of 50 against 4,000 leaders: {told}")
        await client.aclose()


def _times(measured: Measured) -> str:
    return f"batch p50 {1000 * measured.at(0.5):.0f} ms, p99 {1000 * measured.at(0.99):.0f} ms"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000, help="of an attack of small events; others have fewer")
    parser.add_argument("--others", type=int, help="events of others, if not all of their day")
    parser.add_argument("--attack", choices=ATTACKS, action="append", help="only this one")
    asyncio.run(measure(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
