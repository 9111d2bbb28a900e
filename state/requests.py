"""What the engine asks of the store and what it gets back: plain values, in the order of the batch.

Times are integer microseconds of the event clock, lengths of time are integer microseconds too.
"""

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from models.incidents import Mode
from state import kinds

if TYPE_CHECKING:
    from state.quotations import Sources

DAILY_CAP = "daily_cap"
"""The `shadow_reason` of what is found when a rule has opened all live episodes that it may open on a day."""
MICROSECONDS = 1_000_000


class Contacted(Struct, frozen=True):
    """`actor` turns to `others` (a message, an invitation, a request): those are no strangers when they did so before.

    With `ask` false nothing is asked, for instance because the platform said who is known; the approach is still remembered,
    to `most` of the others (0: all).
    """

    time: int
    actor: str
    others: tuple[str, ...]
    ask: bool = True
    most: int = 0


QuestionKind = Literal["contact", "project", "event"]


class Question(Struct, frozen=True):
    """`asker` asks `others` to become contacts (`target` is empty), or invites them to the project or event `target`.

    Whoever says yes to a contact or to a project is an acquaintance from then on.
    """

    time: int
    asker: str
    others: tuple[str, ...]
    kind: QuestionKind
    target: str = ""


class Answer(Struct, frozen=True):
    """`actor` answers what `asker` asked; `kind` and `target` as in the question, but that an answer to an invitation does not
    say what to. It counts where the question was seen and is not younger. One that is read before its question waits for it.
    """

    time: int
    actor: str
    asker: str
    kind: Literal["contact", "invitation"]
    target: str
    accepted: bool


class Answered(Struct, frozen=True):
    """An answer that counts, and whose it is."""

    member: str
    accepted: bool


class Talk(Struct, frozen=True):
    """`actor` addresses `others` in a conversation. Those are known through it whom others have addressed there before (or
    who opened it), where somebody else than the actor opened it and the actor was addressed, too. With `ask` false nothing is
    asked.
    """

    time: int
    actor: str
    others: tuple[str, ...]
    conversation: str
    ask: bool = True


Relation = Contacted | Talk | Question | Answer


class EventName(Struct, frozen=True):
    """An event: its time, the id that it carries, what tells it from others that carry the same (`BaseEvent.identity`), and
    who acted.
    """

    time: int
    event_id: str
    identity: str
    actor: str = ""


class Text(Struct, frozen=True):
    """One text to be matched with the campaigns. `identity` is its event's. `signature` is empty where the text is too short
    for MinHash. `words` is what is compared where signatures leave it open (`text.reading.TextReading.words`), `seen` the text
    as a reader sees it. `public`: it stands in a forum, and is sent to nobody. `teaches`: what it weighs where boilerplate is
    learnt (`state.boilerplate`). `claimed`: the author says that others wrote it, and it is asked who did; `quotes`: it is
    the whole of such a text, or what is left of it; `to_one`: it is all of a message to one, who may be shown what others
    wrote. `event_id`, `type`, `language`: the event's.
    """

    time: int
    identity: str
    author: str
    digest: bytes
    signature: bytes
    words: str = ""
    seen: str = ""
    public: bool = False
    teaches: int = 2
    claimed: bool = False
    quotes: bool = False
    to_one: bool = False
    event_id: str = ""
    type: str = ""
    language: str | None = None


class Campaign(Struct, frozen=True):
    """The campaign that a text belongs to; a text unlike any other founds one. `similarity` is to its founding text.

    `upheld`: the text is a copy of one that people have upheld as a breach. `holding` are the ids of those that became part of
    it through this text, whose texts are copies of one another, too. `shares` is the id of the campaign in which others wrote
    a long part of a text that is unlike all others else, the share of both that it is, and its letters of words that are more
    than politeness. Neither is told where the text comes again. `framed`: all that the text has of the campaign stands above
    or below unlike words (`text.likeness`).
    """

    campaign_id: str
    similarity: float
    upheld: bool = False
    holding: tuple[str, ...] = ()
    shares: tuple[str, float, int] | None = None
    framed: bool = False


class MergeDecision(Struct, frozen=True):
    """What was found out about one text that signatures left open, to be written down by the next step.

    `name` is the text's in the store. It joined the campaign with the head (id and number) `joined`, which is one with the
    campaigns `same` (head, similarity); `answer` is what the text is answered from now on. `judged` are ids of incidents that
    count for the answer's campaign, those of campaigns that were merged into it and of an upheld text that this one repeats
    among them.
    """

    name: bytes
    generations: list[int]
    joined: bytes
    same: list[tuple[bytes, bytes]]
    answer: bytes
    judged: list[bytes]


class Judgement(Struct, frozen=True):
    """Whether a text of a campaign repeats what was upheld, to be written down by the next step, so that it stays when its
    event comes again. `generation` and `name` are the text's in the store; `incidents` are judged ones of the campaign from
    now on.
    """

    generation: int
    name: bytes
    repeats: bool
    campaign_id: bytes
    incidents: list[bytes]


class WindowQuery(Struct, frozen=True):
    """How much in any stretch of `length` that contains the event; samples from `sample_from` on.
    Of a window of pairs: how many events about the member `about`. `beside` are names of windows of the same history and
    key: where a sample is told, so is what each contributor brought there.
    """

    length: int
    sample_from: int
    about: str = ""
    beside: tuple[tuple[str, ...], ...] = ()


ACTS, RECEIVED = kinds.ACTS.name, kinds.RECEIVED.name
"""The history of what a member did, and of what others did to a member."""
MEMBERS = frozenset({ACTS, RECEIVED})
"""What stands in the history of a member; all else in a history by itself."""


class StoredWindow(Struct, frozen=True):
    """What is counted under one name. `name` is its identity.

    `history` says in which history an entry stands: in `ACTS` or `RECEIVED` of the member whom its key begins with; or in one
    that it shares with all windows of the same `history` and key. `retained` is how far back somebody looks.
    With `distinct` the members are counted that events bring, else the events. `named` members are sealed rather than
    hashed, and come back in the answer. Of one event at most `most` members are remembered (0: all), and how many it has: who
    counts them knows that there are so many at least. Of `pairs` the events are counted that are about a member. What is
    `together` stands in one shard.
    """

    name: tuple[str, ...]
    history: str
    retained: int
    distinct: bool = True
    named: bool = False
    most: int = 0
    pairs: bool = False
    together: bool = False


class WindowUpdate(Struct):
    """What one event adds to one window, and what is asked of it. It is filled while its event is looked at, and not changed
    afterwards.

    Updates of one event have one object for it: an equal one is the event that comes again. `key` says which of the
    window's entries belong together. `members` are those whom the event brings. `recorded`
    false only reads what happened before. `note` comes back with the event's sample (sealed in Redis). From then on what was
    counted under the keys `takes_in` counts under this one, too. `after`: nothing is asked unless the update with this
    number has been answered with a sample.
    """

    window: StoredWindow
    key: tuple[str, ...]
    event: EventName
    members: tuple[str, ...]
    recorded: bool
    queries: tuple[WindowQuery, ...]
    note: str = ""
    merges: tuple[tuple[str, ...], ...] = ()
    after: int | None = None


class Contribution(Struct, frozen=True):
    """One event that a window has counted."""

    time: int
    event_id: str
    note: str


class Contributor(Struct, frozen=True):
    """What one actor did of what a window counts within a stretch.

    `name` is a pseudonym, the same as that of a member whom windows hash. `time` and `note` are those of the actor's first
    event. `brought`: by the windows that a query names as `beside`, the pseudonyms of the members that the actor's events
    brought there; `least`: so many at least, where of one event only some are remembered. `events` are those that
    brought any.
    """

    member: str
    name: bytes
    time: int
    note: str
    events: int
    brought: tuple[frozenset[bytes], ...]
    least: tuple[int, ...]


class WindowResult(Struct, frozen=True):
    """The answer to one query: the fullest stretch that contains the event.

    `count` is the number of distinct members (or of events); with `at_least` there may have been more, because of an event
    with very many members only some are remembered. The rest is filled only where it reached the query's
    `sample_from`: `events`, the number of events; `first` and `last`, up to ten contributions each, oldest first;
    `members`, up to 101 named members, those of the latest events, in the order of their names; `contributors`, where the
    query asks for them, in the order of their first events.
    """

    count: int
    events: int = 0
    first: tuple[Contribution, ...] = ()
    last: tuple[Contribution, ...] = ()
    members: tuple[str, ...] = ()
    at_least: bool = False
    contributors: tuple[Contributor, ...] = ()


class Terms(Struct, frozen=True):
    """How verdicts bear upon a claim, and what is remembered for the verdict on its incident.

    An upheld incident is part of its subject's record for `record` after it happened. After a dismissal `rule` is silent
    about the subject for `silence` (0: never), for findings of less than `graver` times the level dismissed that have one of
    `about` in common, or for all where what was dismissed has none. `memo` is remembered for `kept` after the last revision,
    and given back to whoever asks for the incident; so is `origin`, who wrote its text first and was only copied.
    """

    rule: str
    memo: bytes
    kept: int
    record: int
    silence: int
    graver: float
    about: tuple[bytes, ...] = ()
    origin: str | None = None


class EpisodeUpdate(Struct, frozen=True):
    """A finding that wants to open an episode or to make it grow.

    `identity` is the event's, `event_ids` are the evidence.
    An episode is one subject's breach of one rule (`key`) until nothing was found for `gap`. It grows when `level` or the
    number of its `members` reaches `growth` times that of its last revision, or when `severity` (a rank) rises. `owner` is
    the member whose case it is, and whose episode the store keeps; the subject may be another. `opening`
    and `subject` are kept from the claim that opened the episode and `payload` from the one that made the revision; both are
    given back as they are, so that a redelivered record repeats what it said the first time. `members` took part; the
    episode collects them all.

    `mode` is the rule's. A live rule's finding is told in shadow, in an episode of its own, for a `shadow_reason` that the
    claim brings along, or where the rule has opened `daily_cap` live episodes (0: no cap) on the day of `time`, in UTC. That
    episode stays in shadow, and the next finding that may be told live opens a live one. `shadow_incident_id` is the id
    of the incident that the claim opens then. `rank` is the claim's place among those of its event, the gravest 0: an event
    opens a handful of episodes at most.
    """

    key: tuple[str, ...]
    identity: str
    incident_id: str
    time: int
    opened: int
    level: float
    severity: int
    gap: int
    growth: float
    event_ids: tuple[str, ...]
    opening: bytes
    payload: bytes
    subject: str
    feedback: Terms
    members: tuple[str, ...] = ()
    owner: str = ""
    mode: Mode = "live"
    shadow_reason: str = ""
    shadow_incident_id: str = ""
    daily_cap: int = 0
    rank: int = 0


class Revision(Struct, frozen=True):
    """What an episode has become through one event. `opening` and `payload` are those of its claims.

    `member_count` counts the members besides the subject, and `members` are the first hundred of them. `prior` is the number
    of the subject's other upheld incidents, and `strikes` is their weight. `shadow_reason` says why the finding of a live rule
    is told in shadow; empty where it is not.
    """

    incident_id: str
    revision: int
    opened: int
    event_ids: tuple[str, ...]
    opening: bytes
    payload: bytes
    member_count: int = 0
    members: tuple[str, ...] = ()
    prior: int = 0
    strikes: int = 0
    shadow_reason: str = ""


class Silenced(Struct, frozen=True):
    """The answer to a claim that a dismissal keeps from being told."""


class Cut(Struct, frozen=True):
    """The answer to a claim that would open one episode too many of its event."""


class Filing(Struct, frozen=True):
    """A member reports another; None is no article. Asks for the reporter's record, and becomes part of it."""

    time: int
    reporter: str
    reported: str
    article: int | None


class Record(Struct, frozen=True):
    """How many incidents that a reporter had reported were upheld, and how many dismissed."""

    upheld: int
    dismissed: int


class Remembered(Struct, frozen=True):
    """An incident that was told: whom it is about, and the memo and the `origin` of its latest claim."""

    subject: str
    memo: bytes
    origin: str | None = None


class Sample(Struct, frozen=True):
    """The text of an incident that belongs to a campaign; as in `Text`. To `origin`, who wrote it first and was only copied,
    it is not known as upheld.
    """

    campaign_id: str
    digest: bytes
    signature: bytes
    public: bool = False
    origin: str | None = None


class ModeratorVerdict(Struct, frozen=True):
    """What a person said of an incident at `time`, in the event `identity`.

    `happened`: when the incident did. `reported`: whether members had reported it. `weight` is that of the strike, `level`
    what was found, `about` as in `Terms`. `sample` is the text whose copies are known from now on (or no longer).
    """

    incident_id: str
    subject: str
    time: int
    identity: str
    upheld: bool
    rule: str
    article: int
    happened: int
    weight: int
    level: float
    reported: bool
    sample: Sample | None
    about: tuple[bytes, ...] = ()


class Found(Struct, frozen=True):
    """What is remembered of incidents, parallel to their ids; None of one that was never told or is forgotten. `conflicting`
    is that of `Recalled`.
    """

    incidents: list[Remembered | None]
    conflicting: list[bool]


class Doubt(Struct, frozen=True):
    """Events from `start` to `end` were judged before records of the topic that may come before them."""

    topic: str
    start: int
    end: int


class Recalled(Struct, frozen=True):
    """Answers parallel to the relations (others known by it, and what others' answers count by it), to texts, events and
    reports.

    An answer counts by itself where its question had been seen, and by its question where it had been waiting for that.
    A text has no campaign where its author has brought too many new ones already. `told` are the revisions that an event
    made when it came before; empty for an event that is new or told nothing. `united` are the campaigns that became part of a
    text's campaign through that text. `decisions` are to be handed to `settle`. An event is `conflicting` whose id another
    event has carried before. `doubts` are all that are remembered. `sources` tell who wrote before what texts claim to show.
    `unlearnt`: how often a sentence was not learnt as boilerplate because there are too many.
    """

    known: list[frozenset[str]]
    answered: list[tuple[Answered, ...]]
    campaigns: list[Campaign | None]
    told: list[list[Revision]]
    records: list[Record]
    merged: list[tuple[str, ...]]
    decisions: list[MergeDecision | Judgement]
    conflicting: list[bool]
    doubts: tuple[Doubt, ...] = ()
    sources: "Sources | None" = None
    unlearnt: int = 0


class Progress(Struct, frozen=True, kw_only=True):
    """What a worker tells the others of its group: the event time before which it has judged all that it can read, or, where
    that is all there is, the latest of it. `claims` are all its partitions, told when they have changed, with the
    `generation` of the group. With `names_slowest` it asks whose partitions it waits for.
    """

    worker: str
    moment: int
    up_to_date: bool
    generation: int = 0
    claims: tuple[str, ...] | None = None
    names_slowest: bool = False


class Absent(Struct, frozen=True):
    """Partitions that nobody is known to read: all before `moment` is judged."""

    moment: int
    partitions: frozenset[str]


class Others(Struct, frozen=True, kw_only=True):
    """What a worker learns of the others. `known` is false where its own claims are not remembered. `slowest` is the least
    moment of those that are not up to date, and `slowest_partitions` are that worker's, where they were asked for.
    """

    known: bool = True
    slowest: int | None = None
    slowest_partitions: frozenset[str] = frozenset()
    absent: tuple[Absent, ...] = ()
