"""Every kind of key that twinwatch keeps in Redis, declared once.

A key is `<namespace>{s<shard>}:<kind>…`. What has to know the kinds asks here: the scripts (`state.scripts.Script` refuses one
that names another kind), the times to live (`Kind.ttl`), forgetting (`state.forget`), the users of Redis
(deploy/redis/users.acl), the table in docs/state.md (`python -m state.kinds` prints it) and the tests of all these.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Literal

from msgspec import Struct

from state.limits import StoreLimits

Type = Literal["string", "hash", "zset"]
READ_BY: dict[Type, str] = {"string": "GET", "hash": "HSCAN", "zset": "ZSCAN"}
"""The command that reads what stands in a key of a type, in steps where it may be large."""
_TYPES: dict[Type, str] = {"string": "string", "hash": "hash", "zset": "sorted set"}


class Members(Enum):
    """How a kind names members, besides in its keys, and so how one is taken out of it."""

    NONE = auto()
    """Not at all: numbers, hashes of texts, events and incidents, what workers tell each other."""
    HASHED = auto()
    """Entries and fields begin with the hashes of one member or two, values of fields with that of one."""
    SEALED = auto()
    """Entries are sealed ids."""
    HISTORY = auto()
    """As `state.windows.Entry`: who acted, whom it was about, sealed."""
    LEADER = auto()
    """As `state.campaigns` has them."""
    SENTENCE = auto()
    LEARNT = auto()
    """As `state.boilerplate` has them."""
    SOURCE = auto()
    """As `state.quotations` has them."""
    EPISODE = auto()
    INCIDENT = auto()
    REVISION = auto()
    """Packed, as `state.episodes` has them."""
    VERDICT = auto()
    """As `state.upheld` has them."""


class Life(Struct, frozen=True):
    """When a key ends that nobody writes to any more: in `words`, and after how many `seconds`, by the store's limits and by
    how long (in seconds) rules want it: their longest window, gap or record.
    """

    words: str
    seconds: Callable[[StoreLimits, int], int]


class Kind(Struct, frozen=True):
    """One kind of key. `form` is how its keys are written, the name first.

    `owned`: what follows the name begins with the hash of the member whose key it is. `most`, `size` (bytes each) and `holds`
    are cells of its row in docs/state.md, in which `{limits}` are the store's; `forgets` is what `forget` takes out, in words.
    """

    form: str
    type: Type
    life: Life
    members: Members = Members.NONE
    owned: bool = False
    most: str = "–"
    size: str = ""
    holds: str = ""
    forgets: str = ""

    @property
    def name(self) -> str:
        """What its keys begin with, after the shard."""
        return self.form.partition(":")[0]

    def key(self, of: bytes) -> bytes:
        """A key within its shard."""
        return b"%s:%s" % (self.name.encode(), of)

    def ttl(self, limits: StoreLimits, wanted: int = 0) -> int:
        """The seconds after which a key ends; `wanted` as in `Life`."""
        return self.life.seconds(limits, wanted)

    def row(self, limits: StoreLimits) -> str:
        """Its row of the table."""
        cells = (
            f"`{self.form}`",
            _TYPES[self.type],
            self.holds,
            self.life.words,
            self.most.format(limits=limits),
            self.size,
        )
        return f"| {' | '.join(cells)} |"


_ACQUAINTANCE = Life("`acquaintance`", lambda limits, _: limits.tie_ttl)
_EACH_BY_ITSELF = Life("`acquaintance`; each entry by itself", lambda limits, _: limits.tie_ttl)
_LATE = Life("lateness + grace", lambda limits, _: limits.lateness + limits.grace)
_LOOKED_BACK = Life(
    "how far the longest of its entries' windows looks back + lateness + grace; an entry of a history that goes on, as long "
    "as the history is read without it",
    lambda limits, wanted: wanted + limits.lateness + limits.grace,
)
_DAY = Life("a day + lateness + grace", lambda limits, _: limits.period + limits.lateness + limits.grace)
_TWO_DAYS = Life("two days + lateness + grace", lambda limits, _: 2 * limits.period + limits.lateness + limits.grace)
_UTC_DAY = Life("a day + lateness + grace", lambda limits, _: 86_400 + limits.lateness + limits.grace)
_GENERATIONS = Life(
    "two generations + lateness + grace", lambda limits, _: 2 * limits.generation + limits.lateness + limits.grace
)
_BOILERPLATE = Life(
    "two stretches (30 days each) + lateness + grace",
    lambda limits, _: 2 * limits.boilerplate + limits.lateness + limits.grace,
)
_EPISODE = Life("the rule's `episode_gap` + grace", lambda limits, wanted: wanted + limits.grace)
_STRIKES = Life(
    "`strikes.period` (180 days) after its last revision + grace", lambda limits, wanted: wanted + limits.grace
)
_VERDICTS = Life(
    "the longest of strikes, silence and records (365 days) after the latest verdict + grace",
    lambda limits, _: limits.feedback.verdicts + limits.grace,
)
_REPORTS = Life(
    "`reporters.memory` (365 days) + `reporters.near` (7 days) + grace; each report by itself",
    lambda limits, _: limits.feedback.records + limits.feedback.near + limits.grace,
)
_UPHELD = Life("twice `campaigns.period` (90 days) + grace", lambda limits, _: 2 * limits.feedback.texts + limits.grace)
_PROGRESS = Life(
    "3 days and 2 seconds; doubts: the longest window that counts strangers + lateness + grace",
    lambda limits, wanted: wanted + limits.lateness + limits.grace,
)
_LONGEST: Life = Life(
    "the longest of all here, mostly `acquaintance`, after the last worker",
    lambda limits, _: max(kind.ttl(limits) for kind in KINDS.values() if kind.life is not _LONGEST),
)

# fmt: off
RELATION = Kind(
    "relation:<member>", "zset", _EACH_BY_ITSELF, Members.HASHED, owned=True,
    most="{limits.ties_per_member:,} others, the latest", size="206",
    holds="whom the member contacted or accepted, with the first time",
    forgets="whom the member turned to or accepted, and the member among others' acquaintances",
)
ASKED = Kind(
    "asked:<asker>", "zset", _EACH_BY_ITSELF, Members.HASHED, owned=True,
    most="{limits.ties_per_member:,} questions to one member each, the latest, and as many in the parts",
    size="167 (16 an event)",
    holds="whom the member has asked what (a contact, this project, that event; hashed), with the first time; in the "
    "shards of those who were asked, too; of a question to more than 100 members in 64 parts, keys by themselves",
    forgets="whom the member asked for an answer, and the member among those who were asked",
)
IN = Kind(
    "in:<member>", "zset", _EACH_BY_ITSELF, Members.HASHED, owned=True, most="50 circles, the latest", size="100",
    holds="projects whose partner the member is, and in which circle (each hashed), with the time of joining; in the "
    "project's shard",
    forgets="projects whose partner the member is",
)
CIRCLE = Kind(
    "circle:<circle>", "zset", _EACH_BY_ITSELF, Members.HASHED, most="{limits.ties_per_member:,} members, the latest",
    size="122 (16 a member)",
    holds="members who accepted invitations to one project, by one founder or those whom the founder's partners "
    "invited, with the time of joining",
    forgets="the member among the partners of a project",
)
TALK = Kind(
    "talk:<conversation>", "hash", _ACQUAINTANCE, Members.HASHED, most="1,000 members, the first",
    size="130 (35 a member)",
    holds="of a conversation with three members or more: member → who addressed the member there first, and when; and "
    "who opened it",
    forgets="who addressed the member in conversations, and whom the member addressed there",
)
ANSWERS = Kind(
    "answers:<answerer>", "zset", _LATE, Members.HASHED, owned=True, most="{limits.ties_per_member:,}", size="128",
    holds="answers read before their question: who asked, what is answered, yes or no, when",
    forgets="answers that wait for their question",
)
ACTS = Kind(
    "acts:<member>", "zset", _LOOKED_BACK, Members.HISTORY, owned=True,
    most="{limits.entries_per_history:,} events or 1 MB: then goes what a window that counts by the member "
    "alone has more than 500 of, or what is counted by something else (a text, a link), the oldest first",
    size="319",
    holds="what the member did, as far as a rule counts it: an entry an event, at its time (below)",
    forgets="what the member did, and the member in what others did",
)
RECEIVED = Kind(
    "received:<member>", "zset", _LOOKED_BACK, Members.HISTORY, owned=True, most="as `acts`", size="301",
    holds="the same as `acts`, of what others did to the member: answers to the member's requests and invitations, "
    "contacts gained, reports, hostile words",
    forgets="what others did to the member, and what the member did to others",
)
HISTORY = Kind(
    "history:<what>", "zset", _LOOKED_BACK, Members.HISTORY, most="as `acts`", size="254 (1–2 events)",
    holds="the same as `acts`, of something that is no member: what became of one text (its authors, recipients, "
    "places; all in one shard, so that two can be merged), equal words, accounts that lead to one address, "
    "that bear a name, have a file or gave away a datum (all hashed); who reports whom",
    forgets="the member's events, and the member, among those of a text, a place, a name or a file",
)
ADDED = Kind(
    "added:<day>", "hash", _DAY, Members.HASHED, most="8 MB an actor, from there on nothing is added",
    size="36 an actor",
    holds="actor (hashed) → bytes that the actor's events have added on that day of event time to histories that are "
    "not the actor's own",
    forgets="how much the member's events have added to others' histories",
)
USED = Kind(
    "used:<day>:<bucket>", "hash", _TWO_DAYS,
    most="256 buckets of 4,096 ids a day and shard; beyond that ids are not compared",
    size="21 an event while a bucket has 128 or fewer, 70 beyond",
    holds="event id (hashed) → the first event of that day of event time that carried it (hashed)",
)
NUMBER = Kind(
    "number", "string", _ACQUAINTANCE, size="56",
    holds="number of the latest event recorded in the shard",
)
DIGEST = Kind(
    "digest:<generation>", "hash", _GENERATIONS, most="as `brought`", size="43 a text",
    holds="normalised text → leader of its campaign",
)
SEEN = Kind(
    "seen:<generation>", "hash", _GENERATIONS, most="as `brought`", size="72 a text",
    holds="event and text → the campaign that it was answered, and whether the text repeats what was upheld",
)
BROUGHT = Kind(
    "brought:<generation>", "hash", _GENERATIONS, Members.HASHED,
    most="further new texts of one author are not compared from {limits.texts_per_author:,} on", size="40 an author",
    holds="author → texts brought in the generation",
    forgets="how many texts the member has brought",
)
BAND = Kind(
    "band:<generation>:<i>", "hash", _GENERATIONS, most="4 leaders a band", size="190 a text, all bands",
    holds="bucket of the i-th band of a signature → bands and leaders",
)
LEADER = Kind(
    "leader:<generation>", "hash", _GENERATIONS, Members.LEADER, most="8 further leaders a campaign",
    size="420 a text of 300 letters",
    holds="leader → campaign id, and, sealed together and compressed, the author's hash and up to 600 letters of the text "
    "(gone where the author was forgotten); low bits of the text's signature, or all of it where the text is longer or gone",
    forgets="words of the member's texts, kept to compare others with",
)
SENTENCE = Kind(
    "sentence:<generation>", "hash", _GENERATIONS, Members.SENTENCE, most="12 sentences a text",
    size="57 a sentence, one that many use 190",
    holds="sentence (hashed) → up to twelve texts that it stood in: hash of sentence and author, campaign, day, weight",
    forgets="that the member wrote a sentence which others write, too",
)
LEARNT = Kind(
    "learnt:<stretch>", "hash", _BOILERPLATE, Members.LEARNT, most="10,000 sentences a stretch",
    size="440 a sentence",
    holds="sentence that is boilerplate (hashed) → the same, and an example: hash of sentence and author, type, "
    "language and time of the event, its id (sealed); `-` where an operator has barred it",
    forgets="that the member wrote what is boilerplate, and the member's event as an example of it",
)
SOURCE = Kind(
    "source:<generation>", "hash", _GENERATIONS, Members.SOURCE,
    most="100 authors, 60 showings and 500 readers; of more readers only that everybody may have got it",
    size="90 a text that founds a campaign, 4 a reader",
    holds="campaign → who wrote its texts, who got them, and who only showed them to whom (4-byte hashes of members, "
    "of threads and pages where it stands, and of what was said above or below it; of an author who was forgotten, zeros)",
    forgets="that the member wrote a text, was sent it or showed it",
)
SHOWN = Kind(
    "shown:<generation>", "hash", _GENERATIONS, most="as `brought`", size="72 a text that shows others' words",
    holds="event and words that it shows as others' → whether it only shows them, so that it is judged the same when it "
    "comes again",
)
SIZE = Kind(
    "size:<generation>", "hash", _GENERATIONS, size="40 a campaign",
    holds="campaign → number of its leaders",
)
MERGED = Kind(
    "merged:<generation>", "hash", _GENERATIONS, size="40 a campaign",
    holds="campaign → the campaign that it was merged into, and how similar the texts were",
)
LEADERS = Kind(
    "leaders", "string", _GENERATIONS, size="72",
    holds="the number that was given last: to a leader, or to a part of a batch that was written",
)
EPISODE = Kind(
    "episode:<rule, mode, subject, …>", "string", _EPISODE, Members.EPISODE, owned=True, most="20 event ids",
    size="279",
    holds="the latest episode: sealed evidence and opening, revision, level",
    forgets="episodes about the member, and the member's events as evidence in others'",
)
OPENED = Kind(
    "opened:<day>", "hash", _UTC_DAY, most="one field a rule", size="176",
    holds="rule (hashed) → live incidents that it has opened on that day of event time (UTC); with several shards each "
    "lets it open its share of `daily_cap`",
)
MEMBERS = Kind(
    "members:<episode>:<incident>", "zset", _EPISODE, Members.SEALED, owned=True,
    most="{limits.members_per_episode:,}", size="296",
    holds="accounts that took part (sealed), numbered as they came",
    forgets="the member among those who took part in something",
)
REVISION = Kind(
    "revision:<event>", "string", _EPISODE, Members.REVISION, size="882",
    holds="the revisions that an event made, sealed, to be published again",
    forgets="revisions about the member or of the member's events, kept to be published again",
)
INCIDENT = Kind(
    "incident:<incident id>", "string", _STRIKES, Members.INCIDENT, size="529 (with texts mostly)",
    holds="of an incident that was published: sealed subject, sealed memo (rule, article, severity, level, time; where "
    "copies of its text may become known, digest and signature of the text), and sealed, who wrote that text first and was "
    "only copied",
    forgets="incidents about the member, remembered for a verdict on them, and that others copied the member's words",
)
VERDICTS = Kind(
    "verdicts:<member>", "hash", _VERDICTS, owned=True,
    most="{limits.feedback.verdicts_per_member} incidents, those with the latest verdicts", size="542 (~6 incidents)",
    holds="the same in every shard: incident id → the latest verdict: time, upheld or not, hash of the rule, article, "
    "weight, level, hashes of what it is about",
    forgets="what moderators said of incidents about the member",
)
REPORTED = Kind(
    "reported:<member>", "zset", _REPORTS, Members.HASHED, owned=True, most="{limits.feedback.reports_per_member}",
    size="216 (~6 reports)",
    holds="whom (hash) the member has reported, under which article, when",
    forgets="whom the member has reported, and the member among those whom others have reported",
)
KNOWN = Kind(
    "known:<stretch>", "hash", _UPHELD, most="5,000 texts a stretch, 20 incidents a text", size="690 a text",
    holds="texts of upheld incidents: digest, signature, incident ids; and which was the latest",
)
VERDICT = Kind(
    "verdict:<incident id>", "string", _UPHELD, Members.VERDICT, most="as `known`", size="136",
    holds="the latest verdict on an incident whose text is known: time, upheld or not, until when, and who wrote the text "
    "first and was only copied (hashed)",
    forgets="that the member wrote first what was upheld of others",
)
UPHELD = Kind(
    "upheld:<campaign id>", "string", _UPHELD, most="20", size="152",
    holds="incidents with a verdict, of a campaign and of those that were merged into it",
)
PROGRESS = Kind(
    "progress:<what>", "hash", _PROGRESS, most="the workers that have partitions; the partitions; the topics",
    size="150 a worker, 60 a partition, 60 a topic",
    holds="`progress:moments`: worker (a random name) → event time up to which it has judged, so that none runs ahead. Beside "
    "it `progress:<worker>`, a string: whether it is up to date, for as long as it is not silent; `progress:owned`, a string:"
    " partition → the generation of the consumer group and the worker that reads it; `progress:given`: partition → up to "
    "when one was judged that was given back and that nobody has claimed yet; `progress:doubts`: topic → from when to when "
    "events were judged before records of it that may come before them",
)
SETTINGS = Kind(
    "settings", "string", _LONGEST, size="120",
    holds="in the first shard: what all workers of this Redis must have in common: a fingerprint of the pseudonym key "
    "(a keyed hash of the namespace, from which nothing of the key can be computed) and the number of shards; "
    "written by the first worker, compared by all, every two seconds",
)
# fmt: on

KINDS: dict[str, Kind] = {kind.name: kind for kind in list(vars().values()) if isinstance(kind, Kind)}
"""All of them by name, in the order of the table."""


def table(limits: StoreLimits) -> str:
    """The table of docs/state.md."""
    head = "| kind | type | what it holds | ends after | at most | bytes each |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(kind.row(limits) for kind in KINDS.values())


if __name__ == "__main__":
    print(table(StoreLimits()))
