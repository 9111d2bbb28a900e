"""The Redis store: a whole batch of questions in, their answers out, one round trip a step.

Every step is one script call a shard, safe to run twice. Keys are `<namespace>{s<shard>}:<kind>:<hash>`; the braces make a
Redis Cluster keep a shard together. What is kept, for how long and how much of it is said in `docs/state.md`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zlib import crc32

import msgpack
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from state.errors import StateUnavailable
from state.pseudonyms import Pseudonyms
from state.requests import (
    MICROSECONDS,
    Acceptance,
    Approach,
    Campaign,
    Contribution,
    EpisodeClaim,
    InvitationAnswer,
    Observation,
    Reading,
    Recalled,
    Revision,
    TargetKind,
    Text,
    Tie,
)

DEFAULT_NAMESPACE = "tw1:"
"""Bump the number when the meaning of stored values changes: old keys then expire by themselves."""
SIGNATURE_SCHEME = "affine32x128"
CAMPAIGN_NAMESPACE = uuid5(NAMESPACE_URL, "https://twinwatch.example/campaign")
DAY = 24 * 3600


class StoreLimits(Struct, frozen=True, kw_only=True):
    """How long and how much the store remembers. Times in seconds.

    `grace` is added to every expiry: Redis expires by the wall clock, so that state which a backlog still needs must outlive
    the longest downtime. `generation` is the stretch of event time after which a campaign that nobody joined is forgotten
    (it is found for one to two generations).
    """

    grace: int = 3 * DAY
    generation: int = 2 * DAY
    lateness: int = 6 * 3600
    tie_ttl: int = 400 * DAY
    ties_per_member: int = 5_000
    entries_per_window: int = 10_000
    bands: int = 32
    similarity_threshold: float = 0.6


class _Script:
    """One Lua file and its SHA-1, by which Redis knows it."""

    def __init__(self, name: str) -> None:
        self.source = files("state").joinpath("lua", f"{name}.lua").read_text("utf-8")
        self.sha = sha1(self.source.encode(), usedforsecurity=False).hexdigest()


_TIES, _CAMPAIGNS, _WINDOWS, _EPISODES = (_Script(name) for name in ("ties", "campaigns", "windows", "episodes"))
_SCRIPTS = (_TIES, _CAMPAIGNS, _WINDOWS, _EPISODES)

_Call = tuple[_Script, Any]


def _pack(value: object) -> bytes:
    # cmsgpack knows no `bin` type, so bytes travel as raw strings
    packed: bytes = msgpack.packb(value, use_bin_type=False)
    return packed


def _unpack(value: bytes) -> Any:
    return msgpack.unpackb(value, raw=True, strict_map_key=False)


class Store:
    """All that twinwatch remembers. One object serves any number of batches, one at a time or at once."""

    def __init__(
        self,
        client: "Redis",
        pseudonyms: Pseudonyms,
        *,
        shards: int = 1,
        namespace: str = DEFAULT_NAMESPACE,
        limits: StoreLimits | None = None,
    ) -> None:
        self._client = client
        self._pseudonyms = pseudonyms
        self._limits = limits or StoreLimits()
        self._prefixes = [f"{namespace}{{s{shard}}}:" for shard in range(shards)]

    async def ping(self) -> None:
        """Raise `StateUnavailable` unless Redis answers."""
        await self._guarded(self._client.ping)

    async def recall(self, ties: Sequence[Tie], texts: Sequence[Text]) -> Recalled:
        """Remember who turned to whom and which texts were seen, and tell what was known of them before. One round trip."""
        plan = _TiePlan(ties, self._pseudonyms, len(self._prefixes))
        calls: dict[int, list[_Call]] = {
            shard: [(_TIES, (self._limits.ties_per_member, self._limits.tie_ttl, operations))]
            for shard, operations in enumerate(plan.operations)
            if operations
        }
        if texts:
            calls.setdefault(0, []).append((_CAMPAIGNS, self._campaign_request(texts)))
        answers = await self._run(calls)
        campaigns = [_campaign(answer) for answer in answers[0].pop()] if texts else []
        known, kinds = plan.answers({shard: results[0] for shard, results in answers.items() if results})
        return Recalled(known, kinds, campaigns)

    async def measure(self, observations: Sequence[Observation]) -> list[list[Reading]]:
        """Record the observations in order and answer their looks; parallel to `observations`. One round trip."""
        keys = [self._pseudonyms.key(*observation.key) for observation in observations]

        def request(items: list[int]) -> Any:
            packed = [self._observation(observations[i], b"win:" + keys[i]) for i in items]
            return (self._limits.entries_per_window, packed)

        answers = await self._by_shard(_WINDOWS, keys, request)
        return [
            [self._reading(reading, observation.named) for reading in answer]
            for answer, observation in zip(answers, observations, strict=True)
        ]

    async def settle(self, claims: Sequence[EpisodeClaim]) -> list[Revision | None]:
        """Open or grow episodes, in order; None where a finding adds nothing worth telling. One round trip."""
        keys = [self._pseudonyms.key(*claim.key) for claim in claims]

        def request(items: list[int]) -> Any:
            return (self._limits.grace, [self._claim(claims[i], keys[i]) for i in items])

        answers = await self._by_shard(_EPISODES, keys, request)
        return [_revision(answer) if answer else None for answer in answers]

    # --- packing -----------------------------------------------------------------------------------------------------

    def _campaign_request(self, texts: Sequence[Text]) -> Any:
        limits = self._limits
        return (
            limits.bands,
            limits.similarity_threshold,
            2 * limits.generation + limits.lateness + limits.grace,
            [(t.digest, t.signature, _campaign_id(t.event_id), self._generations(t.time)) for t in texts],
        )

    def _generations(self, time: int) -> list[int]:
        """The generation of `time`, and the others in which its campaign may stand: the one before, and, for a text that
        is up to `lateness` late at a boundary, the one after.
        """
        length = self._limits.generation * MICROSECONDS
        own = time // length
        after = (time + self._limits.lateness * MICROSECONDS) // length
        return [own, own - 1, *range(own + 1, after + 1)]

    def _observation(self, observation: Observation, key: bytes) -> Any:
        hide = self._pseudonyms.seal if observation.named else self._pseudonyms.member
        members = (
            None if observation.members is None else [hide(member) for member in dict.fromkeys(observation.members)]
        )
        note = self._pseudonyms.seal(observation.note) if observation.note else b""
        retained = observation.retained + self._limits.lateness * MICROSECONDS
        return (
            key,
            observation.time,
            _pack((observation.event_id, note, members or [])),
            0 if members is None else members,
            int(observation.recorded),
            retained,
            retained // MICROSECONDS + self._limits.grace,
            int(observation.named),
            [(look.length, look.sample_from) for look in observation.looks],
        )

    def _reading(self, answer: Any, named: bool) -> Reading:
        count, events, first, last, members = answer
        return Reading(
            count,
            events,
            self._contributions(first),
            self._contributions(last)[::-1],
            tuple(self._pseudonyms.unseal(member) for member in members) if named else (),
        )

    def _contributions(self, flat: list[bytes]) -> tuple[Contribution, ...]:
        contributions = []
        for packed, score in zip(flat[::2], flat[1::2], strict=True):
            event_id, note, _ = _unpack(packed)
            contributions.append(
                Contribution(int(float(score)), event_id.decode(), self._pseudonyms.unseal(note) if note else "")
            )
        return tuple(contributions)

    def _claim(self, claim: EpisodeClaim, key: bytes) -> Any:
        return (
            key,
            self._pseudonyms.key(*claim.key, claim.event_id),
            claim.incident_id,
            claim.time,
            claim.opened,
            claim.level,
            claim.severity,
            claim.gap,
            claim.growth,
            list(claim.event_ids),
            claim.opening,
            claim.payload,
        )

    # --- round trips -------------------------------------------------------------------------------------------------

    async def _by_shard(self, script: _Script, keys: list[bytes], request: Callable[[list[int]], Any]) -> list[Any]:
        """Run `script` once for each shard that owns some of `keys`; the answers come back in the order of `keys`."""
        items: dict[int, list[int]] = {}
        for index, key in enumerate(keys):
            items.setdefault(_shard(key, len(self._prefixes)), []).append(index)
        answers = await self._run({shard: [(script, request(indexes))] for shard, indexes in items.items()})
        ordered: list[Any] = [None] * len(keys)
        for shard, indexes in items.items():
            for index, answer in zip(indexes, answers[shard][0], strict=True):
                ordered[index] = answer
        return ordered

    async def _run(self, calls: dict[int, list[_Call]]) -> dict[int, list[Any]]:
        """All shards' calls at once, each shard's in one pipeline: one round trip."""
        results = await asyncio.gather(*(self._guarded(self._shard_call(shard, todo)) for shard, todo in calls.items()))
        return dict(zip(calls, results, strict=True))

    def _shard_call(self, shard: int, calls: list[_Call]) -> Callable[[], Coroutine[Any, Any, list[Any]]]:
        packed = [(script, _pack(request)) for script, request in calls]
        prefix = self._prefixes[shard]

        async def run() -> list[Any]:
            try:
                return await self._pipeline(prefix, packed)
            except NoScriptError:
                # a new or restarted server; the scripts are safe to run twice, so the whole pipeline is sent again
                for script in _SCRIPTS:
                    await self._client.script_load(script.source)
                return await self._pipeline(prefix, packed)

        return run

    async def _pipeline(self, prefix: str, calls: list[tuple[_Script, bytes]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for script, argument in calls:
            scope = f"{prefix}{SIGNATURE_SCHEME}:" if script is _CAMPAIGNS else prefix
            pipeline.evalsha(script.sha, 1, scope, argument)
        return [_unpack(answer) for answer in await pipeline.execute()]

    async def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return await call()
        except ResponseError as error:
            if _is_script_fault(error):
                raise
            raise StateUnavailable(type(error).__name__, str(error)) from error
        except (RedisError, OSError, TimeoutError) as error:
            raise StateUnavailable(type(error).__name__, str(error) or type(error).__name__) from error


def _is_script_fault(error: ResponseError) -> bool:
    """Whether a script itself is wrong, which no retry mends, rather than the server's condition (memory, role, disk)."""
    message = str(error)
    return "user_script" in message and not any(
        word in message for word in ("OOM", "READONLY", "MISCONF", "NOREPLICAS")
    )


def _shard(key: bytes, shards: int) -> int:
    return crc32(key) % shards


def _campaign_id(event_id: str) -> bytes:
    return uuid5(CAMPAIGN_NAMESPACE, event_id).bytes


def _campaign(answer: Any) -> Campaign:
    campaign_id, similarity = answer
    return Campaign(str(UUID(bytes=campaign_id)), float(similarity))


def _revision(packed: bytes) -> Revision:
    incident_id, revision, opened, event_ids, opening, payload = _unpack(packed)
    return Revision(incident_id.decode(), revision, opened, tuple(i.decode() for i in event_ids), opening, payload)


class _TiePlan:
    """The ties of a batch as operations of their shards, and the way back from the shards' answers."""

    def __init__(self, ties: Sequence[Tie], pseudonyms: Pseudonyms, shards: int) -> None:
        self._ties = ties
        self._asked: dict[tuple[int, int], tuple[int, list[str]]] = {}
        self.operations: list[list[Any]] = [[] for _ in range(shards)]
        self._pseudonyms = pseudonyms
        for index, tie in enumerate(ties):
            self._add(index, tie)

    def _add(self, index: int, tie: Tie) -> None:
        member = self._pseudonyms.member
        match tie:
            case Approach():
                if tie.ask:
                    self._ask(index, tie)
                self._remember(tie.actor, tie.time, tie.others)
            case Acceptance():
                self._remember(tie.actor, tie.time, (tie.other,))
                self._remember(tie.other, tie.time, (tie.actor,))
            case TargetKind():
                # every shard learns it, so that each answer can be settled where the member's ties are
                for operations in self.operations:
                    operations.append(("kind", self._pseudonyms.key("target", tie.target), tie.kind))
            case InvitationAnswer():
                target = self._pseudonyms.key("target", tie.target)
                for one, other in ((tie.actor, tie.inviter), (tie.inviter, tie.actor)):
                    shard = self._shard_of(one)
                    self._asked[shard, len(self.operations[shard])] = (index, [])
                    self.operations[shard].append(
                        ("answer", tie.time, member(one), member(other), target, int(tie.accepted))
                    )

    def _shard_of(self, identifier: str) -> int:
        return _shard(self._pseudonyms.member(identifier), len(self.operations))

    def _remember(self, actor: str, time: int, others: tuple[str, ...]) -> None:
        member = self._pseudonyms.member
        self.operations[self._shard_of(actor)].append(("approach", time, member(actor), [member(o) for o in others]))

    def _ask(self, index: int, tie: Approach) -> None:
        by_shard: dict[int, list[str]] = {}
        for other in tie.others:
            by_shard.setdefault(self._shard_of(other), []).append(other)
        for shard, others in by_shard.items():
            self._asked[shard, len(self.operations[shard])] = (index, others)
            keys = [self._pseudonyms.member(other) for other in others]
            self.operations[shard].append(("ask", tie.time, keys, self._pseudonyms.member(tie.actor)))

    def answers(self, by_shard: dict[int, list[bytes]]) -> tuple[list[frozenset[str]], list[str | None]]:
        """Known others and target kinds, parallel to the ties."""
        known: list[set[str]] = [set() for _ in self._ties]
        kinds: list[str | None] = [None] * len(self._ties)
        for (shard, position), (index, others) in self._asked.items():
            answer = by_shard[shard][position]
            if others:
                known[index].update(o for o, flag in zip(others, answer.decode(), strict=True) if flag == "1")
            else:
                kinds[index] = answer.decode() or None
        return [frozenset(names) for names in known], kinds
