"""Article 11, private information: telephone numbers, addresses, accounts and identifiers where they should not stand."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import blake2b
from typing import Annotated

from msgspec import Meta, Struct

from models.events import MediaUpload
from rules.base import EventContext, Finding, Key, Rule, RuleInput, Window
from rules.measures import Measure, declare, nowhere
from rules.quotas import Duration, Quota, measured
from rules.writings import WRITTEN, events_by_actor, is_visible, one_of, others, where
from text.personal_data import Kind, PersonalDatum, Standing

NAMED_MASKS = 5
MAX_TRACED = 3
"""Data of one text of which it is remembered who gave them away; of a whole list the first say it."""
MOST_REQUESTS = 2
"""Texts of one account within `texts_window` that may ask to remove what nobody is known to have published. Who goes on
publishes it himself.
"""
_DIGEST_BYTES = 12
FURTHER_TEXT = 0.25
"""What each further text with private information within the window adds to the level."""
_NAMES = {
    Kind.EMAIL: ("an e-mail address", "e-mail addresses"),
    Kind.PHONE: ("a telephone number", "telephone numbers"),
    Kind.ADDRESS: ("a postal address", "postal addresses"),
    Kind.IBAN: ("a bank account", "bank accounts"),
    Kind.CARD: ("a payment card", "payment cards"),
    Kind.NATIONAL_ID: ("a national identifier", "national identifiers"),
}

Weights = Mapping[Kind, Annotated[float, Meta(gt=0)]]


class PrivateInformationLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """What counts where, and how much.

    `visible` and `private`: the kinds that are looked for where others can read them and in what one member writes to
    another, each with what it adds to the level. `anothers`: how many times as much it adds where the text says that it is
    somebody else's. `further`: what each further piece of a kind adds. `standings`: whether only
    what leads to a person counts, or what leads to an office or says where a quotation comes from as well. `texts_window`:
    how long one account's texts are counted together. `published_window`: how long it is remembered, by digest, who gave
    something away: somebody else who asks to remove it does not.
    """

    visible: Weights
    private: Weights
    anothers: Annotated[float, Meta(ge=1)]
    further: Annotated[float, Meta(ge=0)]
    standings: frozenset[Standing]
    texts_window: Duration
    published_window: Duration


def _told(context: EventContext, limits: PrivateInformationLimits) -> list[PersonalDatum]:
    """What is told that the policy has something against."""
    if isinstance(context.event, MediaUpload) and not is_visible(context):
        return []  # nobody else sees it
    kinds = limits.visible if is_visible(context) else limits.private
    return [
        datum for datum in context.writing.personal_data if datum.kind in kinds and datum.standing in limits.standings
    ]


def _digests(context: EventContext, limits: PrivateInformationLimits) -> list[Key]:
    """What the first data are remembered by, so that none is."""
    seen = context.writing.seen
    told = [seen[datum.start : datum.end] for datum in _told(context, limits)[:MAX_TRACED]]
    # what only a link leads to is not in what is seen, and is known to nobody but this event
    values = ["".join(filter(str.isalnum, value)).casefold() or context.event.event_id for value in told]
    return [(blake2b(value.encode(), digest_size=_DIGEST_BYTES).hexdigest(),) for value in values]


def _published(limits: PrivateInformationLimits, context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    for key in dict.fromkeys(_digests(context, limits)):
        yield key, (context.event.actor_id,)


def _asked_to_remove(limits: PrivateInformationLimits, context: EventContext, subject: str) -> list[Key]:
    told = _digests(context, limits) if subject == context.event.actor_id else []
    return told if told and context.writing.asks_for_removal else []


TEXTS = Measure[PrivateInformationLimits](
    "texts",
    lambda limits: events_by_actor(
        "texts with private information by actor",
        WRITTEN,
        lambda context: bool(_told(context, limits)),
        needs=("writing",),
    ),
    within=lambda limits: limits.texts_window,
)
PUBLISHED = Measure[PrivateInformationLimits](
    "published",
    lambda limits: Window(
        name="accounts that gave a datum away, by digest",
        history="a datum",
        on=WRITTEN,
        entries=partial(_published, limits),
        at=nowhere,
        needs=("writing",),
    ),
    within=lambda limits: Quota(2, limits.published_window),
    each=_asked_to_remove,
)


def _given_away(rule_input: RuleInput, limits: PrivateInformationLimits) -> list[PersonalDatum]:
    """What the text tells, without what another account told before where the text asks to remove it. Who says that somebody
    published it is believed `MOST_REQUESTS` times: the post that did so may be a picture, or too long ago.
    """
    told = _told(rule_input.context, limits)
    writing = rule_input.context.writing
    reported = told and len(told) <= MAX_TRACED and writing.asks_for_removal and writing.tells_of_leak
    if reported and TEXTS.of(rule_input).count <= MOST_REQUESTS:
        return []
    known = {number for number in range(MAX_TRACED) if PUBLISHED.of(rule_input, number=number).count > 1}
    return [datum for number, datum in enumerate(told) if number not in known]


def judge_private_information(rule_input: RuleInput, limits: PrivateInformationLimits) -> Finding | None:
    """Private information in one text. Nobody's belongs there; somebody else's, where the text says so, still less."""
    told = _given_away(rule_input, limits)
    if not told:
        return None
    weights = limits.visible if is_visible(rule_input.context) else limits.private
    counts = Counter(datum.kind for datum in told)
    anothers = Counter(datum.kind for datum in told if datum.anothers)
    texts = TEXTS.of(rule_input)
    return Finding(
        level=sum(weights[kind] * (limits.anothers if anothers[kind] else 1) for kind in counts)
        + limits.further * (len(told) - len(counts))
        + FURTHER_TEXT * others(texts),
        measurements=(
            *(measured(kind.value, counts[kind], 1) for kind in Kind if kind in counts),
            *([measured("of_somebody_else", anothers.total(), 1)] if anothers else []),
            measured("texts", texts.count, 1, limits.texts_window),
        ),
        evidence=texts,
        summary=f"{where(rule_input.context)} gives away {_in_words(counts)}{_whose(anothers, len(told))}: {_masks(told)}."
        f"{one_of(texts, 'such texts', limits.texts_window)}",
    )


def _in_words(counts: Counter[Kind]) -> str:
    parts = [_NAMES[kind][0] if n == 1 else f"{n} {_NAMES[kind][1]}" for kind in Kind if (n := counts[kind])]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _whose(anothers: Counter[Kind], told: int) -> str:
    """Nothing where the text does not say it: then it may be the writer's own or anybody's."""
    number = anothers.total()
    if not number:
        return ""
    verb = "is" if number == 1 else "are"
    which = "which" if number == told else f"of which {number}"
    return f", {which} by its words {verb} somebody else's"


def _masks(told: list[PersonalDatum]) -> str:
    masks = list(dict.fromkeys(datum.mask for datum in told))
    more = f" and {len(masks) - NAMED_MASKS} more" if len(masks) > NAMED_MASKS else ""
    return ", ".join(masks[:NAMED_MASKS]) + more


PRIVATE_INFORMATION = Rule(
    slug="private_information",
    of_text=True,
    article=11,
    on=WRITTEN,
    limits=PrivateInformationLimits,
    signals=declare(TEXTS, PUBLISHED),
    judge=judge_private_information,
    lists=("surroundings", "removals", "owners", "numbers"),
)

RULES = (PRIVATE_INFORMATION,)
