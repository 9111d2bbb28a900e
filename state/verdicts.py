"""What people said of incidents, and what became of those that a member reported. docs/feedback.md tells the whole loop.

`verdicts:` is a hash per member: incident -> `Verdict`. Every shard has it, so that whoever judges this member's behaviour, or
weighs what somebody reported of it, finds it in the own shard. Of several verdicts on one incident the latest stands; of two
of one time the one with the higher name.

`reported:` is a sorted set per reporter: whom (8 bytes), under which article (1 byte, 0 for none), when; score = when. Each
report stands by itself, so that one which comes again finds those before it as they were.
"""

from asyncio import gather
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from state import kinds
from state.decisions import View, decide
from state.limits import StoreLimits
from state.pseudonyms import MEMBER_BYTES, Pseudonyms
from state.requests import MICROSECONDS, Filing, ModeratorVerdict, Record
from state.scripts import Command, Shards, pack, shard_of, unpack

_NAME_BYTES = 6


class Verdict(NamedTuple):
    """What stands in `verdicts:`. Times in microseconds; `rule` and what it is `about` besides the member are hashes.

    `happened`: when the incident did; `level`: what was found; `reported`: whether members had reported it.
    """

    time: int
    name: int
    upheld: int
    rule: bytes
    article: int
    happened: int
    weight: int
    level: float
    reported: int
    about: Sequence[bytes]

    def concerns(self, about: Collection[bytes]) -> bool:
        """Whether it says something of what a finding is about. One that is about nothing was said of the rule."""
        return not self.about or any(one in about for one in self.about)

    def tells_of(self, report: "_Report", near: int) -> bool:
        """Whether the incident is what a report was about: it happened within `near`, and had been reported or is of the
        article that the report names.
        """
        return (self.reported == 1 or self.article == report.article) and abs(self.happened - report.time) <= near


class _Report(NamedTuple):
    """An entry of `reported:`."""

    member: bytes
    article: int
    time: int

    @classmethod
    def of(cls, entry: bytes) -> "_Report":
        return cls(entry[:MEMBER_BYTES], entry[MEMBER_BYTES], int(entry[MEMBER_BYTES + 1 :]))

    def entry(self) -> bytes:
        return b"%s%c%d" % self


def verdict_name(identity: str) -> int:
    """Decides between verdicts of one moment, the same under every pseudonym key."""
    return int.from_bytes(blake2b(identity.encode(), digest_size=_NAME_BYTES).digest())


def ask_verdicts(member: bytes) -> Command:
    """Asks for all verdicts on a member (a hash)."""
    return Command("HGETALL", (kinds.VERDICTS.key(member),))


def told_verdicts(answer: Mapping[bytes, bytes]) -> dict[bytes, Verdict]:
    """The answer to `ask_verdicts`: verdicts by incident."""
    return {incident: Verdict(*unpack(value)) for incident, value in answer.items()}


class Verdicts:
    """The verdicts of a store, and the reports."""

    def __init__(self, shards: Shards, pseudonyms: Pseudonyms, limits: StoreLimits) -> None:
        self._shards = shards
        self._pseudonyms = pseudonyms
        self._limits = limits.feedback
        self._verdicts_ttl, self._reports_ttl = kinds.VERDICTS.ttl(limits), kinds.REPORTED.ttl(limits)

    async def learn(self, moderator_verdicts: Sequence[ModeratorVerdict]) -> None:
        """Remember verdicts, in order; of an incident the latest counts. Raises `StateUnavailable`."""
        # every shard learns it, so that it is found where a member's behaviour is judged, or was reported
        judgements = [self._judgement(one) for one in moderator_verdicts]

        async def put(view: View) -> None:
            await view.read(fields=[(key, incident) for key, incident, _ in judgements])
            for key, incident, verdict in judgements:
                before = view.get(key, incident)
                if not before or verdict[:2] > Verdict(*unpack(before))[:2]:
                    view.set_field(key, self._verdicts_ttl, incident, pack(verdict))

        async def learn(shard: int) -> None:
            await decide(self._shards, shard, put)
            await self._limit(View(self._shards, shard), {key for key, _, _ in judgements})

        await gather(*map(learn, range(len(self._shards))))

    def _judgement(self, one: ModeratorVerdict) -> tuple[bytes, bytes, Verdict]:
        verdict = Verdict(
            one.time,
            verdict_name(one.identity),
            int(one.upheld),
            self._pseudonyms.rule(one.rule),
            one.article,
            one.happened,
            one.weight,
            one.level,
            int(one.reported),
            self._pseudonyms.about(one.about),
        )
        return kinds.VERDICTS.key(self._pseudonyms.member(one.subject)), one.incident_id.encode(), verdict

    async def _limit(self, view: View, keys: Collection[bytes]) -> None:
        """Forget the oldest verdicts of members who have too many."""
        sizes = await view.ask([Command("HLEN", (key,)) for key in keys])
        full = [key for key, size in zip(keys, sizes, strict=True) if size > self._limits.verdicts_per_member]
        for key, values in zip(full, await view.ask([Command("HGETALL", (key,)) for key in full]), strict=True):
            by_age = sorted(values, key=lambda incident: Verdict(*unpack(values[incident]))[:2])
            await view.ask([Command("HDEL", (key,), tuple(by_age[: -self._limits.verdicts_per_member]))])

    async def records(self, filings: Sequence[Filing]) -> list[Record]:
        """What became of the reporters' earlier reports; parallel to the reports, in order. Each is remembered for the next.

        An incident counts once, however often it was reported. Raises `StateUnavailable`.
        """
        records = [Record(0, 0)] * len(filings)
        by_shard: dict[int, list[int]] = {}
        for at, filing in enumerate(filings):
            shard = shard_of(self._pseudonyms.member(filing.reporter), len(self._shards))
            by_shard.setdefault(shard, []).append(at)

        async def file(shard: int, here: Sequence[int]) -> None:
            some = await self._records(View(self._shards, shard), [filings[at] for at in here])
            for at, record in zip(here, some, strict=True):
                records[at] = record

        await gather(*(file(shard, here) for shard, here in by_shard.items()))
        return records

    async def _records(self, view: View, filings: Sequence[Filing]) -> list[Record]:
        keys = [kinds.REPORTED.key(self._pseudonyms.member(filing.reporter)) for filing in filings]
        each = list(dict.fromkeys(keys))
        stored = await view.ask([Command("ZRANGE", (key,), (0, -1)) for key in each])
        reports = {key: {_Report.of(entry) for entry in entries} for key, entries in zip(each, stored, strict=True)}
        filed = [_Report(self._pseudonyms.member(one.reported), one.article or 0, one.time) for one in filings]
        members = list({report.member for some in [*reports.values(), filed] for report in some})
        told = await view.ask(list(map(ask_verdicts, members)))
        verdicts = dict(zip(members, map(told_verdicts, told), strict=True))
        records = []
        for key, report in zip(keys, filed, strict=True):
            records.append(self._record(reports[key], report.time, verdicts))
            reports[key].add(report)
        await view.ask(
            [command for key, report in zip(keys, filed, strict=True) for command in self._filed(key, report)]
        )
        return records

    def _record(
        self, reports: Iterable[_Report], time: int, verdicts: Mapping[bytes, Mapping[bytes, Verdict]]
    ) -> Record:
        near, memory = self._limits.near * MICROSECONDS, self._limits.records * MICROSECONDS
        told = {
            incident: verdict.upheld
            for report in reports
            if time - memory <= report.time < time
            for incident, verdict in verdicts[report.member].items()
            if verdict.time < time and verdict.tells_of(report, near)
        }
        upheld = sum(told.values())
        return Record(upheld, len(told) - upheld)

    def _filed(self, key: bytes, report: _Report) -> list[Command]:
        """What remembers a report. One that comes again in the downtime still finds all that its record reaches back to."""
        over = report.time - self._reports_ttl * MICROSECONDS
        return [
            Command("ZADD", (key,), (report.time, report.entry())),
            Command("ZREMRANGEBYSCORE", (key,), ("-inf", f"({over}")),
            Command("ZREMRANGEBYRANK", (key,), (0, -self._limits.reports_per_member - 1)),
            Command("EXPIRE", (key,), (self._reports_ttl,)),
        ]
