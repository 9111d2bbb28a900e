"""Article 2, commercial purposes: texts that sell, and one outside address pushed to many people or by many accounts."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from models.events import Comment, ForumPost, thread_of
from rules.base import ACQUAINTING, EventContext, Finding, Key, Rule, RuleInput, Window
from rules.measures import Measure, declare, nowhere
from rules.quotas import Duration, Quota, Quotas, in_words, measured, number_of
from rules.writings import WRITTEN, events_by_actor, one_of, others, where
from state.requests import WindowResult
from text.commerce import CommerceReading, is_harmless

MIN_SIGNS = 2
"""One sign alone, however heavy, is no incident; nor is one phrase that may be read as two of them."""
WEAK_SIGNS = frozenset({"link", "visit", "price", "shouting"})
"""They add weight to others, and are found in every other honest text."""
CONTACT = frozenset({"call", "handle", "private"})
"""How the writer is reached: one sign, in however many ways."""
OFFERS = frozenset({"sale", "lessons", "earnings", "job", "fakes"})
"""Signs that need no second one beside a price in what goes to strangers: nobody names them one without a reason."""
PUBLIC_OFFERS = OFFERS - {"earnings"}
"""The same in what strangers find in a thread or on their page, where people also speak of what others earn."""
MOST_BY_WORDS = 3.0
"""The level of one text, whatever it says: below the one from which on more than a review is proposed."""
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
    "sale": "something to sell or to let",
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
    "job": "work for anybody",
    "hours": "few hours a day for pay",
    "let": "a flat to let or second hand",
    "lessons": "private lessons",
    "hourly": "a price an hour",
    "service": "what craftsmen or freelancers do",
    "course": "a paid course",
    "private": "orders in private",
    "goods": "goods in bulk",
    "seller": "how firms speak of themselves",
    "pitch": "a price list or a quote on request",
    "trial": "free for a while, to be paid later",
    "addressed": "an offer to schools",
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
    "together": "what a group books, wins or reckons",
    "school": "school life",
}
"""What a moderator is told for each sign of `text/commerce.yaml`."""
FURTHER_TEXT = 0.25
"""What each further selling text within the window adds to the level of the heaviest."""
MAX_PLACES = 5
"""Places of one text that count each by itself, those that stand first. A text that leads to more is a list; that an account
puts lists before people counts, too, whatever stands on each of them.
"""
NAMED_PLACES = 3
_PLACES = "places\n"
"""The subject of the case about the places that a text leads to."""
_MANY = "\nmany"
"""Stands for a place where a text leads to more than `MAX_PLACES`."""
_Entries = Iterable[tuple[Key, tuple[str, ...]]]


class CommercialContentLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """When a text sells, and when a link is pushed.

    `points`: the sum of a text's signs, see `text/commerce.yaml`. `texts_window`: how long selling texts of one account
    are counted together. `pushed`: distinct strangers, threads and owners that one account puts one address before.
    `promoters`: distinct accounts that write texts with one address in them and with `promoting_points` or more. Of one text
    the first `MAX_PLACES` addresses count. Links to `harmless` hosts, and to all hosts under them, count nowhere.
    """

    points: Annotated[float, Meta(gt=0)]
    texts_window: Duration
    pushed: Quotas
    promoters: Quotas
    promoting_points: Annotated[float, Meta(gt=0)]
    harmless: frozenset[str]


# --- what is read and counted ------------------------------------------------------------------------------------------


def reading_of(context: EventContext, limits: CommercialContentLimits) -> CommerceReading:
    """The signs of selling in all that was written."""
    return context.writing.commerce(limits.harmless)


def _advertises(reading: CommerceReading, points: float, signs: int) -> bool:
    strong = {sign.name for sign in reading.signs if sign.points > 0 and sign.apart and sign.name not in WEAK_SIGNS}
    return reading.points >= points and len(strong - CONTACT) + (not strong.isdisjoint(CONTACT)) >= signs


def sells(reading: CommerceReading, limits: CommercialContentLimits, offers: frozenset[str] = frozenset()) -> bool:
    """Whether a text alone is one that sells: two signs do, or one of `offers` and its price."""
    if _advertises(reading, limits.points, MIN_SIGNS):
        return True
    names = {sign.name for sign in reading.signs}
    return "price" in names and not names.isdisjoint(offers) and reading.points >= limits.points


def _sells(context: EventContext, limits: CommercialContentLimits) -> bool:
    offers = OFFERS if context.strangers else PUBLIC_OFFERS if _put_before(context) else frozenset[str]()
    return sells(reading_of(context, limits), limits, offers)


def _places(reading: CommerceReading, limits: CommercialContentLimits) -> list[str]:
    """The places that count each by itself."""
    return _all_places(reading, limits)[:MAX_PLACES]


def _all_places(reading: CommerceReading, limits: CommercialContentLimits) -> list[str]:
    return list(dict.fromkeys(link.place for link in reading.links if not is_harmless(link, limits.harmless)))


def _pushed_places(reading: CommerceReading, limits: CommercialContentLimits) -> list[str]:
    """The places that a text puts before people; among them the list that it is, if it is one."""
    places = _all_places(reading, limits)
    return [*places[:MAX_PLACES], *([_MANY] if len(places) > MAX_PLACES else [])]


def _put_before(context: EventContext) -> tuple[str, ...]:
    """Whom a text is put before: strangers, those who read a thread, the owner of a page."""
    match context.event:
        case ForumPost():
            return thread_of(context.event)
        case Comment(owner_id=owner, actor_id=actor):
            return () if owner == actor else (owner,)
    return context.strangers


def _pushed(limits: CommercialContentLimits, context: EventContext) -> _Entries:
    if whom := _put_before(context):
        for place in _pushed_places(reading_of(context, limits), limits):
            yield (context.event.actor_id, place), whom


def _promoters(limits: CommercialContentLimits, context: EventContext) -> _Entries:
    reading = reading_of(context, limits)
    if _advertises(reading, limits.promoting_points, 1):
        for place in _places(reading, limits):
            yield (place,), (context.event.actor_id,)


def _places_of_actor(limits: CommercialContentLimits, context: EventContext, subject: str) -> list[Key]:
    if subject != context.event.actor_id or not _put_before(context):
        return []
    return [(subject, place) for place in _pushed_places(reading_of(context, limits), limits)]


def _places_of_everybody(limits: CommercialContentLimits, context: EventContext, subject: str) -> list[Key]:
    return [(place,) for place in _places(reading_of(context, limits), limits)] if subject == _PLACES else []


TEXTS = Measure[CommercialContentLimits](
    "texts",
    lambda limits: events_by_actor(
        "commercial texts by actor",
        WRITTEN,
        lambda context: _sells(context, limits),
        needs=("writing",),
    ),
    within=lambda limits: limits.texts_window,
)
PUSHED = Measure[CommercialContentLimits](
    "pushed",
    lambda limits: Window(
        name="people an actor put a place before",
        on=WRITTEN,
        entries=partial(_pushed, limits),
        at=nowhere,
        spared_by=ACQUAINTING,
        needs=("writing",),
    ),
    # from half the quota on, what the text says may make up for the rest
    within=lambda limits: [Quota((quota.reach + 1) // 2, quota.window) for quota in limits.pushed],
    each=_places_of_actor,
)
PROMOTERS = Measure[CommercialContentLimits](
    "promoters",
    lambda limits: Window(
        name="accounts that promote a place",
        history="a place",
        on=WRITTEN,
        entries=partial(_promoters, limits),
        at=nowhere,
        named=True,
        note=lambda context: context.event.actor_id,
        needs=("writing",),
    ),
    within=lambda limits: limits.promoters,
    each=_places_of_everybody,
)


def _subjects(context: EventContext) -> Iterable[str]:
    """The actor, who is judged by the text and by what it puts before people; and all places that the text leads to, which
    others may promote, too.
    """
    yield context.event.actor_id
    if context.writing.links:
        yield _PLACES


# --- judging -----------------------------------------------------------------------------------------------------------


def judge_commercial_content(rule_input: RuleInput, limits: CommercialContentLimits) -> Finding | None:
    """A text that sells; or places that one account pushes, or that several accounts promote: one finding, however many places
    there are.
    """
    reading = reading_of(rule_input.context, limits)
    if rule_input.subject_id == _PLACES:
        return _promoted_places(rule_input, reading, limits)
    return _selling_text(rule_input, reading, limits) or _pushed_places_found(rule_input, reading, limits)


def _selling_text(rule_input: RuleInput, reading: CommerceReading, limits: CommercialContentLimits) -> Finding | None:
    if not _sells(rule_input.context, limits):
        return None
    texts = TEXTS.of(rule_input)
    return Finding(
        level=min(reading.points / limits.points, MOST_BY_WORDS) + FURTHER_TEXT * others(texts),
        measurements=(
            measured("points", reading.points, limits.points),
            measured("texts", texts.count, 1, limits.texts_window),
        ),
        evidence=texts,
        words=reading.words,
        language=reading.known_in,
        summary=f"{where(rule_input.context)} sells or advertises: {_named(reading)}; together {reading.points:g} points, "
        f"the limit is {limits.points:g}.{one_of(texts, 'such texts', limits.texts_window)}",
    )


class _Pushed(NamedTuple):
    """One place that was put before too many: how far the limit is reached, and what was counted within the quota's window."""

    level: float
    place: str
    told: WindowResult
    quota: Quota


def _pushed_places_found(
    rule_input: RuleInput, reading: CommerceReading, limits: CommercialContentLimits
) -> Finding | None:
    advertising = sum(sign.points for sign in reading.signs if sign.name not in WEAK_SIGNS)
    share = min(max(advertising, 0.0) / limits.points, 1.0)
    found = [
        one
        for number, place in enumerate(_pushed_places(reading, limits))
        if (one := _pushed_place(rule_input, number, place, share, limits)) and one.level >= 1
    ]
    if not found:
        return None
    best, *further = sorted(found, key=lambda one: -one.level)
    signs = f", in texts with signs of advertising ({_named(reading)})" if share else ""
    return Finding(
        level=best.level,
        measurements=(
            measured("pushed", best.told.count, best.quota.reach, best.quota.window),
            measured("points", reading.points, limits.points),
            measured("places", len(found), 1, best.quota.window),
        ),
        evidence=best.told,
        summary=f"Put links to {_place_named(best.place)} before {number_of(best.told)} strangers, threads or page owners "
        f"within {in_words(best.quota.window)}{signs}; the limit is {best.quota.reach}, and less where a text advertises."
        f"{_further_places([one.place for one in further])}",
    )


def _pushed_place(
    rule_input: RuleInput, number: int, place: str, share: float, limits: CommercialContentLimits
) -> _Pushed | None:
    """The quota that the text's place reaches by most, with `share` of it made up for by what the text says."""
    readings = ((PUSHED.of(rule_input, quota.window, number), quota) for quota in limits.pushed)
    found = [
        _Pushed(told.count / quota.reach + share, place, told, quota)
        for told, quota in readings
        if told.count and 2 * told.count >= quota.reach
    ]
    return max(found, key=lambda one: (one.level, -one.quota.window), default=None)


def _place_named(place: str) -> str:
    return f"more than {MAX_PLACES} addresses at a time" if place == _MANY else place


def _further_places(places: list[str]) -> str:
    """A sentence that names the first of them; empty where there are none."""
    named = [_place_named(place) for place in places[:NAMED_PLACES]]
    more = [f"{len(places) - NAMED_PLACES} more"] if len(places) > NAMED_PLACES else []
    return f" The same goes for {', '.join([*named, *more])}." if named else ""


def _promoted_places(
    rule_input: RuleInput, reading: CommerceReading, limits: CommercialContentLimits
) -> Finding | None:
    found = []
    for number, place in enumerate(_places(reading, limits)):
        if over := PROMOTERS.reached(rule_input, limits, number):
            found.append((over, place))
    if not found:
        return None
    # of places that go together it is the same one in whatever order they stand, so that they are one episode
    found.sort(key=lambda one: (-one[0].level, one[1]))
    (over, place), *further = found
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.result,
        subject_id=over.result.first[0].note,
        episode=(place,),
        members=over.result.members,
        summary=f"{over.result.count} accounts advertised {place} within {over.within}, in {over.result.events} texts; "
        f"the limit is {over.quota.reach} accounts.{_further_places([place for _, place in further])}",
    )


def _named(reading: CommerceReading) -> str:
    named = [f"{SIGNS[sign.name]} ({sign.points:g})" for sign in reading.signs]
    return ", ".join(named[:NAMED_SIGNS]) + (
        f" and {len(named) - NAMED_SIGNS} more" if len(named) > NAMED_SIGNS else ""
    )


COMMERCIAL_CONTENT = Rule(
    slug="commercial_content",
    of_text=True,
    article=2,
    on=WRITTEN,
    limits=CommercialContentLimits,
    signals=declare(TEXTS, PUSHED, PROMOTERS),
    judge=judge_commercial_content,
    lists=("trade", "romanised", "warnings"),
    subjects=_subjects,
)

RULES = (COMMERCIAL_CONTENT,)
