"""Episodes: opened once, grown when it matters, told again when their events come again. What they say is sealed in Redis.

Keys, as `state.kinds` declares them:

- `episode:` holds the latest episode of one subject under one rule (`_Episode`);
- `members:` the accounts that took part in it, numbered as they came;
- `revision:` what one event made of its episodes, so that an event which is delivered again tells the same again;
- `incident:` whom an incident is about, a memo for whoever gets to know what people said of it, and who wrote the text first;
- `opened:` how many live episodes each rule has opened on a day of event time.

What people said is in `verdicts:` (`state.verdicts`). A verdict counts for findings after it. An upheld one is part of the
subject's record for some time after the incident happened; while the latest one about a subject under a rule is a dismissal,
the rule is silent about the subject for some time, unless the finding is graver by a factor than what was dismissed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import astuple

from models.incidents import Mode
from state.decisions import View, decide
from state.kinds import EPISODE, INCIDENT, MEMBERS, OPENED, REVISION
from state.limits import StoreLimits
from state.packing import compressed, decompressed
from state.pseudonyms import Pseudonyms
from state.requests import MICROSECONDS, Cut, EpisodeUpdate, Remembered, Revision, Silenced
from state.scripts import Command, Shards, all_of, pack, pieces, shard_of, unpack
from state.verdicts import Verdict, ask_verdicts, told_verdicts

MAX_MEMBERS_CLAIMED = 500
SILENCED = b"-"
"""What stands in `revision:` for a finding that a dismissal kept from being told."""
CUT = b"#"
"""What stands there for a finding that would have opened one episode too many of its event."""
_NOTHING = b""
"""The answer where nothing new is worth telling."""
_FIRST, _LATEST = 10, 10
"""Events that an episode names: its first ones, and those of the latest finding."""
_NAMED = 100
"""Members that a revision names besides the subject."""
_PAYLOADS_HAVE = (
    b'"STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH""high","restrict",{"name":"accounts","value":"authors","level":"copies",'
    b'"review","Wrote to strangers within 1 hour, in 1 message; the limit is 20."'
    b'["live","copied_message","2026-03-02T04:14:28Z","medium",0.8,"warn","Sent the same or nearly the same text to 20 '
    b'strangers in 1 message within 24 hours; the limit is 8.",[{"name":"recipients","value":20,"limit":8,"window_seconds":'
    b'86400},{"name":"recipients","value":20,"limit":12,"window_seconds":259200}],"",1.0,"",{"category":'
    b'"STATEMENT_CATEGORY_OTHER_VIOLATION_TC","ground":"Code of conduct, article 1: misuse of the message system",'
    b'"automated_detection":true,"automated_decision":false},"",{"topic":"","partition":0,"offset":},[[2,"warn"],[6,'
    b'"restrict"],[12,"ban_review"]],15552000,2000,[],null]'
)
"""What many payloads have in common. Whoever changes it raises the version of keys: what was written before cannot be read."""
_DAILY_CAP = "daily_cap"
_DAY = 86_400 * MICROSECONDS
_LONG_AGO = -(1 << 53)
_ROUNDING = 1e-9
"""A level is a share of a limit: eleven of three must be a tenth more than ten of three."""
_WORK_OF_CLAIM = 50
"""At worst, as much as passing over so many members (`state.scripts.WORK`)."""


class _Episode(Struct):
    """What stands in `episode:`; `level`, `severity` and `members` are those of the last revision. Ids are sealed.

    A finding of before `over_before` belongs to an episode that is over and forgotten.
    """

    incident: bytes
    revision: int
    opened: int
    latest: int
    level: float
    severity: int
    events: list[bytes]
    opening: bytes
    subject: bytes
    over_before: int
    members: int
    subject_hash: bytes


class _Told(NamedTuple):
    """What an event was told under a key, as it stands in `revision:`."""

    key: bytes
    answer: bytes
    opens: int


class _Target(NamedTuple):
    """The episode that a claim is about, the name of the key it stands in, whether the claim opens it, why it is in shadow."""

    key: bytes
    episode: _Episode
    opens: bool
    shadow_reason: str


class _Claim:
    """A claim, and the names in its shard of all that it is about."""

    def __init__(self, claim: EpisodeUpdate, may_open: int, shards: int, pseudonyms: Pseudonyms) -> None:
        self.claim = claim
        self.may_open = may_open
        self.daily_cap = -(-claim.daily_cap // shards)
        self.live = episode_name(claim, claim.mode, pseudonyms)
        self.shadow = episode_name(claim, "shadow", pseudonyms)
        self.told = REVISION.key(pseudonyms.event(claim.identity))
        self.subject = pseudonyms.member(claim.subject)
        self.rule = pseudonyms.rule(claim.feedback.rule)
        self.about = frozenset(pseudonyms.about(claim.feedback.about))
        self.members = [pseudonyms.seal(member) for member in claim.members[:MAX_MEMBERS_CLAIMED]]
        self.opened_on = OPENED.key(b"%d" % (claim.time // _DAY))

    def names(self) -> tuple[bytes, ...]:
        """Of the episodes that it may be about."""
        return (self.shadow,) if self.claim.shadow_reason else (self.live, self.shadow)

    def opens(self, name: bytes) -> bytes:
        """The incident that it opens in the episode of that name."""
        return (self.claim.shadow_incident_id if self.is_shadowed(name) else self.claim.incident_id).encode()

    def is_shadowed(self, name: bytes) -> bool:
        """Whether a live rule's finding is told in shadow under that name."""
        return bool(self.claim.shadow_reason) or name != self.live


def episode_name(claim: EpisodeUpdate, mode: Mode, pseudonyms: Pseudonyms) -> bytes:
    """The name, in its shard, of the episode that the claim is about where it is told in that mode."""
    return pseudonyms.key_of((claim.owner,), *claim.key[:2], mode, *claim.key[2:])


class Episodes:
    """The episodes of a store."""

    def __init__(self, shards: Shards, pseudonyms: Pseudonyms, limits: StoreLimits) -> None:
        self._shards = shards
        self._pseudonyms = pseudonyms
        self._limits = limits

    async def settle(self, claims: Sequence[EpisodeUpdate]) -> list[Revision | Silenced | Cut | None]:
        """Open or grow episodes, in order; parallel to `claims`: see `Store.settle`. Raises `StateUnavailable`."""
        # live and in shadow, an episode is in one shard
        names = [episode_name(claim, "live", self._pseudonyms) for claim in claims]
        by_shard: dict[int, list[int]] = {}
        for at, name in enumerate(names):
            by_shard.setdefault(shard_of(name, len(self._shards)), []).append(at)
        gravest: dict[str, set[bytes]] = {claim.identity: set() for claim in claims}
        for claim, name in zip(claims, names, strict=True):
            if claim.rank < self._limits.episodes_per_event:
                gravest[claim.identity].add(name)
        answers: list[bytes] = [_NOTHING] * len(claims)

        async def settle(shard: int, here: Sequence[int]) -> None:
            own = {names[at] for at in here}
            for piece in pieces(here, here, [_WORK_OF_CLAIM + 2 * len(claims[at].members) for at in here]):
                # no shard knows what the event opens in others: each leaves room for the gravest that are theirs
                asked = [self._claim(claims[at], len(gravest[claims[at].identity] - own)) for at in piece]
                settled = await decide(self._shards, shard, lambda view: self._settling(view).settle(asked))  # noqa: B023
                for at, answer in zip(piece, settled, strict=True):
                    answers[at] = answer

        await all_of([settle(shard, here) for shard, here in by_shard.items()])
        return [self._answer(answer) for answer in answers]

    def _claim(self, claim: EpisodeUpdate, left: int) -> "_Claim":
        may_open = self._limits.episodes_per_event - left
        return _Claim(claim, may_open, len(self._shards), self._pseudonyms)

    def _settling(self, view: View) -> "_Settling":
        return _Settling(view, self._pseudonyms, self._limits)

    def remembered(self, packed: bytes) -> Remembered:
        """What is kept of an incident that was told."""
        subject, memo, *origin = unpack(packed)  # what was told before origins were known has none
        unseal = self._pseudonyms.unseal
        return Remembered(
            unseal(subject), self._pseudonyms.unseal_bytes(memo), unseal(origin[0]) if any(origin) else None
        )

    def told(self, packed: bytes) -> list[Revision]:
        """All that one event was told, as it stands in `revision:`."""
        return [self._revision(answer) for _, answer, _ in unpack(packed) if answer not in (SILENCED, CUT)]

    def _answer(self, packed: bytes) -> Revision | Silenced | Cut | None:
        if packed == SILENCED:
            return Silenced()
        if packed == CUT:
            return Cut()
        return self._revision(packed) if packed else None

    def _revision(self, packed: bytes) -> Revision:
        incident, revision, opened, events, opening, payload, count, members, prior, strikes, reason = unpack(packed)
        unseal = self._pseudonyms.unseal
        return Revision(
            incident.decode(),
            revision,
            opened,
            tuple(map(unseal, events)),
            self._pseudonyms.unseal_bytes(opening),
            opened_payload(self._pseudonyms, payload),
            count,
            tuple(map(unseal, members)),
            prior,
            strikes,
            reason.decode(),
        )


def sealed_payload(pseudonyms: Pseudonyms, payload: bytes) -> bytes:
    """What a revision says, as it is kept."""
    return pseudonyms.seal_bytes(compressed(payload, _PAYLOADS_HAVE))


def opened_payload(pseudonyms: Pseudonyms, sealed: bytes) -> bytes:
    """The same, opened. Raises `cryptography.exceptions.InvalidTag` under another key."""
    return decompressed(pseudonyms.unseal_bytes(sealed), _PAYLOADS_HAVE)


class _Settling:
    """Settles claims of one shard, by what stands in its keys."""

    def __init__(self, view: View, pseudonyms: Pseudonyms, limits: StoreLimits) -> None:
        self._view = view
        self._pseudonyms = pseudonyms
        self._limits = limits
        self._verdicts: dict[bytes, dict[bytes, Verdict]] = {}
        self._members: dict[bytes, _Members] = {}

    async def settle(self, claims: Sequence[_Claim]) -> list[bytes]:
        """Parallel to the claims: `SILENCED`, `CUT`, a packed revision, or nothing."""
        subjects = list(dict.fromkeys(claim.subject for claim in claims))
        verdicts = await self._view.read(
            [*(EPISODE.key(name) for claim in claims for name in claim.names()), *(claim.told for claim in claims)],
            [(claim.opened_on, claim.rule) for claim in claims if claim.daily_cap],
            list(map(ask_verdicts, subjects)),
        )
        self._verdicts = dict(zip(subjects, map(told_verdicts, verdicts), strict=True))
        await self._read_rest([(claim, name, self._standing(name)) for claim in claims for name in claim.names()])
        return [self._told_before(claim) or self._settle(claim) for claim in claims]

    async def _read_rest(self, standing: Sequence[tuple[_Claim, bytes, _Episode | None]]) -> None:
        """Of episodes about another subject than the claims', the verdicts; of those of several members, those that claims may
        open among them, what is known of the claims' members.
        """
        subjects = list({episode.subject_hash for _, _, episode in standing if episode} - self._verdicts.keys())
        asked: dict[bytes, set[bytes]] = {}
        for claim, name, episode in standing:
            incidents = [episode.incident] if episode and (claim.members or episode.members) else []
            for incident in [*incidents, claim.opens(name)] if claim.members else incidents:
                key = _members_key(name, incident)
                asked.setdefault(key, set()).update(claim.members, [episode.subject] if episode else [])
        commands = [
            command
            for key, members in asked.items()
            for command in (
                Command("ZCARD", (key,)),
                Command("ZREVRANGE", (key,), (0, 0, "WITHSCORES")),
                Command("ZRANGE", (key,), (0, _NAMED)),
                Command("ZMSCORE", (key,), tuple(members)),
            )
        ]
        answers = await self._view.ask([*map(ask_verdicts, subjects), *commands])
        self._verdicts |= zip(subjects, map(told_verdicts, answers), strict=False)
        del answers[: len(subjects)]
        for at, (key, members) in enumerate(asked.items()):
            count, last, first, scores = answers[4 * at : 4 * at + 4]
            present = {member for member, score in zip(members, scores, strict=True) if score is not None}
            self._members[key] = _Members(count, int(last[0][1]) if last else 0, first, present)

    def _standing(self, name: bytes) -> _Episode | None:
        stored = self._view.get(EPISODE.key(name))
        return _Episode(*unpack(stored)) if stored else None

    def _told(self, claim: _Claim) -> list[_Told]:
        stored = self._view.get(claim.told)
        return [_Told(*one) for one in unpack(stored)] if stored else []

    def _told_before(self, claim: _Claim) -> bytes | None:
        return next((one.answer for one in self._told(claim) if one.key == claim.live), None)

    def _tell(self, claim: _Claim, answer: bytes, *, opens: bool = False) -> bytes:
        """What the claim's event is told under the claim's key from now on."""
        told = [*self._told(claim), _Told(claim.live, answer, int(opens))]
        self._view.set(claim.told, self._seconds(claim), pack(told))
        return answer

    def _seconds(self, claim: _Claim) -> int:
        """For how long the episode and what the event was told are kept."""
        return -(-claim.claim.gap // MICROSECONDS) + self._limits.grace

    def _settle(self, one: _Claim) -> bytes:
        claim = one.claim
        target = self._target(one)
        if target is None:
            return _NOTHING
        name, episode, opens, reason = target
        verdicts = self._verdicts[episode.subject_hash]
        if _is_silenced(one, verdicts.values()):
            # remembered, for people may change their mind before the event comes again
            return self._tell(one, SILENCED)
        judged = None if opens else verdicts.get(episode.incident)
        if judged and not judged.upheld and judged.time < claim.time and not judged.concerns(one.about):
            # what was dismissed is no part of what goes on in its place
            episode, opens = self._new(one, name, min(episode.latest, claim.time) - 1), True
        if opens and sum(told.opens for told in self._told(one)) >= one.may_open:
            return self._tell(one, CUT)
        key = _members_key(name, episode.incident)
        members = self._members.setdefault(key, _Members(0, 0, [], set()))  # of one opened just now nothing was read
        if one.members:
            has_room = members.count < self._limits.members_per_episode
            self._view.add(key, self._seconds(one), members.add(one.members) if has_room else ())
        count = members.count if one.members else episode.members
        is_worth_telling = _revise(episode, claim, count, opens=opens)
        events = _named_events(episode, map(self._pseudonyms.seal, claim.event_ids)) if is_worth_telling else []
        self._view.set(EPISODE.key(name), self._seconds(one), pack(astuple(episode)))
        if not is_worth_telling:
            return _NOTHING
        self._remember_incident(one, episode)
        if opens and not reason and one.daily_cap:
            opened = b"%d" % (self._opened(one) + 1)
            self._view.set_field(one.opened_on, OPENED.ttl(self._limits), one.rule, opened)
        besides, named = members.besides(episode.subject)
        prior, strikes = _record(claim, episode.incident, verdicts)
        payload = sealed_payload(self._pseudonyms, claim.payload)
        revision = (episode.incident, episode.revision, episode.opened, events, episode.opening, payload)
        return self._tell(one, pack((*revision, besides, named, prior, strikes, reason)), opens=opens)

    def _remember_incident(self, one: _Claim, episode: _Episode) -> None:
        terms = one.claim.feedback
        origin = self._pseudonyms.seal(terms.origin) if terms.origin else b""
        value = pack((episode.subject, self._pseudonyms.seal_bytes(terms.memo), origin))
        self._view.set(INCIDENT.key(episode.incident), terms.kept // MICROSECONDS + self._limits.grace, value)

    def _opened(self, one: _Claim) -> int:
        """How many live episodes the claim's rule has opened on its day."""
        return int(self._view.get(one.opened_on, one.rule) or 0)

    def _target(self, one: _Claim) -> _Target | None:
        """The episode that a claim is about; None where that is over and forgotten.

        What a live rule finds is told in shadow, in an episode of its own, where the claim says why, or where the rule has
        opened all the live episodes that it may open on that day.
        """
        reason = one.claim.shadow_reason
        if not reason:
            target = self._episode(one, one.live, "")
            if not (target and target.opens and one.daily_cap and self._opened(one) >= one.daily_cap):
                return target
            reason = _DAILY_CAP
        return self._episode(one, one.shadow, reason)

    def _episode(self, one: _Claim, name: bytes, reason: str) -> _Target | None:
        """The episode of that name that the claim belongs to, or the one that it opens."""
        before, time = self._standing(name), one.claim.time
        if before is None or time > before.latest + one.claim.gap:
            over = before.latest + one.claim.gap if before else _LONG_AGO
            return _Target(name, self._new(one, name, over), True, reason)
        if time <= before.over_before:
            return None
        before.latest = max(before.latest, time)
        return _Target(name, before, False, reason)

    def _new(self, one: _Claim, name: bytes, over: int) -> _Episode:
        """The episode that the claim opens where that before was over at a time."""
        claim, pseudonyms = one.claim, self._pseudonyms
        opening, subject = pseudonyms.seal_bytes(claim.opening), pseudonyms.seal(claim.subject)
        incident = one.opens(name)
        return _Episode(incident, 0, claim.opened, claim.time, 0, -1, [], opening, subject, over, 0, one.subject)


class _Members:
    """Who took part in an episode: how many, the number of the last one, the first of them, and who of those asked for."""

    def __init__(self, count: int, last: int, first: list[bytes], present: set[bytes]) -> None:
        self.count = count
        self._last = last
        self._first = first
        self._present = present

    def add(self, members: Sequence[bytes]) -> list[tuple[int, bytes]]:
        """Adds who is not among them; those, each with a number."""
        new = [member for member in dict.fromkeys(members) if member not in self._present]
        numbered = list(enumerate(new, self._last + 1))
        self._last += len(new)
        self.count += len(new)
        self._present.update(new)
        self._first = [*self._first, *new][: _NAMED + 1]
        return numbered

    def besides(self, subject: bytes) -> tuple[int, list[bytes]]:
        """How many there are besides the subject, and the first of them."""
        others = [member for member in self._first if member != subject][:_NAMED]
        return self.count - (subject in self._present or subject in self._first), others


def _members_key(name: bytes, incident: bytes) -> bytes:
    return MEMBERS.key(name + b":" + incident)


def _revise(episode: _Episode, claim: EpisodeUpdate, members: int, *, opens: bool) -> bool:
    """Whether the claim, or those who took part meanwhile, make enough of a difference to tell; then the episode is that
    revision.
    """
    grown = (
        claim.level >= episode.level * claim.growth - _ROUNDING
        or claim.severity > episode.severity
        or (members > episode.members and members >= episode.members * claim.growth)
    )
    if not (opens or grown):
        return False
    episode.revision += 1
    episode.level = max(claim.level, episode.level)
    episode.severity = max(claim.severity, episode.severity)
    episode.members = members
    return True


def _named_events(episode: _Episode, events: Iterable[bytes]) -> list[bytes]:
    """The episode's first events, which stay, and the latest of a finding that are not among them, oldest first."""
    further = [event for event in dict.fromkeys(events) if event not in episode.events]
    room = _FIRST - len(episode.events)
    episode.events += further[:room]
    return episode.events + further[room:][-_LATEST:]


def _is_silenced(one: _Claim, verdicts: Iterable[Verdict]) -> bool:
    """Whether the latest word on the subject under this rule, and on what the finding is about, is a dismissal that still
    holds for it.
    """
    claim, terms = one.claim, one.claim.feedback
    words = (v for v in verdicts if v.rule == one.rule and v.time < claim.time and v.concerns(one.about))
    last = max(words, key=lambda verdict: (verdict.time, verdict.name), default=None)
    if last is None or last.upheld:
        return False
    return claim.time <= last.time + terms.silence and claim.level < last.level * terms.graver


def _record(claim: EpisodeUpdate, incident: bytes, verdicts: Mapping[bytes, Verdict]) -> tuple[int, int]:
    """How many other incidents of the subject were upheld, and their weight."""
    upheld = [
        verdict.weight
        for other, verdict in verdicts.items()
        if verdict.upheld
        and other != incident
        and verdict.time < claim.time <= verdict.happened + claim.feedback.record
    ]
    return len(upheld), sum(upheld)
