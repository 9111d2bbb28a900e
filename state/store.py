"""The Redis store: a whole batch of questions in, their answers out, one round trip a step.

Every step is one or two script calls a shard, safe to run twice. Keys are `<namespace>{s<shard>}:<kind>:<hash>`; the braces
make a Redis Cluster keep a shard together. What is kept, for how long and how much of it is said in `docs/state.md`.
"""

from collections.abc import Sequence

from msgspec import Struct
from redis.asyncio import Redis

from state.campaigns import CAMPAIGNS, CampaignCodec
from state.episodes import EPISODES, EpisodeCodec
from state.pseudonyms import Pseudonyms
from state.requests import EpisodeClaim, Observation, Reading, Recalled, Revision, Text, Tie
from state.scripts import Call, Script, Shards
from state.ties import TIES, TiePlan
from state.windows import WINDOWS, WindowCodec

DEFAULT_NAMESPACE = "tw3:"
"""Bump the number when the meaning of stored values changes: old keys then expire by themselves."""
DAY = 24 * 3600
_LOOKUP = Script("lookup")
COMMANDS = frozenset[str]().union(*(script.commands for script in (_LOOKUP, TIES, CAMPAIGNS, WINDOWS, EPISODES)))
"""What scripts of a batch call; `deploy/redis/users.acl` allows a worker no other command on its keys."""


class StoreLimits(Struct, frozen=True, kw_only=True):
    """How long and how much the store remembers. Times in seconds.

    `grace` is added to every expiry: Redis expires by the wall clock, so that state which a backlog still needs must outlive
    the longest downtime. `generation` is the stretch of event time after which a campaign that nobody joined is forgotten
    (it is found for one to two generations). `texts_per_author` are remembered in one generation, further new ones are not
    compared; `windows_per_actor` is how many new windows one actor may begin in a day, in each shard.
    """

    grace: int = 3 * DAY
    generation: int = 2 * DAY
    lateness: int = 6 * 3600
    tie_ttl: int = 400 * DAY
    ties_per_member: int = 5_000
    entries_per_window: int = 10_000
    members_per_episode: int = 10_000
    texts_per_author: int = 5_000
    windows_per_actor: int = 20_000
    bands: int = 32
    similarity_threshold: float = 0.6


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
        self._shards = Shards(client, namespace, shards)
        self._pseudonyms = pseudonyms
        self._limits = limits
        self._windows = WindowCodec(pseudonyms, lateness=limits.lateness, grace=limits.grace)
        self._episodes = EpisodeCodec(pseudonyms)
        self._campaigns = CampaignCodec(
            pseudonyms,
            bands=limits.bands,
            threshold=limits.similarity_threshold,
            generation=limits.generation,
            lateness=limits.lateness,
            grace=limits.grace,
            texts_per_author=limits.texts_per_author,
        )

    async def ping(self) -> None:
        """Raise `StateUnavailable` unless Redis answers and the user may run what batches need."""
        await self._shards.check(COMMANDS)

    async def recall(self, ties: Sequence[Tie], texts: Sequence[Text], event_ids: Sequence[str]) -> Recalled:
        """Remember who turned to whom and which texts were seen; tell what was known of them before, and what the events
        were told when they came before. One round trip.
        """
        limits = self._limits
        plan = TiePlan(ties, self._pseudonyms, len(self._shards))
        names = [self._episodes.event_key(event_id) for event_id in event_ids]
        calls = {shard: [Call(_LOOKUP, ("told", names))] for shard in range(len(self._shards))} if names else {}
        for shard, operations in enumerate(plan.operations):
            if operations:
                request = (limits.ties_per_member, limits.tie_ttl, limits.grace, operations)
                calls.setdefault(shard, []).append(Call(TIES, request))
        if texts:
            request = self._campaigns.request(list(texts))
            calls.setdefault(0, []).append(Call(CAMPAIGNS, request, self._campaigns.scope))
        answers = await self._shards.run(calls)
        campaigns = [self._campaigns.campaign(answer) for answer in answers[0].pop()] if texts else []
        told: list[list[Revision]] = [[] for _ in names]
        for results in answers.values() if names else ():
            for position, packed in results.pop(0):
                told[position - 1] += self._episodes.told(packed)
        known, kinds = plan.answers({shard: results[0] for shard, results in answers.items() if results})
        return Recalled(known, kinds, campaigns, told)

    async def measure(self, observations: Sequence[Observation]) -> list[list[Reading]]:
        """Record the observations in order and answer their looks; parallel to `observations`. One round trip."""
        keys = [self._windows.key(observation) for observation in observations]

        def request(items: list[int]) -> object:
            packed = [self._windows.request(observations[i], keys[i]) for i in items]
            limits = self._limits
            return (limits.entries_per_window, limits.tie_ttl, limits.windows_per_actor, packed)

        owners = [self._pseudonyms.member(observation.owner) for observation in observations]
        answers = await self._shards.run_by_key(WINDOWS, owners, request)
        return [[self._windows.reading(reading) for reading in answer] for answer in answers]

    async def settle(self, claims: Sequence[EpisodeClaim]) -> list[Revision | None]:
        """Open or grow episodes, in order; None where a finding adds nothing worth telling. One round trip."""
        keys = [self._episodes.key(claim) for claim in claims]

        def request(items: list[int]) -> object:
            packed = [self._episodes.request(claims[i], keys[i]) for i in items]
            return (self._limits.grace, self._limits.members_per_episode, packed)

        answers = await self._shards.run_by_key(EPISODES, keys, request)
        return [self._episodes.revision(answer) if answer else None for answer in answers]
