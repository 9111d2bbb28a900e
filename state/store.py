"""The Redis store: a whole batch of questions in, their answers out, in a few round trips a step.

Every step is safe to run twice. Keys are `<namespace>{s<shard>}:<kind>:<hash>`; the braces
make a Redis Cluster keep a shard together. What is kept, for how long and how much of it is said in `docs/state.md`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from state.agreement import Agreement
from state.campaign_tables import JOIN, LOOK
from state.campaigns import CampaignCodec
from state.decisions import WRITE, View, decide
from state.episodes import Episodes
from state.histories import HISTORY, Histories, HistoryLimits, Measured
from state.joining import Joining
from state.kinds import (
    ADDED,
    ANSWERS,
    INCIDENT,
    LEADER,
    LEARNT,
    NUMBER,
    PROGRESS,
    RELATION,
    REVISION,
    SETTINGS,
    SOURCE,
    USED,
    Kind,
)
from state.limits import StoreLimits
from state.merging import Merging
from state.progress import Exchange
from state.pseudonyms import EVENT_NAME_BYTES, Pseudonyms
from state.quotations import SourceCodec, Written
from state.relations import RELATIONS, RelationPlan, work_of
from state.requests import (
    MICROSECONDS,
    Campaign,
    Cut,
    Doubt,
    EpisodeUpdate,
    EventName,
    Filing,
    Found,
    Judgement,
    MergeDecision,
    ModeratorVerdict,
    Others,
    Progress,
    Recalled,
    Relation,
    Revision,
    Silenced,
    Text,
    WindowUpdate,
)
from state.scripts import PLAIN, Call, Command, Script, Shards, pack, shard_of, unpack
from state.server import ServerMemory, memory_of
from state.upheld import JUDGED, UpheldTexts
from state.verdicts import Verdicts

DEFAULT_NAMESPACE = "tw9:"
"""Bump the number when the meaning of stored values changes: old keys then expire by themselves."""
_WORK_OF_ID = 3
"""At worst, as much as passing over so many members (`state.scripts.WORK`)."""
_USED = Script("used")
_DOUBTS = PROGRESS.key(b"doubts")
"""A hash, topic -> msgpack {start, end} in event time, microseconds: of which topics records were missing when events were
judged that come after them, and when those events happened.
"""
SCRIPTS = (
    _USED,
    RELATIONS,
    LOOK,
    JOIN,
    JUDGED,
    HISTORY,
    WRITE,
)
COMMANDS = PLAIN.union(*(script.commands for script in SCRIPTS))
"""What a batch calls; `deploy/redis/users.acl` allows a worker no other command on its keys."""


class Store:
    """All that twinwatch remembers. One object serves any number of batches, one at a time or at once.

    Every method raises `StateUnavailable` when Redis could not answer, and is safe to call again with the same arguments.
    """

    def __init__(
        self,
        client: "Redis",
        pseudonyms: Pseudonyms,
        *,
        shards: int = 1,
        namespace: str = DEFAULT_NAMESPACE,
        limits: StoreLimits | None = None,
    ) -> None:
        limits = limits or StoreLimits()
        self._client = client
        self._shards = Shards(client, namespace, shards)
        self._agreement = Agreement(pseudonyms, shards, namespace)
        self._pseudonyms = pseudonyms
        self.salt = pseudonyms.salt
        """What the signatures of texts are salted with that this store gets."""
        self._limits = limits
        history_limits = HistoryLimits(
            lateness=limits.lateness,
            grace=limits.grace,
            number_ttl=NUMBER.ttl(limits),
            added_ttl=ADDED.ttl(limits),
            entries=limits.entries_per_history,
            size=limits.bytes_per_history,
            bytes_per_actor=limits.bytes_per_actor,
            period=limits.period,
        )
        self._histories = Histories(self._shards, pseudonyms, history_limits)
        self._episodes = Episodes(self._shards, pseudonyms, limits)
        self._verdicts = Verdicts(self._shards, pseudonyms, limits)
        self._campaigns = CampaignCodec(
            pseudonyms,
            generation=limits.generation,
            lateness=limits.lateness,
            grace=limits.grace,
            boilerplate=limits.boilerplate,
            boilerplate_ttl=LEARNT.ttl(limits),
        )
        self._joining = Joining(
            self._shards,
            pseudonyms,
            self._campaigns,
            threshold=limits.similarity_threshold,
            texts_per_author=limits.texts_per_author,
        )
        self._sources = SourceCodec(pseudonyms, self._campaigns, SOURCE.ttl(limits))
        self._upheld = UpheldTexts(self._shards, pseudonyms, self._campaigns, limits)
        self._merging = Merging(self._shards, self._campaigns, self._upheld.ttl)

    async def ping(self) -> None:
        """Raise `StateUnavailable` unless Redis answers and the user may run what batches need.

        Of these `state.agreement.WrongStore` where workers with another pseudonym key or number of shards use it.
        """
        await self._shards.check(COMMANDS)
        await self._agreement.reach(self._shards, SETTINGS.ttl(self._limits))

    async def memory(self) -> ServerMemory:
        """How the server's memory stands."""
        return await memory_of(self._client)

    async def campaigns(self, time: int) -> int:
        """How many texts a text of that event time is compared with: leaders of campaigns, in all its generations."""
        tables = [LEADER.key(b"%d" % generation).decode() for generation in self._campaigns.generations(time)]
        return await self._shards.entries(0, self._campaigns.scope, tables)

    async def share_progress(self, progress: Progress, *, silent_after: float, kept: int) -> Others:
        """Tell the other workers of the group how far this one has come, and learn how far they have. Who has not told for
        `silent_after` seconds is silent; its partitions stay its own, for `kept` seconds, until another claims them.
        """
        return await Exchange(self._shards, progress, silent_after=silent_after, kept=kept).run()

    async def recall(
        self,
        relations: Sequence[Relation],
        texts: Sequence[Text],
        events: Sequence[EventName],
        filings: Sequence[Filing] = (),
        doubts: Sequence[Doubt] = (),
        doubts_kept: int = 0,
    ) -> Recalled:
        """Remember who turned to whom, which texts were seen, who reported whom and what is judged out of order; tell what was
        known of them before, what the events were told when they came before, and whether others have carried their ids.
        One round trip; two more for each hundred texts, four where they are like known ones; more where somebody was reported,
        something is judged out of order, texts show others' words, or they may repeat what was upheld.
        """
        try:
            return await self._recall(relations, texts, events, filings, doubts, doubts_kept)
        finally:
            self._campaigns.drop_texts()

    async def _recall(
        self,
        relations: Sequence[Relation],
        texts: Sequence[Text],
        events: Sequence[EventName],
        filings: Sequence[Filing],
        doubts: Sequence[Doubt],
        doubts_kept: int,
    ) -> Recalled:
        limits = self._limits
        plan = RelationPlan(relations, self._pseudonyms, len(self._shards))
        names = [self._pseudonyms.event(event.identity) for event in events]
        calls: dict[int, list[Call | Command]] = {}
        unlearnt = 0
        if names:
            calls = {shard: [_all_of(REVISION, names)] for shard in range(len(self._shards))}
        for shard, operations in enumerate(plan.operations):
            if operations:
                request = (limits.ties_per_member, RELATION.ttl(limits), ANSWERS.ttl(limits), operations)
                calls.setdefault(shard, []).append(Call(RELATIONS, request, work=list(map(work_of, operations))))
        if texts:
            joined, unlearnt = await self._joining.join(texts)
            places = self._upheld.places(texts)
            asked_of_texts = self._upheld.asked(texts, places)
            calls.setdefault(0, []).extend(asked_of_texts)
        if doubts:
            await decide(self._shards, 0, lambda view: self._doubt(view, doubts, doubts_kept))
        calls.setdefault(0, []).append(Command("HGETALL", (_DOUBTS,)))
        carried = self._carried(events, calls)
        answers = await self._shards.run(calls)
        conflicting = _conflicting(carried, answers)
        doubted = tuple(Doubt(topic.decode(), *unpack(value)) for topic, value in answers[0].pop().items())
        campaigns: list[Campaign | None] = []
        merged: list[tuple[str, ...]] = []
        decisions: list[MergeDecision | Judgement] = []
        if texts:
            told_of_texts = [answers[0].pop() for _ in asked_of_texts][::-1]
            known_texts, judgements = await self._upheld.recall(texts, places, joined, told_of_texts)
            campaigns, merged, merges = self._campaigns.answers(texts, joined, known_texts)
            decisions = [*merges, *judgements]
        sources = await self._sources.recall(self._shards, texts, zip(campaigns, merged, strict=True))
        records = await self._verdicts.records(filings)
        told: list[list[Revision]] = [[] for _ in names]
        for results in answers.values() if names else ():
            for of_event, packed in zip(told, results.pop(0), strict=True):
                of_event += self._episodes.told(packed) if packed else ()
        known, answered = plan.answers({shard: results[0] for shard, results in answers.items() if results})
        return Recalled(
            known, answered, campaigns, told, records, merged, decisions, conflicting, doubted, sources, unlearnt
        )

    async def _doubt(self, view: View, doubts: Sequence[Doubt], shows: int) -> None:
        """Remember of each topic the latest doubt, made one with that before unless this is over for so long that nothing
        counted then shows any more (`shows`, in microseconds).
        """
        topics = [doubt.topic.encode() for doubt in doubts]
        await view.read(fields=[(_DOUBTS, topic) for topic in topics])
        for topic, doubt in zip(topics, doubts, strict=True):
            start, end = doubt.start, doubt.end
            if before := view.get(_DOUBTS, topic):
                first, last = unpack(before)
                if last + shows >= start and end + shows >= first:
                    start, end = min(start, first), max(end, last)
            ttl = PROGRESS.ttl(self._limits, shows // MICROSECONDS)
            view.set_field(_DOUBTS, ttl, topic, pack((start, end)))

    def _carried(self, events: Sequence[EventName], calls: dict[int, list[Call | Command]]) -> dict[int, list[int]]:
        """Adds the calls that remember which event carries which id; positions of the events by the shards of their ids."""
        by_shard: dict[int, list[int]] = {}
        requests: dict[int, list[tuple[int, bytes, bytes]]] = {}
        stretch = self._limits.period
        ttl = USED.ttl(self._limits)
        for position, event in enumerate(events):
            name = self._pseudonyms.key("id", event.event_id)[:EVENT_NAME_BYTES]
            shard = shard_of(name, len(self._shards))
            by_shard.setdefault(shard, []).append(position)
            which = self._pseudonyms.event(event.identity)[:EVENT_NAME_BYTES]
            requests.setdefault(shard, []).append((event.time // (stretch * MICROSECONDS), name, which))
        for shard, items in requests.items():
            calls.setdefault(shard, []).append(Call(_USED, (ttl, items), work=[_WORK_OF_ID] * len(items)))
        return by_shard

    async def measure(self, updates: Sequence[WindowUpdate], cut: Counter[str] | None = None) -> Measured:
        """Remember what the events add, so that the results of the updates' queries can be read, in order, parallel to
        `updates`. Those of one event stand together. A round trip, or a few where there is much.

        Adds to `cut` of how many additions a part was left out: of their `members`, or all because the `actor` has added
        too much.
        """
        return await self._histories.measure(updates, Counter() if cut is None else cut)

    async def settle(
        self,
        claims: Sequence[EpisodeUpdate],
        decisions: Sequence[MergeDecision | Judgement] = (),
        written: Sequence[Written] = (),
    ) -> list[Revision | Silenced | Cut | None]:
        """Open or grow episodes, in order; None where a finding adds nothing worth telling, `Silenced` where people have
        dismissed it, `Cut` where its event has opened all that one event may. Claims of one event stand together, the gravest
        first. Remember who wrote the batch's texts and who got them, and write down what was decided about them: last, because
        what follows from a decision is done again only as long as the decision is not written. Some eight round trips.
        """
        settled = await self._episodes.settle(claims)
        await self._sources.remember(self._shards, written)
        await self._merging.keep([one for one in decisions if isinstance(one, MergeDecision)])
        calls = await self._upheld.keep([one for one in decisions if isinstance(one, Judgement)])
        if calls:
            await self._shards.run({0: calls})
        return settled

    async def find(self, incident_ids: Sequence[str], events: Sequence[EventName] = ()) -> Found:
        """What is remembered of incidents, and whether others have carried the events' ids. One round trip."""
        names = [incident_id.encode() for incident_id in incident_ids]
        calls: dict[int, list[Call | Command]] = {
            shard: [_all_of(INCIDENT, names)] if names else [] for shard in range(len(self._shards))
        }
        carried = self._carried(events, calls)
        answers = await self._shards.run(calls)
        found = Found([None] * len(names), _conflicting(carried, answers))
        for results in answers.values():
            for position, packed in enumerate(results[0] if names else ()):
                if packed:
                    found.incidents[position] = self._episodes.remembered(packed)
        return found

    async def learn(self, moderator_verdicts: Sequence[ModeratorVerdict]) -> None:
        """Remember what people said, in order; of an incident the latest counts. Some eight round trips."""
        await self._verdicts.learn(moderator_verdicts)
        await self._upheld.learn(moderator_verdicts)


def _all_of(kind: Kind, names: Sequence[bytes]) -> Command:
    """Asks for the values of keys of a kind."""
    return Command("MGET", tuple(map(kind.key, names)))


def _conflicting(carried: dict[int, list[int]], answers: Mapping[int, list[Any]]) -> list[bool]:
    """Takes the answers about ids, the last of each shard; whether another event has carried an event's id before."""
    conflicting = [False] * sum(map(len, carried.values()))
    for shard, positions in carried.items():
        for position, flag in zip(positions, answers[shard].pop(), strict=True):
            conflicting[position] = flag == 1
    return conflicting
