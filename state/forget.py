"""Everything that is held about one member, found and removed while workers go on.

Names of keys say whom they are about (`Pseudonyms.key_of`), entries of histories say who acted, and what names members in
words is sealed and can be opened with the key. So the whole store is read twice, in steps of `SCAN` that never hold up
Redis: first the histories, which tell the ids of the member's events; then everything else, where those ids may stand as
evidence. The histories are cleaned last, so that a run that breaks off is made up for by the next one.

Each change is one command or one script on one key, and replaces a value only where it is still the one that was read.
"""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from msgspec import Struct, field
from redis.asyncio import Redis

from state.agreement import Agreement, WrongStore
from state.campaigns import CampaignCodec, leader_without, witnesses_without
from state.episodes import CUT, SILENCED
from state.pseudonyms import EVENT_NAME_BYTES, MEMBER_BYTES, Pseudonyms
from state.scripts import Call, Script, Shards, guarded, pack, unpack
from state.store import DEFAULT_NAMESPACE
from state.windows import Entry, without

_SWAP = Script("swap")
_KEYS_AT_ONCE = 500
_ENTRIES_AT_ONCE = 1_000
_ATTEMPTS = 10
"""How often a value is read again that a worker has changed meanwhile."""
_HISTORIES = frozenset((b"acts", b"received", b"history"))
_PART = "\x1f"
"""Stands between the members of a pair that a rule makes one text of."""
_ABOUT_NOBODY = frozenset(
    b"number used leaders digest seen band size merged known judged upheld opened undecided progress settings".split()
)
"""Kinds that say nothing of a member: numbers, hashes of texts, events and incidents, and what workers tell each other."""
_EPISODE_INCIDENT, _EPISODE_EVENTS, _EPISODE_SUBJECT = 0, 6, 8
_REVISION_EVENTS, _REVISION_OPENING, _REVISION_COUNT, _REVISION_MEMBERS = 3, 4, 6, 7


class Removed(Struct):
    """What was removed of one kind: whole keys, and entries of keys that stay (or that went with their keys)."""

    keys: int = 0
    entries: int = 0


class Forgotten(Struct):
    """What a run came to: `removed` by kind of state (docs/state.md), keys read, and keys that could not be understood.

    `opened` and `unreadable` count histories whose events could be read, and those that were sealed under another key.
    `unknown` are kinds of keys that this version does not know. `in_use` tells whether workers have this pseudonym key now;
    None where none has been there.
    """

    removed: dict[str, Removed] = field(default_factory=dict)
    scanned: int = 0
    opened: int = 0
    unreadable: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    in_use: bool | None = None

    @property
    def refused(self) -> bool:
        """Whether nothing was written under this key, so that it must be a wrong one, and nothing was removed."""
        return not self.opened and (self.unreadable > 0 or self.in_use is False)

    def note(self, kind: str, keys: int, entries: int) -> None:
        """Add to what was removed of a kind."""
        if keys or entries:
            removed = self.removed.setdefault(kind, Removed())
            removed.keys += keys
            removed.entries += entries


class _Key(NamedTuple):
    raw: bytes
    shard: int
    suffix: bytes
    kind: bytes
    name: bytes


class _Swap(NamedTuple):
    """A value to be replaced where it still stands; an empty `new` removes it. `entries` is how many it counts for."""

    key: _Key
    type: str
    field: bytes
    old: bytes
    new: bytes
    entries: int


class _Changes:
    """What is to be done, by key."""

    def __init__(self) -> None:
        self.dropped: dict[_Key, int] = {}
        self.without: dict[_Key, set[bytes]] = {}
        self.swaps: list[_Swap] = []

    def drop(self, key: _Key, entries: int = 0) -> None:
        self.dropped[key] = entries

    def take_out(self, key: _Key, entries: Iterable[bytes]) -> None:
        self.without.setdefault(key, set()).update(entries)


async def forget(
    client: "Redis",
    pseudonyms: Pseudonyms,
    actor_id: str,
    *,
    shards: int = 1,
    namespace: str = DEFAULT_NAMESPACE,
    dry_run: bool = False,
) -> Forgotten:
    """Remove what is held about a member; with `dry_run` only count it. May run again and while workers run.

    Nothing is removed where the key is wrong (`Forgotten.refused`). Raises `StateUnavailable` when Redis does not answer; run
    it again then. Raises `WrongStore` where the workers of this store have another number of shards.
    """
    return await _Forgetting(client, pseudonyms, actor_id, shards, namespace, dry_run).run()


class _Forgetting:
    def __init__(
        self, client: "Redis", pseudonyms: Pseudonyms, actor_id: str, shards: int, namespace: str, dry_run: bool
    ) -> None:
        self._client, self._pseudonyms, self._dry_run = client, pseudonyms, dry_run
        self._shards = Shards(client, namespace, shards)
        self._agreement = Agreement(pseudonyms, shards, namespace)
        self._pattern = re.sub(rb"([*?\[\]\\])", rb"\\\1", namespace.encode()) + b"{s*"
        self._form = re.compile(
            rb"%s\{s(\d+)\}:((?:%s)?([a-z]+)(?::(.*))?)\Z"
            % (re.escape(namespace).encode(), CampaignCodec.scope.encode()),
            re.DOTALL,
        )
        self._member, self._seal = pseudonyms.member(actor_id), pseudonyms.seal(actor_id)
        self._actor_id, self._quoted = actor_id, json.dumps(actor_id, ensure_ascii=False)
        self._events: set[bytes] = set()
        self._names_of_events: set[bytes] = set()
        self._done = Forgotten()

    async def run(self) -> Forgotten:
        self._done.in_use = await self._is_in_use()
        histories = _Changes()
        async for keys in self._keys():
            await self._examine_histories([key for key in keys if key.kind in _HISTORIES], histories)
        if self._done.refused:
            return self._done
        async for keys in self._keys():
            for kind in {key.kind for key in keys} - _HISTORIES:
                await self._clean(kind, [key for key in keys if key.kind == kind])
        await self._apply(histories)
        return self._done

    async def _is_in_use(self) -> bool | None:
        """Whether workers have the same key. An earlier one is no mistake here, another number of shards is."""
        standing = await guarded(lambda: self._client.get(self._agreement.key))
        if standing is None:
            return None
        try:
            self._agreement.check(standing)
        except WrongStore as error:
            if error.what != "pseudonym key":
                raise
            return False
        return True

    async def _keys(self) -> AsyncIterator[list[_Key]]:
        """All keys of the namespace, some at a time. A key may come twice, as `SCAN` has it."""
        cursor = 0
        self._done.scanned = 0
        self._done.unknown.clear()
        while True:
            cursor, raw = await guarded(lambda: self._client.scan(cursor, match=self._pattern, count=_KEYS_AT_ONCE))  # noqa: B023
            keys = [key for one in raw if (key := self._parsed(one))]
            self._done.scanned += len(raw)
            yield keys
            if cursor == 0:
                return

    def _parsed(self, raw: bytes) -> _Key | None:
        form = self._form.match(raw)
        if not form:
            self._done.unknown["?"] += 1
            return None
        shard, suffix, kind, name = form.groups(b"")
        return _Key(raw, int(shard), suffix, kind, name)

    # --- histories -------------------------------------------------------------------------------------------------------

    async def _examine_histories(self, keys: list[_Key], changes: _Changes) -> None:
        """Those of the member go; of others' those entries that the member made, and what names the member goes on without."""
        for key, entries in zip(keys, await self._entries(keys), strict=True):
            members = key.kind in (b"acts", b"received")
            own = members and key.name == self._member
            if own:
                changes.drop(key, len(entries))
            read = False
            for raw in entries:
                entry = Entry(0, raw)
                event_id, actor, *_ = entry.rest
                if not event_id:  # a campaign has taken in another
                    continue
                if not read and self._open(event_id) is None:
                    self._done.unreadable += 1
                    break
                self._done.opened += not read
                read = True
                if (actor or key.name) == self._member:
                    self._events.add(event_id)
                    self._names_of_events.add(entry.name)
                    changes.swaps.append(_Swap(key, "zset", b"", raw, b"", 1))
                elif (left := without(entry, self._names)) is not None:
                    changes.swaps.append(_Swap(key, "zset", b"", raw, left, 1))

    def _names(self, hidden: bytes) -> bool:
        """Whether what was counted is the member, or is sealed words with the member's id in them.

        Rules make such words of ids alone, one after the other, or of JSON: the id is the whole, a part, or in quotes.
        """
        if len(hidden) == MEMBER_BYTES:
            return hidden == self._member
        if hidden == self._seal:
            return True
        words = self._open(hidden)
        return words is not None and (self._actor_id in words.split(_PART) or self._quoted in words)

    def _open(self, sealed: bytes) -> str | None:
        try:
            return self._pseudonyms.unseal(sealed)
        except (InvalidTag, UnicodeDecodeError):
            return None

    # --- everything else -------------------------------------------------------------------------------------------------

    async def _clean(self, kind: bytes, keys: list[_Key]) -> None:
        for _ in range(_ATTEMPTS):
            changes = _Changes()
            match kind:
                case b"tie" | b"asked" | b"answers" | b"reported" | b"in" | b"circle":
                    await self._examine_ties(keys, changes)
                case b"incident":
                    await self._examine_incidents(keys, changes)
                case b"verdicts":
                    for key in keys:
                        if self._owned(key):
                            changes.drop(key)
                case b"talk":
                    await self._examine_talks(keys, changes)
                case b"brought" | b"added":
                    await self._examine_hashes(keys, changes)
                case b"leader" | b"sentence":
                    await self._examine_texts(keys, changes)
                case b"episode":
                    await self._examine_episodes(keys, changes)
                case b"members":
                    await self._examine_members(keys, changes)
                case b"told":
                    await self._examine_told(keys, changes)
                case _:
                    if kind not in _ABOUT_NOBODY:
                        self._done.unknown[kind.decode("ascii", "replace")] += len(keys)
            keys = await self._apply(changes)
            if not keys:
                return

    def _owned(self, key: _Key) -> bool:
        return key.name[:MEMBER_BYTES] == self._member

    async def _examine_ties(self, keys: list[_Key], changes: _Changes) -> None:
        """Acquaintances, answers that wait, and who was reported: each names one member or two, from the start."""
        for key, entries in zip(keys, await self._entries(keys), strict=True):
            if self._owned(key):
                changes.drop(key, len(entries))
                continue
            named = {e for e in entries if self._member in (e[:MEMBER_BYTES], e[MEMBER_BYTES : 2 * MEMBER_BYTES])}
            if named:
                changes.take_out(key, named)

    async def _examine_hashes(self, keys: list[_Key], changes: _Changes) -> None:
        found = await self._answers([("HEXISTS", key.raw, self._member) for key in keys])
        for key, there in zip(keys, found, strict=True):
            if there:
                changes.take_out(key, {self._member})

    async def _examine_talks(self, keys: list[_Key], changes: _Changes) -> None:
        """The member was addressed in no conversation, and whom the member addressed there was addressed by nobody."""
        for key in keys:
            swaps: dict[bytes, _Swap] = {}
            async for name, value in self._fields(key):
                if name == self._member:
                    changes.take_out(key, {name})
                elif value[:MEMBER_BYTES] == self._member:
                    left = bytes(MEMBER_BYTES) + value[MEMBER_BYTES:]
                    swaps[name] = _Swap(key, "hash", name, value, left, 1)
            changes.swaps += swaps.values()

    async def _examine_texts(self, keys: list[_Key], changes: _Changes) -> None:
        """What leaders keep of the member's texts, and that the member wrote a sentence. Hashes of texts stay."""
        for key in keys:
            swaps: dict[bytes, _Swap] = {}
            async for name, value in self._fields(key):
                if key.kind == b"leader":
                    left = leader_without(self._pseudonyms, value, self._member)
                else:
                    left = witnesses_without(self._pseudonyms, name, value, self._actor_id)
                if left != value:
                    swaps[name] = _Swap(key, "hash", name, value, left, 1)
            changes.swaps += swaps.values()

    async def _examine_episodes(self, keys: list[_Key], changes: _Changes) -> None:
        """Episodes of the member go, and the member's events are no evidence in others'."""
        for key, value in zip(keys, await self._answers([("GET", key.raw) for key in keys]), strict=True):
            if value is None:
                continue
            episode = unpack(value)
            if self._owned(key) or episode[_EPISODE_SUBJECT] == self._seal:
                changes.drop(key)
                continue
            events = episode[_EPISODE_EVENTS]
            episode[_EPISODE_EVENTS] = [event for event in events if event not in self._events]
            if gone := len(events) - len(episode[_EPISODE_EVENTS]):
                changes.swaps.append(_Swap(key, "string", b"", value, pack(episode), gone))

    async def _examine_incidents(self, keys: list[_Key], changes: _Changes) -> None:
        """What is remembered of incidents about the member, for a verdict that may come."""
        for key, value in zip(keys, await self._answers([("GET", key.raw) for key in keys]), strict=True):
            if value is not None and unpack(value)[0] == self._seal:
                changes.drop(key)

    async def _examine_members(self, keys: list[_Key], changes: _Changes) -> None:
        scores = await self._answers([("ZSCORE", key.raw, self._seal) for key in keys])
        owned = [key for key in keys if self._owned(key)]
        sizes = dict(zip(owned, await self._answers([("ZCARD", key.raw) for key in owned]), strict=True))
        for key, score in zip(keys, scores, strict=True):
            if key in sizes:
                changes.drop(key, sizes[key])
            elif score is not None:
                changes.take_out(key, {self._seal})

    async def _examine_told(self, keys: list[_Key], changes: _Changes) -> None:
        """What the member's events were told goes; what others' were told goes on without the member."""
        for key, value in zip(keys, await self._answers([("GET", key.raw) for key in keys]), strict=True):
            if value is None:
                continue
            if key.name[:EVENT_NAME_BYTES] in self._names_of_events:
                changes.drop(key)
                continue
            told = unpack(value)
            kept = [
                [*shown, *opened]
                for episode, packed, *opened in told
                if (shown := self._told_without(episode, packed)) is not None
            ]
            if kept == told:
                continue
            changes.swaps.append(_Swap(key, "string", b"", value, pack(kept) if kept else b"", 1))

    def _told_without(self, episode: bytes, packed: bytes) -> list[bytes] | None:
        if packed in (SILENCED, CUT):
            return None if episode[:MEMBER_BYTES] == self._member else [episode, packed]
        revision = unpack(packed)
        if episode[:MEMBER_BYTES] == self._member or self._quoted in (self._open(revision[_REVISION_OPENING]) or ""):
            return None
        events, members = revision[_REVISION_EVENTS], revision[_REVISION_MEMBERS]
        revision[_REVISION_EVENTS] = [event for event in events if event not in self._events]
        revision[_REVISION_MEMBERS] = [member for member in members if member != self._seal]
        revision[_REVISION_COUNT] -= len(members) - len(revision[_REVISION_MEMBERS])
        changed = events != revision[_REVISION_EVENTS] or members != revision[_REVISION_MEMBERS]
        return [episode, pack(revision) if changed else packed]

    # --- reading and writing ---------------------------------------------------------------------------------------------

    async def _answers(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """One pipeline of commands, and their answers."""

        async def run() -> list[Any]:
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            # raised here, because redis-py would add the command, and with it what it carries, to the message
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
            return answers

        return await guarded(run) if commands else []

    async def _entries(self, keys: list[_Key]) -> list[list[bytes]]:
        """The entries of sorted sets, large ones in several steps."""
        found: list[dict[bytes, None]] = [{} for _ in keys]
        open_: dict[int, int] = dict.fromkeys(range(len(keys)), 0)
        while open_:
            asked = [("ZSCAN", keys[at].raw, cursor, "COUNT", _ENTRIES_AT_ONCE) for at, cursor in open_.items()]
            answers = dict(zip(open_, await self._answers(asked), strict=True))
            for at, (_, entries) in answers.items():
                found[at].update((entry, None) for entry, _ in entries)
            open_ = {at: cursor for at, (cursor, _) in answers.items() if cursor}
        return [list(entries) for entries in found]

    async def _fields(self, key: _Key) -> AsyncIterator[tuple[bytes, bytes]]:
        """The fields and values of a hash. One may come twice, as `HSCAN` has it."""
        cursor = 0
        while True:
            [[cursor, fields]] = await self._answers([("HSCAN", key.raw, cursor, "COUNT", _ENTRIES_AT_ONCE)])
            for name, value in fields.items():
                yield name, value
            if not cursor:
                return

    async def _apply(self, changes: _Changes) -> list[_Key]:
        """Make the changes, or only count them. Gives the keys that a worker has changed meanwhile."""
        dropped, without = list(changes.dropped.items()), [(k, e) for k, e in changes.without.items() if e]
        without = [(key, entries) for key, entries in without if key not in changes.dropped]
        swaps = [swap for swap in changes.swaps if swap.key not in changes.dropped]
        if self._dry_run:
            gone: list[int] = [1] * len(dropped)
            taken = [len(entries) for _, entries in without]
            swapped = [1] * len(swaps)
        else:
            gone = await self._in_steps([("UNLINK", key.raw) for key, _ in dropped])
            taken = await self._in_steps(
                [
                    ("HDEL" if key.kind in (b"brought", b"added", b"talk") else "ZREM", key.raw, *entries)
                    for key, entries in without
                ]
            )
            swapped = await self._swap(swaps)
        for (key, entries), there in zip(dropped, gone, strict=True):
            self._done.note(key.kind.decode(), there, entries if there else 0)
        for (key, _), count in zip(without, taken, strict=True):
            self._done.note(key.kind.decode(), 0, count)
        missed = []
        for swap, there in zip(swaps, swapped, strict=True):
            if there:
                whole = swap.type == "string" and not swap.new
                self._done.note(swap.key.kind.decode(), int(whole), 0 if whole else swap.entries)
            elif swap.type != "zset":
                missed.append(swap.key)
        return list(dict.fromkeys(missed))

    async def _in_steps(self, commands: list[tuple[Any, ...]]) -> list[int]:
        answers: list[int] = []
        for start in range(0, len(commands), _KEYS_AT_ONCE):
            answers += await self._answers(commands[start : start + _KEYS_AT_ONCE])
        return answers

    async def _swap(self, swaps: list[_Swap]) -> list[int]:
        """1 for each swap that was made, 0 where the value was no longer there."""
        answers: list[int] = [0] * len(swaps)
        for start in range(0, len(swaps), _ENTRIES_AT_ONCE):
            by_shard: dict[int, list[int]] = {}
            for at in range(start, min(start + _ENTRIES_AT_ONCE, len(swaps))):
                by_shard.setdefault(swaps[at].key.shard, []).append(at)
            requests = {
                shard: [
                    Call(_SWAP, [(s.type, s.key.suffix, s.field, s.old, s.new) for s in map(swaps.__getitem__, ats)])
                ]
                for shard, ats in by_shard.items()
            }
            for shard, [made] in (await self._shards.run(requests)).items():
                for at, one in zip(by_shard[shard], made, strict=True):
                    answers[at] = one
        return answers
