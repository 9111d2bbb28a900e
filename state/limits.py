"""How long and how much the store remembers."""

from msgspec import Struct, field

DAY = 24 * 3600


class FeedbackLimits(Struct, frozen=True, kw_only=True):
    """How long and how much is kept. Times in seconds.

    `verdicts`: after so long no judgement has an effect any more. `texts`: how long upheld texts are known. A reporter's
    record reaches back `records`; a report is about incidents within `near` of it.
    """

    verdicts: int = 400 * DAY
    texts: int = 90 * DAY
    records: int = 365 * DAY
    near: int = 7 * DAY
    verdicts_per_member: int = 200
    reports_per_member: int = 200


class StoreLimits(Struct, frozen=True, kw_only=True):
    """How long and how much the store remembers. Times in seconds.

    `grace` is added to every expiry: Redis expires by the wall clock, so that state which a backlog still needs must outlive
    the longest downtime. `generation` is the stretch of event time after which a campaign that nobody joined is forgotten
    (it is found for one to two generations), `boilerplate` the same of sentences that many use. `texts_per_author` are
    remembered in one generation, further new ones are not compared. A history has at most so many entries and bytes;
    `bytes_per_actor` is how much one actor's events may add to histories that are not the actor's own in a `period`, in each
    shard. One event opens at most `episodes_per_event`.
    """

    grace: int = 3 * DAY
    generation: int = 2 * DAY
    boilerplate: int = 30 * DAY
    lateness: int = 6 * 3600
    tie_ttl: int = 400 * DAY
    ties_per_member: int = 5_000
    entries_per_history: int = 5_000
    bytes_per_history: int = 1_000_000
    members_per_episode: int = 10_000
    episodes_per_event: int = 5
    texts_per_author: int = 5_000
    period: int = DAY
    bytes_per_actor: int = 8_000_000
    similarity_threshold: float = 0.7
    feedback: FeedbackLimits = field(default_factory=FeedbackLimits)
