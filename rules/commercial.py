"""Article 2, commercial purposes: texts that sell, and one outside address pushed to many people or by many accounts."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from models.events import Comment, ForumPost
from rules.base import Case, Fact, Finding, Key, Rule, Signal, Window
from rules.quotas import Duration, Quotas, in_words, measured, reached
from rules.writings import WRITTEN, events_by_actor, one_of, others, where, written
from text.commerce import CommerceReading, commerce_of, is_harmless
from text.links import links_of

MIN_SIGNS = 2
"""One sign alone, however heavy, is no incident; nor is one phrase that may be read as two of them."""
WEAK_SIGNS = frozenset({"link", "visit", "price", "shouting"})
"""They add weight to others, and are found in every other honest text."""
NAMED_SIGNS = 5
"""Signs that a summary names; the rest is in the sum."""
SIGNS = {
    "prize": "a prize",
    "earnings": "easy earnings",
    "finance": "loans or insurance",
    "gambling": "gambling",
    "adult": "sexual services",
    "medicine": "medicines or slimming",
    "fakes": "copies, bought papers or followers",
    "buy": "a call to buy",
    "discount": "a discount",
    "free": "something for free",
    "urgency": "hurry",
    "call": "a call to ring up",
    "premium number": "a premium-rate number",
    "short code": "a code to text",
    "reply": "a word to reply with",
    "rate": "a charge by the minute or message",
    "terms": "terms and conditions",
    "account": "a subscription or an order",
    "goods": "goods in bulk",
    "seller": "how firms speak of themselves",
    "price": "a price",
    "visit": "a call to visit",
    "own": "the writer's own channel or shop",
    "follow": "a call to follow or subscribe",
    "handle": "contact outside the platform",
    "shouting": "capitals or !!!",
    "link": "a link",
    "short link": "a shortened link",
    "shop link": "a link to a shop",
    "trading domain": "a domain used for trade",
    "referral link": "a link that earns by the click",
    "warning": "a warning of offers",
    "school": "school life",
}
"""What a moderator is told for each sign of `text/commerce.yaml`."""
FURTHER_TEXT = 0.25
"""What each further selling text within the window adds to the level of the heaviest."""
_PLACE = "place"
_Entries = Iterable[tuple[Key, tuple[str, ...]]]


class CommercialContentLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """When a text sells, and when a link is pushed.

    `points`: the sum of a text's signs, see `text/commerce.yaml`. `texts_window`: how long selling texts of one account
    are counted together. `pushed`: distinct strangers, threads and owners that one account puts one address before.
    `promoters`: distinct accounts that write texts with one address in them and with `promoting_points` or more. Links to
    `harmless` hosts, and to all hosts under them, count nowhere.
    """

    points: Annotated[float, Meta(gt=0)]
    texts_window: Duration
    pushed: Quotas
    promoters: Quotas
    promoting_points: Annotated[float, Meta(gt=0)]
    harmless: frozenset[str]


# --- what is read and counted ------------------------------------------------------------------------------------------


def reading_of(fact: Fact, limits: CommercialContentLimits) -> CommerceReading:
    """The signs of selling in all that was written: a heading and its text are one offer."""
    undisguised = "\n".join(reading.undisguised for reading in (fact.heading, fact.text) if reading)
    return commerce_of(written(fact), undisguised, limits.harmless)


def _advertises(reading: CommerceReading, points: float, signs: int) -> bool:
    strong = [sign for sign in reading.signs if sign.points > 0 and sign.apart and sign.name not in WEAK_SIGNS]
    return reading.points >= points and len(strong) >= signs


def _sells(reading: CommerceReading, limits: CommercialContentLimits) -> bool:
    return _advertises(reading, limits.points, MIN_SIGNS)


def _places(reading: CommerceReading, limits: CommercialContentLimits) -> Iterable[str]:
    return dict.fromkeys(link.place for link in reading.links if not is_harmless(link, limits.harmless))


def _put_before(fact: Fact) -> tuple[str, ...]:
    """Whom a text is put before: strangers, those who read a thread, the owner of a page."""
    match fact.event:
        case ForumPost(forum_id=forum, thread_id=thread):
            return (f"{forum}\n{thread}",)
        case Comment(owner_id=owner, actor_id=actor):
            return () if owner == actor else (owner,)
    return fact.strangers


def _pushed(limits: CommercialContentLimits, fact: Fact) -> _Entries:
    if whom := _put_before(fact):
        for place in _places(reading_of(fact, limits), limits):
            yield (fact.event.actor_id, place), whom


def _promoters(limits: CommercialContentLimits, fact: Fact) -> _Entries:
    reading = reading_of(fact, limits)
    if _advertises(reading, limits.promoting_points, 1):
        for place in _places(reading, limits):
            yield (place,), (fact.event.actor_id,)


def _at_place_of_actor(fact: Fact, subject: str) -> Key | None:
    kind, place = subject.partition("\n")[::2]
    return (fact.event.actor_id, place) if kind == _PLACE and place else None


def _at_place(fact: Fact, subject: str) -> Key | None:
    kind, place = subject.partition("\n")[::2]
    return (place,) if kind == _PLACE and place else None


def _signals(limits: CommercialContentLimits) -> dict[str, Signal]:
    """What the windows take in depends on the limits, so they are made of them."""
    texts = events_by_actor("commercial texts by actor", WRITTEN, lambda fact: _sells(reading_of(fact, limits), limits))
    pushed = Window(
        name="people an actor put a place before",
        on=WRITTEN,
        entries=partial(_pushed, limits),
        at=_at_place_of_actor,
    )
    promoters = Window(
        name="accounts that promote a place",
        on=WRITTEN,
        entries=partial(_promoters, limits),
        at=_at_place,
        named=True,
        note=lambda fact: fact.event.actor_id,
    )
    return (
        {"texts": Signal(texts, int(limits.texts_window), 1)}
        # from half the quota on, what the text says may make up for the rest
        | {f"pushed/{q.window}": Signal(pushed, int(q.window), (q.reach + 1) // 2) for q in limits.pushed}
        | {f"promoters/{q.window}": Signal(promoters, int(q.window), q.reach) for q in limits.promoters}
    )


def _subjects(fact: Fact) -> Iterable[str]:
    """The actor, who is judged by the text, and every place that the text leads to."""
    yield fact.event.actor_id
    for link in links_of(written(fact)):
        yield f"{_PLACE}\n{link.place}"


# --- judging -----------------------------------------------------------------------------------------------------------


def judge_commercial_content(case: Case, limits: CommercialContentLimits) -> Finding | None:
    """A text that sells; or a place that one account pushes, or that several accounts promote."""
    reading = reading_of(case.fact, limits)
    if case.subject_id == case.fact.event.actor_id:
        return _selling_text(case, reading, limits)
    return _promoted_place(case, limits) or _pushed_place(case, reading, limits)


def _selling_text(case: Case, reading: CommerceReading, limits: CommercialContentLimits) -> Finding | None:
    if not _sells(reading, limits):
        return None
    texts = case.readings["texts"]
    return Finding(
        level=reading.points / limits.points + FURTHER_TEXT * others(texts),
        measurements=(
            measured("points", reading.points, limits.points),
            measured("texts", texts.count, 1, limits.texts_window),
        ),
        evidence=texts,
        summary=f"{where(case.fact)} sells or advertises: {_named(reading)}; together {reading.points:g} points, the limit is "
        f"{limits.points:g}.{one_of(texts, 'such texts', limits.texts_window)}",
    )


def _pushed_place(case: Case, reading: CommerceReading, limits: CommercialContentLimits) -> Finding | None:
    if _sells(reading, limits):
        return None  # that incident says it all
    advertising = sum(sign.points for sign in reading.signs if sign.name not in WEAK_SIGNS)
    share = min(max(advertising, 0.0) / limits.points, 1.0)
    counts = [(case.readings[f"pushed/{quota.window}"], quota) for quota in limits.pushed]
    level, told, quota = max(
        ((told.count / quota.reach + share, told, quota) for told, quota in counts if 2 * told.count >= quota.reach),
        key=lambda found: (found[0], -found[2].window),
        default=(0.0, None, None),
    )
    if level < 1 or told is None or quota is None:
        return None
    place = case.subject_id.partition("\n")[2]
    signs = f", in texts with signs of advertising ({_named(reading)})" if share else ""
    return Finding(
        level=level,
        measurements=(
            measured("pushed", told.count, quota.reach, quota.window),
            measured("points", reading.points, limits.points),
        ),
        evidence=told,
        subject_id=case.fact.event.actor_id,
        episode=(case.fact.event.actor_id,),
        summary=f"Put links to {place} before {told.count} strangers, threads or page owners within "
        f"{in_words(quota.window)}{signs}; the limit is {quota.reach}, and less where a text advertises.",
    )


def _promoted_place(case: Case, limits: CommercialContentLimits) -> Finding | None:
    over = reached("promoters", limits.promoters, case.readings)
    if not over:
        return None
    place = case.subject_id.partition("\n")[2]
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        subject_id=over.reading.first[0].note,
        episode=(_PLACE,),
        members=over.reading.members,
        summary=f"{over.reading.count} accounts advertised {place} within {over.within}, in {over.reading.events} texts; "
        f"the limit is {over.quota.reach} accounts.",
    )


def _named(reading: CommerceReading) -> str:
    named = [f"{SIGNS[sign.name]} ({sign.points:g})" for sign in reading.signs]
    return ", ".join(named[:NAMED_SIGNS]) + (
        f" and {len(named) - NAMED_SIGNS} more" if len(named) > NAMED_SIGNS else ""
    )


COMMERCIAL_CONTENT = Rule(
    slug="commercial_content",
    article=2,
    on=WRITTEN,
    limits=CommercialContentLimits,
    signals=_signals,
    judge=judge_commercial_content,
    subjects=_subjects,
)

RULES = (COMMERCIAL_CONTENT,)
