"""Article 10, pupils: pictures that show them without their parents' consent, and texts that say who a child is."""

from msgspec import Struct

from models.events import MediaUpload
from rules.base import EventContext, Finding, Rule, RuleInput
from rules.measures import Measure, declare
from rules.quotas import Duration, measured
from rules.writings import VISIBLE, events_by_actor, is_visible, one_of, others

REFUSED = 1.0
"""What a consent that was not given adds to the level; where nobody said, it may have been."""
SEEN_BY_EVERYBODY = 1.0
NAMED, WORDS_AT_MOST = 1.9, 1.99
"""The level of a text that says who a child is, and the most that words alone reach: a person has to read them first."""
CONTACT = 0.05
"""What it adds that a stranger could get hold of the child."""
FURTHER = 0.25
"""What each further such upload or text within the window adds to the level."""


class PupilImageLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """`window`: how long one account's uploads and texts are counted together."""

    window: Duration


class _Breach(Struct, frozen=True):
    """What is wrong with one event, and how bad it is by itself."""

    level: float
    summary: str
    at_most: float = float("inf")


def _picture(event: MediaUpload) -> _Breach | None:
    if not event.shows_pupils or event.consent:
        return None
    readers = "everybody" if event.visibility == "public" else "members"
    refused = event.consent is False
    consent = "without their parents' consent" if refused else "and nothing says that their parents consented"
    return _Breach(
        level=1.0 + REFUSED * refused + SEEN_BY_EVERYBODY * (event.visibility == "public"),
        summary=f"An upload ({event.media_kind}) to a {event.surface}, visible to {readers}, shows pupils {consent}.",
    )


def _text(context: EventContext) -> _Breach | None:
    told = context.writing.told_of_pupils
    if not told:
        return None
    named = {"age": "age", "class": "class", "contact": "address or number"}
    words = " and ".join(named[what] for what in named if what in told)
    return _Breach(
        level=NAMED + CONTACT * ("contact" in told),
        summary=f"A text that others can read names a pupil and tells the child's {words}.",
        at_most=WORDS_AT_MOST,
    )


def _breach(context: EventContext) -> _Breach | None:
    """The worse of what is shown and what is told."""
    if not is_visible(context):
        return None
    picture = _picture(context.event) if isinstance(context.event, MediaUpload) else None
    return picture or _text(context)


BREACHES = Measure[PupilImageLimits](
    "breaches",
    events_by_actor("pupils shown or told of by actor", VISIBLE, lambda context: _breach(context) is not None),
    within=lambda limits: limits.window,
)


def judge_pupil_image(rule_input: RuleInput, limits: PupilImageLimits) -> Finding | None:
    """Pupils in a picture or by name, where others can see it."""
    breach = _breach(rule_input.context)
    if not breach:
        return None
    breaches = BREACHES.of(rule_input)
    return Finding(
        level=min(breach.level + FURTHER * others(breaches), breach.at_most),
        measurements=(measured("breaches", breaches.count, 1, limits.window),),
        evidence=breaches,
        summary=breach.summary + one_of(breaches, "such uploads or texts", limits.window),
    )


PUPIL_IMAGE = Rule(
    slug="pupil_image",
    article=10,
    on=VISIBLE,
    limits=PupilImageLimits,
    signals=declare(BREACHES),
    judge=judge_pupil_image,
    lists=("surroundings",),
)

RULES = (PUPIL_IMAGE,)
