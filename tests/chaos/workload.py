"""What members do while everything breaks: a seeded log with work for every rule, all of it made here.

Who a finding is about is told by the name of the actor, because how strictly it is compared depends on that (`Kind`). The
clock of the events runs over a week, whatever their number. One record in fifty comes twice, and some cannot be used.
"""

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from models.events import TOPICS
from models.records import Reason
from tests.integration.stage import Sent, replayed
from tests.integration.workload import START, moment

PARTITIONS = 8
HORIZON = timedelta(days=7).total_seconds()
_HOUR = 3600.0
_TOPIC_OF = {str(cls.__struct_config__.tag): topic for topic, classes in TOPICS.items() for cls in classes}
_ONSETS = [
    "b",
    "br",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pl",
    "r",
    "s",
    "st",
    "t",
    "v",
]
_VOWELS = ["a", "e", "i", "o", "u", "ei", "au", "ia"]
_CODAS = ["", "", "l", "m", "n", "r", "s", "t", "nd", "sk"]
_SYLLABLES = [onset + vowel + coda for onset in _ONSETS for vowel in _VOWELS for coda in _CODAS]
"""Many: words of few are so much alike that texts of unrelated members are too, and then what belongs together is chance."""
_SHARE_OF_AFFAIRS = 0.6
_ONE_IN_SO_MANY_COMES_TWICE = 50
_ONE_IN_SO_MANY_IS_UNUSABLE = 250


class Kind(StrEnum):
    """What an actor's findings depend on."""

    OWN = "own"
    """On the actor's own events of one topic, whose order Kafka keeps."""
    CALM = "calm"
    """On several actors, of whom the first ones are judged before the others write."""
    RACING = "racing"
    """On several actors who write at once: what is found depends on who is judged first."""


class Asker(NamedTuple):
    """A member who writes to many while some of them accept the member's request: are those strangers still?"""

    actor: str
    certain: frozenset[str]
    """Recipients who are strangers in any order."""
    racing: frozenset[str]
    """Recipients who accept meanwhile."""


class Answered(NamedTuple):
    """A member whose incident a moderator answers, and who repeats it, or whose text somebody else does."""

    actor: str
    says: str
    """`upheld` or `dismissed`."""
    repeated_by: str


class Workload(NamedTuple):
    """The log. The records of a part are written when all those of the parts before are judged."""

    parts: list[list[Sent]]
    unusable: dict[bytes, str]
    """Reason of each record that must become a dead letter, by its bytes."""
    askers: list[Asker]
    racing_campaigns: list[frozenset[str]]
    racing_reports: list[str]
    """Members whom several report at once."""
    answered: list[Answered]

    @property
    def size(self) -> int:
        return sum(len(part) for part in self.parts)


def kind_of(member: str) -> Kind:
    return Kind(member.partition("-")[0])


def workload(seed: int, events: int, parts: int) -> Workload:
    """About so many records, in three parts at least. Each rule has work at least once."""
    writer = _Writer(random.Random(f"{seed}/{events}/{parts}"), parts)
    affairs: list[Callable[[_Writer], None]] = [*_OWN, *_CALM, *_RACING, *_ANSWERED]
    for affair in affairs:
        affair(writer)
    while writer.size < events * _SHARE_OF_AFFAIRS:
        writer.chance.choice(affairs)(writer)
    _verdicts(writer)
    _unusable(writer, max(len(_UNUSABLE), events // _ONE_IN_SO_MANY_IS_UNUSABLE))
    _everyday(writer, events)
    return writer.written()


class _Writer:
    def __init__(self, chance: random.Random, parts: int) -> None:
        self.chance = chance
        self.unusable: dict[bytes, str] = {}
        self.askers: list[Asker] = []
        self.racing_campaigns: list[frozenset[str]] = []
        self.racing_reports: list[str] = []
        self.answers: list[tuple[float, Answered]] = []
        """And when. One part later it is repeated."""
        self._parts = parts
        self._numbers = count()
        self._records: list[tuple[float, int, Sent]] = []

    @property
    def size(self) -> int:
        return len(self._records)

    def name(self, kind: Kind) -> str:
        return f"{kind}-{next(self._numbers)}"

    def strangers(self, number: int) -> list[str]:
        """Members who never do anything."""
        return [f"quiet-{next(self._numbers)}" for _ in range(number)]

    def words(self, number: int) -> str:
        return " ".join(
            "".join(self.chance.choice(_SYLLABLES) for _ in range(self.chance.randint(2, 4))) for _ in range(number)
        )

    def start(self, hours: float = 0.0) -> float:
        """A moment after which so many hours are left."""
        return self.chance.random() * (HORIZON - hours * _HOUR)

    def seam(self) -> float:
        """A moment between two parts of the log."""
        return HORIZON * self.chance.randrange(1, self._parts) / self._parts

    def in_three_parts(self) -> list[float]:
        """Moments in three parts in turn, each an hour before the end of its part or sooner."""
        first, length = self.chance.randrange(self._parts - 2), HORIZON / self._parts
        return [(first + number) * length + self.chance.random() * (length - _HOUR) for number in range(3)]

    def over(self, start: float, hours: float, number: int) -> list[float]:
        """So many moments, in order."""
        return sorted(start + self.chance.random() * hours * _HOUR for _ in range(number))

    def event(self, second: float, type_: str, actor: str, *, beside: str | None = None, **fields: Any) -> None:
        """`beside`: a member in whose partition the record stands, where it is not the actor's."""
        common = {
            "type": type_,
            "event_id": f"{actor}/{next(self._numbers)}",
            "occurred_at": moment(round(second, 3)),
            "actor_id": actor,
            "actor_registered_at": (START - timedelta(days=900)).isoformat(),
        }
        self.raw(second, _TOPIC_OF[type_], json.dumps(common | fields).encode(), beside or actor)

    def raw(self, second: float, topic: str, value: bytes, key: str) -> None:
        self._records.append((second, next(self._numbers), Sent(topic, value, key.encode(), _partition(key))))

    def of(self, actors: set[str]) -> list[Sent]:
        """What these have done, in the order of its time."""
        return [one for _, _, one in sorted(self._records) if json.loads(one.value or b"")["actor_id"] in actors]

    def written(self) -> Workload:
        """Everything in the order of its time, by parts, with some records twice."""
        again = [
            (second + self.chance.random() * _HOUR, next(self._numbers), record)
            for second, _, record in self.chance.sample(
                self._records, len(self._records) // _ONE_IN_SO_MANY_COMES_TWICE
            )
            if record.value not in self.unusable
        ]
        parts: list[list[Sent]] = [[] for _ in range(self._parts)]
        for second, _, record in sorted([*self._records, *again]):
            parts[min(int(second / HORIZON * self._parts), self._parts - 1)].append(record)
        answered = [one for _, one in self.answers]
        return Workload(parts, self.unusable, self.askers, self.racing_campaigns, self.racing_reports, answered)


def _partition(key: str) -> int:
    """As said by us rather than by the producer, so that two logs are laid out alike."""
    return crc32(key.encode()) % PARTITIONS


# --- what members do on their own, each in one topic --------------------------------------------------------------------


def _mass_messages(w: _Writer) -> None:
    actor = w.name(Kind.OWN)
    for second in w.over(w.start(1), 0.9, w.chance.randint(12, 20)):
        w.event(second, "message", actor, recipient_ids=w.strangers(2), text=w.chance.choice(["", w.words(20)]))


def _copied_messages(w: _Writer) -> None:
    actor, text = w.name(Kind.OWN), w.words(40)
    for second in w.over(w.start(5), 5, w.chance.randint(8, 13)):
        w.event(second, "message", actor, recipient_ids=w.strangers(1), text=f"{text} {w.words(1)}")


def _selling(w: _Writer) -> None:
    actor, shop = w.name(Kind.OWN), w.words(1)
    for second in w.over(w.start(20), 20, 2):
        offer = f"Cheap {w.words(12)}! 50% off, order now at https://{shop}.shop, free delivery. {w.words(12)}"
        w.event(second, "message", actor, recipient_ids=w.strangers(1), text=offer)


def _copied_posts(w: _Writer) -> None:
    actor, text = w.name(Kind.OWN), w.words(40)
    for second in w.over(w.start(1), 0.9, w.chance.randint(3, 7)):
        _post(w, second, actor, text)


def _same_titles(w: _Writer) -> None:
    actor, title, forum = w.name(Kind.OWN), w.words(5), w.words(1)
    for second in w.over(w.start(30), 30, 2):
        _post(w, second, actor, w.words(25), forum_id=forum, thread_title=title, opens_thread=True)


def _forum_flood(w: _Writer) -> None:
    actor = w.name(Kind.OWN)
    for second in w.over(w.start(1), 0.8, w.chance.randint(42, 55)):
        _post(w, second, actor, w.words(15))


def _off_topic(w: _Writer) -> None:
    title = "Partner schools for a project about bees and honey"
    text = f"{w.words(30)}, pictures stand here: https://{w.words(1)}.example.org/final"
    _post(w, w.start(), w.name(Kind.OWN), text, thread_title=title)


def _copied_comments(w: _Writer) -> None:
    actor, text = w.name(Kind.OWN), w.words(30)
    for second in w.over(w.start(2), 2, w.chance.randint(5, 9)):
        w.event(second, "comment", actor, owner_id=w.strangers(1)[0], text=text)


def _contact_requests(w: _Writer) -> None:
    actor = w.name(Kind.OWN)
    for second in w.over(w.start(10), 10, w.chance.randint(51, 60)):
        w.event(second, "contact_request", actor, recipient_id=w.strangers(1)[0])


def _project_invitations(w: _Writer) -> None:
    actor, project = w.name(Kind.OWN), w.words(1)
    for second in w.over(w.start(10), 10, 6):
        strangers = w.strangers(w.chance.randint(4, 6))
        w.event(second, "invitation", actor, kind="project", target_id=project, recipient_ids=strangers)


def _event_invitations(w: _Writer) -> None:
    actor, target = w.name(Kind.OWN), w.words(1)
    for second in w.over(w.start(5), 5, 4):
        w.event(second, "invitation", actor, kind="event", target_id=target, recipient_ids=w.strangers(12))


def _contacts_without_end(w: _Writer) -> None:
    actor = w.name(Kind.OWN)
    for second in w.over(w.start(100), 100, 102):
        # the answer counts by its request: what is found depends on whether that was read before
        w.event(second, "contact_request", other := w.strangers(1)[0], beside=actor, recipient_id=actor)
        w.event(second + 1, "contact_response", actor, requester_id=other, accepted=True)


def _threat(w: _Writer) -> None:
    text = f"{w.words(10)}. I will break your neck for that. {w.words(10)}"
    w.event(w.start(), "message", w.name(Kind.OWN), recipient_ids=w.strangers(1), text=text)


def _insults(w: _Writer) -> None:
    actor = w.name(Kind.OWN)
    for second in w.over(w.start(60), 60, w.chance.randint(1, 4)):
        w.event(second, "comment", actor, owner_id=w.strangers(1)[0], text=f"{w.words(9)}. You are such an idiot.")


def _unanswered(w: _Writer) -> None:
    actor, other = w.name(Kind.OWN), w.strangers(1)
    first = w.start(13 * 11)
    for number in range(w.chance.randint(12, 14)):
        w.event(first + 11 * _HOUR * number, "message", actor, recipient_ids=other, text=w.words(12))


def _video(w: _Writer) -> None:
    _upload(w, w.start(), w.name(Kind.OWN), media_kind="video", visibility="members", surface="twinspace")


def _pupils(w: _Writer) -> None:
    actor = w.name(Kind.OWN)
    _upload(w, w.start(), actor, media_kind="image", visibility="public", surface="profile", shows_pupils=True)


def _impostor(w: _Writer) -> None:
    w.event(w.start(), "profile_update", w.name(Kind.OWN), display_name=f"eTwinning Support {w.words(1)}")


def _telephone(w: _Writer) -> None:
    number = f"+49 171 {w.chance.randrange(1_000_000, 9_999_999)}"
    _post(w, w.start(), w.name(Kind.OWN), f"{w.words(12)}. Ruft mich an: {number}, ich freue mich. {w.words(12)}")


def _post(w: _Writer, second: float, actor: str, text: str, **fields: Any) -> None:
    place = {"forum_id": w.words(1), "thread_id": f"thread-{next(w._numbers)}"}
    w.event(second, "forum_post", actor, text=text, **(place | fields))


def _upload(w: _Writer, second: float, actor: str, **fields: Any) -> None:
    w.event(second, "media_upload", actor, media_id=f"media-{next(w._numbers)}", **fields)


_OWN = (
    _mass_messages, _copied_messages, _selling, _copied_posts, _same_titles, _forum_flood, _off_topic, _copied_comments,
    _contact_requests, _project_invitations, _event_invitations, _contacts_without_end, _threat, _insults, _unanswered,
    _video, _pupils, _impostor, _telephone,
)  # fmt: skip

# --- what takes several, of whom some are judged before the others write ------------------------------------------------


def _campaign(w: _Writer, kind: Kind, first: float, others: list[float]) -> frozenset[str]:
    """The same text by several accounts, in messages, posts and comments. Who spreads it: all but the first where that one
    only posted it once, and others copied it.
    """
    text = w.words(40)
    surfaces: list[tuple[str, dict[str, Any]]] = [
        ("message", {"recipient_ids": w.strangers(1)}),
        ("comment", {"owner_id": w.strangers(1)[0]}),
        ("forum_post", {"forum_id": "everywhere", "thread_id": w.words(1)}),
    ]
    accounts = [w.name(kind) for _ in range(1 + len(others))]
    written = []
    for actor, second in zip(accounts, [first, *others], strict=True):
        type_, place = w.chance.choice(surfaces)
        w.event(second, type_, actor, text=text, **place)
        written.append(type_)
    return frozenset(accounts if written[0] == "message" else accounts[1:])


def _calm_campaign(w: _Writer) -> None:
    seam = w.seam()
    _campaign(w, Kind.CALM, seam - _HOUR, w.over(seam, 3, w.chance.randint(3, 6)))


def _acquainted(w: _Writer) -> None:
    """Half of those whom a member writes to have become contacts before, or have written to the member."""
    actor, seam = w.name(Kind.CALM), w.seam()
    friends = [w.name(Kind.CALM) for _ in range(10)]
    for number, (friend, second) in enumerate(zip(friends, w.over(seam - 3 * _HOUR, 2, 10), strict=True)):
        if number % 2:
            w.event(second - 1, "contact_request", actor, beside=friend, recipient_id=friend)
            w.event(second, "contact_response", friend, requester_id=actor, accepted=True)
        else:
            w.event(second, "message", friend, recipient_ids=[actor], text="")
    # ten strangers are none of the rule's business, twenty-two are
    recipients = friends + w.strangers(w.chance.choice([10, 22]))
    for number, second in enumerate(w.over(seam, 0.9, len(recipients))):
        w.event(second, "message", actor, recipient_ids=[recipients[number]], text="")


def _refused(w: _Writer) -> None:
    """Asks 22 strangers, of whom six refuse."""
    actor, seam = w.name(Kind.CALM), w.seam()
    asked = w.strangers(16) + [w.name(Kind.CALM) for _ in range(6)]
    for other, second in zip(asked, w.over(seam - 5 * _HOUR, 4, len(asked)), strict=True):
        w.event(second, "contact_request", actor, recipient_id=other)
    for other, second in zip(asked[16:], w.over(seam, 5, 6), strict=True):
        w.event(second, "contact_response", other, requester_id=actor, accepted=False)


def _reported(w: _Writer) -> None:
    seam, member = w.seam(), w.name(Kind.CALM)
    for second in [*w.over(seam - 20 * _HOUR, 12, 2), *w.over(seam + 5 * _HOUR, 10, w.chance.randint(0, 2))]:
        w.event(second, "report", w.name(Kind.CALM), reported_id=member, article=3)


def _mobbed(w: _Writer) -> None:
    """By three, no more: an account more would be named only if it came before the limit is reached."""
    seam, member = w.seam(), w.strangers(1)[0]
    for second in [*w.over(seam - 3 * _HOUR, 2, 2), seam + 2 * _HOUR]:
        text = f"You are an idiot, {w.words(8)}."
        w.event(second, "comment", w.name(Kind.CALM), owner_id=member, text=text)


def _same_thread(w: _Writer) -> None:
    seam, text, forum = w.seam(), w.words(35), w.words(1)
    for second in (seam - 2 * _HOUR, seam + _HOUR):
        _post(w, second, w.name(Kind.CALM), text, forum_id=forum, thread_title=w.words(4), opens_thread=True)


def _same_file(w: _Writer) -> None:
    seam, digest = w.seam(), f"{w.chance.getrandbits(256):064x}"
    for second in (seam - 9 * _HOUR, seam + 9 * _HOUR):
        actor = w.name(Kind.CALM)
        _upload(w, second, actor, media_kind="document", visibility="public", surface="journal", sha256=digest)


_CALM = (_calm_campaign, _acquainted, _refused, _reported, _mobbed, _same_thread, _same_file)

# --- what takes several who write at once -------------------------------------------------------------------------------


def _racing_campaign(w: _Writer) -> None:
    start = w.start(1)
    w.racing_campaigns.append(_campaign(w, Kind.RACING, start, w.over(start, 0.1, w.chance.randint(3, 6))))


def _asker(w: _Writer) -> None:
    """Recipients accept within the very half-hour in which they are written to. The limit is 20 strangers in an hour."""
    actor, start = w.name(Kind.RACING), w.start(1)
    certain, racing = w.chance.choice([(24, 6), (17, 6), (14, 5)])
    strangers, friends = w.strangers(certain), [w.name(Kind.RACING) for _ in range(racing)]
    recipients = strangers + friends
    w.chance.shuffle(recipients)
    for recipient, second in zip(recipients, w.over(start, 0.5, len(recipients)), strict=True):
        w.event(second, "message", actor, recipient_ids=[recipient], text="")
    for friend, second in zip(friends, w.over(start, 0.5, racing), strict=True):
        w.event(start - _HOUR, "contact_request", actor, recipient_id=friend)
        w.event(second, "contact_response", friend, requester_id=actor, accepted=True)
    w.askers.append(Asker(actor, frozenset(strangers), frozenset(friends)))


def _reported_at_once(w: _Writer) -> None:
    member, start = w.name(Kind.RACING), w.start(20)
    for second in w.over(start, 20, w.chance.randint(3, 5)):
        w.event(second, "report", w.name(Kind.RACING), reported_id=member, article=1)
    w.racing_reports.append(member)


_RACING = (_racing_campaign, _asker, _asker, _asker, _reported_at_once)

# --- what moderators answer, a part after it was told and a part before it is repeated -----------------------------------


def _relapse(w: _Writer) -> None:
    """Writes to strangers, and again after the verdict, to hardly more of them."""
    actor, (first, answered, again) = w.name(Kind.OWN), w.in_three_parts()
    for begin in (first, again):
        for second in w.over(begin, 0.9, w.chance.randint(11, 13)):
            w.event(second, "message", actor, recipient_ids=w.strangers(2), text="")
    w.answers.append((answered, Answered(actor, ("upheld", "dismissed")[len(w.answers) % 2], actor)))


def _known_text(w: _Writer) -> None:
    """A text that was upheld comes back, in another member's message."""
    actor, other, text = w.name(Kind.OWN), w.name(Kind.CALM), w.words(40)
    first, answered, again = w.in_three_parts()
    for second in w.over(first, 0.9, 9):
        w.event(second, "message", actor, recipient_ids=w.strangers(1), text=text)
    w.event(again, "message", other, recipient_ids=w.strangers(1), text=text)
    w.answers.append((answered, Answered(actor, "upheld", other)))


_ANSWERED = (_relapse, _relapse, _known_text)


def _verdicts(w: _Writer) -> None:
    """On what a replay of the same finds: incidents have the same ids wherever they are found."""
    actors = {one.actor for _, one in w.answers}
    with tempfile.TemporaryDirectory(prefix="twinwatch-chaos-") as directory:
        found = replayed(w.of(actors), Path(directory))
    first = dict[str, str]()
    for incident_id, (_, subject, _) in found.items():
        first.setdefault(subject, incident_id)
    for second, one in w.answers:
        action = "warned" if one.says == "upheld" else "none"
        moderator = f"moderator-{next(w._numbers)}"
        w.event(second, "verdict", moderator, incident_id=first[one.actor], verdict=one.says, action=action)


# --- and the rest -------------------------------------------------------------------------------------------------------


def _no_json(number: int) -> bytes:
    return f'{{"type": "message", "event_id": "cut off {number}'.encode()


def _broken(number: int, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "type": "message",
        "event_id": f"unusable/{number}",
        "occurred_at": moment(0),
        "actor_id": "nobody",
        "recipient_ids": ["quiet"],
        "text": "",
    }
    return json.dumps(fields | changes).encode()


_UNUSABLE: tuple[tuple[Reason, Callable[[int], bytes]], ...] = (
    (Reason.NOT_JSON, _no_json),
    (Reason.UNKNOWN_TYPE, lambda number: _broken(number, type="massage")),
    (Reason.INVALID_FIELD, lambda number: _broken(number, recipient_ids="bob")),
    (Reason.FUTURE_TIMESTAMP, lambda number: _broken(number, occurred_at="2999-01-01T00:00:00Z")),
    (Reason.TOO_LARGE, lambda number: _broken(number, recipient_ids=[str(n) for n in range(1_001)])),
)


def _unusable(w: _Writer, number: int) -> None:
    for position in range(number):
        reason, make = _UNUSABLE[position % len(_UNUSABLE)]
        value = make(position)
        w.unusable[value] = reason.value
        w.raw(w.start(), w.chance.choice(sorted(TOPICS)), value, f"unusable-{position}")


def _everyday(w: _Writer, events: int) -> None:
    """Members who do nothing wrong, until the log is long enough."""
    members = [w.name(Kind.OWN) for _ in range(max(1, events // 40))]
    for member in _in_turn(members, events - w.size):
        type_ = ("message", "forum_post", "comment")[crc32(member.encode()) % 3]
        place: dict[str, dict[str, Any]] = {
            "message": {"recipient_ids": w.strangers(1)},
            "forum_post": {"forum_id": w.words(1), "thread_id": w.words(2)},
            "comment": {"owner_id": w.strangers(1)[0]},
        }
        w.event(w.start(), type_, member, text=w.words(w.chance.randint(8, 40)), **place[type_])


def _in_turn(members: list[str], number: int) -> Iterator[str]:
    for position in range(number):
        yield members[position % len(members)]
