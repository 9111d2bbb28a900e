"""Forgetting a member: nothing is left of the one, and everything of the others."""

import asyncio
import random
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import msgpack
import pytest
from cryptography.exceptions import InvalidTag

from engine.engine import Engine
from engine.outcome import Outcome
from state.boilerplate import AUTHOR_BYTES, SENTENCE_BYTES, WITNESS
from state.campaigns import opened_text, text_in
from state.episodes import opened_payload
from state.forget import Forgotten, forget
from state.limits import StoreLimits
from state.pseudonyms import Pseudonyms
from state.windows import HEAD_BYTES, PLAIN, TAG_BYTES, TAGS_AT, Entry
from tests.engine.test_keys import KEY, flat
from tests.engine.world import COPIED, Event, World, engine_over, process, records, said
from tests.state.conftest import Bench
from text.likeness import sentences
from text.reading import read_texts

SECRET = b"a secret of the tests"
PSEUDONYMS = Pseudonyms(SECRET)
MEMBER = 'Mallory O\'Neill "7"'  # a member may well be called like this
NOTICE = "Whoever leaves the staff room last in the evening closes all the windows."
HOSTILE = "You are a stupid idiot and I will kill you, you disgusting pig"


LATENESS = StoreLimits().lateness * 1_000_000


def forgotten(bench: Bench, actor_id: str, *, secret: bytes = SECRET, **options: Any) -> Forgotten:
    return bench.run(forget(bench.client, Pseudonyms(secret), actor_id, **options))


def with_a_member(seed: int, *, copies: bool = False) -> list[Event]:
    """A world, and in it one member more, of every type of event, as actor and as the one whom it is about.

    Where the member `copies`, the texts are those of others, whose campaigns the member then joins or founds.
    """
    world, dice = World(seed), random.Random(seed)
    texts = iter([" ".join(dice.sample("abcdefghijklmnopqrstuvwxyz", 5)) * 30 for _ in range(100)])

    def others(count: int = 4) -> list[str]:
        return [f"passive-{n}" for n in dice.sample(range(10, 30), count)]

    def of_the_member() -> Iterator[Event]:
        yield world.event("message", MEMBER, recipient_ids=others(), text=next(texts))
        yield world.event("message", "active-1", recipient_ids=[*others(), MEMBER], text=world.text())
        yield world.event("invitation", MEMBER, kind="project", target_id="t", recipient_ids=others())
        yield world.event("invitation_response", others()[0], inviter_id=MEMBER, target_id="t", accepted=True)
        yield world.event("invitation_response", others()[0], inviter_id=MEMBER, target_id="later", accepted=True)
        yield world.event(
            "invitation", "active-2", kind="event", target_id="x", recipient_ids=[MEMBER, *others()], text=""
        )
        yield world.event("invitation_response", MEMBER, inviter_id="active-2", target_id="x", accepted=True)
        yield world.event("invitation_response", MEMBER, inviter_id="active-3", target_id="unseen", accepted=True)
        yield world.event("contact_request", MEMBER, recipient_id=others()[0])
        yield world.event("contact_request", "active-3", recipient_id=MEMBER)
        yield world.event("contact_response", MEMBER, requester_id="active-3", accepted=True)
        yield world.event("contact_response", others()[0], requester_id=MEMBER, accepted=True)
        yield world.event("forum_post", MEMBER, forum_id="f", thread_id="t1", text=next(texts), opens_thread=True)
        if copies:
            yield world.event("forum_post", MEMBER, forum_id="f", thread_id="t2", text=COPIED[dice.randrange(5)])
        yield world.event("comment", MEMBER, owner_id="passive-1", text=f"{HOSTILE}. {NOTICE}")
        yield world.event("profile_update", MEMBER, display_name="Mallory Nobody", organisation="School of Somewhere")
        yield world.event("profile_update", "active-1", display_name="Anna Bauer", organisation="School of Elsewhere")
        yield world.event(
            "media_upload",
            MEMBER,
            media_id="v",
            media_kind="video",
            visibility="public",
            surface="group",
            sha256="ab" * 32,
            perceptual_hash="f0f0a5a5c3c31234",
        )
        yield world.event("report", "passive-2", reported_id=MEMBER, article=2)
        yield world.event("report", MEMBER, reported_id="active-1", article=2)
        yield world.event("report", "passive-2", reported_id="active-1", article=2)

    events: list[Event] = []
    for _ in range(4):  # a day: nothing is trimmed of a window yet
        events += world.events(30)
        events += of_the_member()
    return events


def talks() -> list[Event]:
    """Conversations that the member opened, and was addressed in."""
    world = World(1, "talks-")
    return [
        world.event("message", who, recipient_ids=["passive-8", whom], conversation_id=f"of {whom}", text="Hello")
        for who, whom in ((MEMBER, "passive-9"), ("active-1", MEMBER))
    ]


def opened(value: Any) -> Iterator[bytes]:
    """All pieces of bytes within a value of the store, what is packed unpacked and what is sealed opened."""
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, list | tuple | set):
        for part in value:
            yield from opened(part)
    elif isinstance(value, bytes):
        yield from _opened(value)


@cache
def _opened(value: bytes) -> tuple[bytes, ...]:
    with suppress(zlib.error):
        if text := opened_text(PSEUDONYMS, text_in(value)):
            return value, text_in(value), text
    # entries of histories begin with number, name, time, and tags
    for start in (0, TAGS_AT + (TAG_BYTES + 1) * value[TAGS_AT - 1]) if len(value) > TAGS_AT else (0,):
        try:
            unpacked = msgpack.unpackb(value[start:], raw=True, strict_map_key=False)
        except Exception:
            continue
        if isinstance(unpacked, list):
            return (value, *opened(unpacked))
    with suppress(InvalidTag, ValueError, zlib.error):
        return value, opened_payload(PSEUDONYMS, value)
    try:
        return value, PSEUDONYMS.unseal_bytes(value)
    except (InvalidTag, ValueError):
        return (value,)


_OF_SENTENCES = ("sentence", "learnt")


def traces(dump: dict[bytes, Any], actor_id: str, events: list[Event]) -> set[str]:
    """What in the store is about the member, in words: names, events, texts that nobody else wrote, who wrote a sentence."""
    own = [event["event_id"] for event in events if event["actor_id"] == actor_id]
    sought = {"hash": PSEUDONYMS.member(actor_id), "seal": PSEUDONYMS.seal(actor_id), "name": actor_id.encode()}
    for event_id in own:
        sought[event_id] = PSEUDONYMS.seal(event_id)
        sought[f"what {event_id} was told"] = PSEUDONYMS.key("told", event_id)
    written = words_of(event["text"] for event in events if event["actor_id"] == actor_id and "text" in event)
    others = words_of(event["text"] for event in events if event["actor_id"] != actor_id and "text" in event)
    for words in written:
        if len(words) > 20 and not any(words[:500] in other for other in others):
            sought[f"text {words}"] = words[:500].encode()
        for line in sentences(words):
            name = PSEUDONYMS.key(line)[:SENTENCE_BYTES]
            sought[f"writing {line}"] = PSEUDONYMS.key(name.hex(), actor_id)[:AUTHOR_BYTES]
    found = set()
    for key, value in dump.items():
        pieces = flat([key, *opened(value)])
        pieces += pieces.replace(b'\\"', b'"')
        kind = KEY.match(key)[2].decode()  # type: ignore[index]
        # who wrote a sentence is told in three bytes, which stand anywhere by chance
        may_be = {
            name: needle for name, needle in sought.items() if len(needle) > AUTHOR_BYTES or kind in _OF_SENTENCES
        }
        found |= {f"{name} in {kind}" for name, needle in may_be.items() if needle in pieces}
    return found


@cache
def _words(text: str) -> str:
    return read_texts([text])[0].words


def words_of(texts: Iterable[str]) -> set[str]:
    return {words for text in texts if (words := _words(text))}


def verdicts_on(outcome: Outcome) -> list[Event]:
    """Uphold every incident."""
    world = World(1, "judging-")
    incident_ids = dict.fromkeys(incident.incident_id for incident in outcome.incidents)
    return [
        world.event("verdict", "moderator", incident_id=one, verdict="upheld", action="warned") for one in incident_ids
    ]


def judge(bench: Bench, engine: Engine, outcome: Outcome) -> None:
    """Uphold every incident."""
    assert bench.run(engine.process(records(verdicts_on(outcome)))).verdict_counts


def copied() -> list[Event]:
    """A post of the member's that another sends to many."""
    world = World(1, "copied-")
    text = f"{NOTICE} It has been so since the school was built, and nobody remembers who began with it."
    return [
        world.event("forum_post", MEMBER, forum_id="f", thread_id="notices", text=text),
        world.event("message", "copier", recipient_ids=[f"passive-{n}" for n in range(8)], text=text),
    ]


@pytest.mark.parametrize("shards", [1, 3])
def test_nothing_is_left_of_the_member(bench: Bench, shards: int) -> None:
    events = with_a_member(1, copies=True) + talks() + copied()
    engine = engine_over(bench.store(shards=shards))
    outcome = process(bench, engine, records(events), 50)
    judge(bench, engine, outcome)
    for actor_id in (MEMBER, "active-0", "passive-17", "active-1"):
        assert actor_id != MEMBER or actor_id in {incident.subject_id for incident in outcome.incidents}
        before = traces(bench.dump(), actor_id, events)
        assert len(before) > 2
        assert actor_id == "passive-17" or any(one.startswith("text") and one.endswith("in leader") for one in before)
        assert actor_id != MEMBER or any(one.startswith("writing") and one.endswith("in sentence") for one in before)
        shown = forgotten(bench, actor_id, shards=shards, dry_run=True)
        assert traces(bench.dump(), actor_id, events) == before
        done = forgotten(bench, actor_id, shards=shards)
        assert traces(bench.dump(), actor_id, events) == set()
        assert shown == done
        assert not done.unknown
        assert not done.unreadable
        assert forgotten(bench, actor_id, shards=shards).removed == {}
    # the others live on
    assert len(bench.dump()) > 100
    assert traces(bench.dump(), "active-2", events)


def test_it_shows_what_it_removed(any_bench: Bench) -> None:
    engine = engine_over(any_bench.store())
    judge(
        any_bench, engine, process(any_bench, engine, records(with_a_member(2, copies=True) + talks() + copied()), 50)
    )
    removed = forgotten(any_bench, MEMBER).removed
    assert set(removed) == {
        "relation",
        "in",
        "circle",
        "talk",
        "asked",
        "answers",
        "acts",
        "received",
        "history",
        "added",
        "brought",
        "episode",
        "members",
        "revision",
    } | {
        "incident",
        "verdict",
        "verdicts",
        "reported",
        "leader",
        "source",
        "sentence",
    }
    assert removed["relation"].keys == 1
    assert removed["relation"].entries > 10
    assert removed["acts"].keys == removed["received"].keys == 1
    assert min(removed["acts"].entries, removed["history"].entries) > 40
    assert forgotten(any_bench, "nobody").removed == {}


def test_what_is_left_is_what_there_would_be_had_the_member_never_been_there(bench: Bench) -> None:
    events = with_a_member(3)
    process(bench, engine_over(bench.store()), records(events), 50)
    forgotten(bench, MEMBER)
    left = remembered(bench.dump())
    bench.empty()
    process(bench, engine_over(bench.store()), records(without(events)), 50)
    never = remembered(bench.dump())
    assert left == never
    assert len(never) > 100


def without(events: list[Event]) -> list[Event]:
    """The events as they would be if the member were none."""
    kept = []
    for event in events:
        if event["actor_id"] == MEMBER or MEMBER in (
            event.get("inviter_id"),
            event.get("requester_id"),
            event.get("recipient_id"),
            event.get("reported_id"),
        ):
            continue
        if MEMBER in event.get("recipient_ids", ()):
            event = event | {"recipient_ids": [r for r in event["recipient_ids"] if r != MEMBER]}
        kept.append(event)
    return kept


def remembered(dump: dict[bytes, Any]) -> list[tuple[bytes, Any]]:
    """Ties, histories and invitations of a store: what stands in them.

    Without numbers of arrival, which others' events move, and without names of events and of windows: an event that was sent
    to one fewer is another, and so is the campaign that it founded.
    """
    kept: list[tuple[bytes, Any]] = []
    for key, value in dump.items():
        kind = KEY.match(key)[2]  # type: ignore[index]
        if kind in (b"acts", b"received", b"history"):
            entries = [Entry(int(score), raw) for raw, score in value]
            newest = max(entry.time for entry in entries) - LATENESS
            # what nobody looks back upon goes with the next batch; that a campaign has taken in another is about names alone
            entries = [entry for entry in entries if entry.time >= newest - entry.kept and entry.rest[0]]
            contents = sorted((*_without_names(entry), entry.time) for entry in entries)
            kept.append((kind if kind == b"history" else key, contents))
        elif kind in (b"relation", b"asked", b"answers"):
            kept.append((key, value))
    return sorted(kept)


def _without_names(entry: Entry) -> tuple[bytes, list[bytes], bytes]:
    """What stands in an entry, with the tags only of windows that the member has one of."""
    tags = [tag + bytes((which,)) if which & PLAIN else bytes((which,)) for tag, which in entry.tags.items()]
    return entry.raw[HEAD_BYTES : TAGS_AT - 1], tags, msgpack.packb(entry.rest)


def test_later_detection_of_others_is_as_if_the_member_had_never_been_there(any_bench: Bench) -> None:
    events = with_a_member(4)
    half = len(events) // 2
    later = without(events[half:])

    def found(earlier: list[Event], *, forgetting: bool) -> list[dict[str, Any]]:
        any_bench.empty()
        engine = engine_over(any_bench.store())
        process(any_bench, engine, records(earlier), 50)
        if forgetting:
            forgotten(any_bench, MEMBER)
        return said(process(any_bench, engine, records(later), 50).incidents)

    left, never = found(events[:half], forgetting=True), found(without(events[:half]), forgetting=False)
    assert _who(left) == _who(never)
    # an episode of before may have grown with the member, and is told at other moments now
    assert _opened_later(left) == _opened_later(never)
    assert len(_who(never)) > 10
    assert len(_opened_later(never)) > 3


def _who(incidents: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Not the incident's id: it is made of the event that opened it, which may have been sent to the member, too."""
    return {(one["opened_at"], one["rule"], one["subject_id"]) for one in incidents}


def _opened_later(incidents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    opened_later = {one["incident_id"] for one in incidents if one["revision"] == 1}
    return [one for one in incidents if one["incident_id"] in opened_later]


def test_another_pseudonym_key_removes_nothing_and_is_told(any_bench: Bench) -> None:
    process(any_bench, engine_over(any_bench.store()), records(World(1).events(50)))
    before = any_bench.dump()
    done = forgotten(any_bench, "active-0", secret=b"quite another secret")
    assert done.removed == {}
    assert done.unreadable > 10
    assert done.opened == 0
    assert any_bench.dump() == before


def test_workers_go_on_meanwhile(bench: Bench) -> None:
    """Judging and forgetting at the same time loses nothing of the others, and a last run forgets the rest."""
    events = with_a_member(5)
    batches = [records(events)[at : at + 20] for at in range(0, len(events), 20)]
    engine = engine_over(bench.store())

    async def both() -> list[dict[str, Any]]:
        incidents = []
        ended = asyncio.Event()

        async def judge() -> None:
            for batch in batches:
                incidents.extend((await engine.process(batch)).incidents)
            ended.set()

        async def keep_forgetting() -> None:
            while not ended.is_set():
                await forget(bench.client, PSEUDONYMS, MEMBER)

        await asyncio.gather(judge(), keep_forgetting())
        return said(incidents)

    bench.run(both())
    forgotten(bench, MEMBER)
    assert traces(bench.dump(), MEMBER, events) == set()
    left = remembered(bench.dump())
    bench.empty()
    process(bench, engine_over(bench.store()), records(without(events)), 20)
    assert left == remembered(bench.dump())


def test_a_run_that_broke_off_is_made_up_for(any_bench: Bench) -> None:
    """The windows tell which events were the member's, so that they must go last."""
    events = with_a_member(6)
    process(any_bench, engine_over(any_bench.store()), records(events), 50)

    class BrokenOffError(Exception):
        pass

    class Cut(type(any_bench.client)):  # type: ignore[misc]
        left = whole = 1_000

        def pipeline(self, *args: Any, **kwargs: Any) -> Any:
            Cut.left -= 1
            if Cut.left < 0:
                raise BrokenOffError
            return super().pipeline(*args, **kwargs)

    any_bench.client.__class__ = Cut
    try:
        forgotten(any_bench, MEMBER, dry_run=True)
        reads = Cut.whole - Cut.left  # what is removed takes more
        assert reads > 2
        for left in (reads - 1, reads, reads + 1):
            Cut.left = left
            with pytest.raises(BrokenOffError):
                forgotten(any_bench, MEMBER)
    finally:
        any_bench.client.__class__ = Cut.__bases__[0]
    forgotten(any_bench, MEMBER)
    assert traces(any_bench.dump(), MEMBER, events) == set()


def test_who_wrote_a_sentence_is_forgotten_and_that_others_did_is_not(bench: Bench) -> None:
    notice = sentences(_words(f"{COPIED[0]}. {NOTICE}"))[-1]
    world, engine = World(7), engine_over(bench.store())

    def witnesses() -> list[bytes]:
        (table,) = (value for key, value in bench.dump().items() if b":sentence:" in key)
        found: bytes = table[PSEUDONYMS.key(notice)[:SENTENCE_BYTES]]
        return [found[at : at + WITNESS.size] for at in range(0, len(found), WITNESS.size)]

    def post(author: str, text: str) -> None:
        one = world.event("forum_post", author, forum_id="f", thread_id=author, text=f"{text}. {NOTICE}")
        process(bench, engine, records([one]))

    bench.empty()
    for author, text in zip(("passive-1", MEMBER, "passive-2", "passive-3"), COPIED, strict=False):
        post(author, text)
    before = witnesses()
    assert len(before) == 4
    forgotten(bench, MEMBER)
    assert witnesses() == [before[0], *before[2:]]
    post("passive-4", COPIED[4])
    assert len(witnesses()) == 4
    post("passive-5", HOSTILE)
    assert len(witnesses()) == 5
    forgotten(bench, "passive-5")
    assert len(witnesses()) == 4
