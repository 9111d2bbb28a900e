"""Article 1, misuse of the message system: many strangers written to, and one text sent to several."""

from msgspec import Struct

from models.events import Message
from rules.base import ACQUAINTING, Case, Fact, Finding, Key, Limits, Rule
from rules.copies import ORIGIN, UPHELD, author_and_text, too_many_copies, where_copied, with_origin, with_upheld_copies
from rules.measures import Measure, declare, distinct, event_as
from rules.quotas import Quotas, Reached, counted, number_of

SEVERAL_CONVERSATIONS = 2
"""From so many conversations with one text on its sender is no longer talking with those who are in them."""


def _is_chief_part(fact: Fact) -> bool:
    """Who writes to each in other words copies nothing, though it be under one subject."""
    return not fact.below or not fact.text or len(fact.below.normalised) <= len(fact.text.normalised)


def _to_fellows(fact: Fact) -> tuple[str, ...]:
    return (*fact.strangers, *fact.fellows) if fact.fellows and _is_chief_part(fact) else ()


def _conversation(fact: Fact) -> tuple[str, ...]:
    conversation = event_as(fact, Message).conversation_id
    return (conversation,) if fact.fellows and conversation else ()


def _in_talk(fact: Fact) -> Key | None:
    """Only what is written in conversations can add to these, and is worth the question."""
    return author_and_text(fact) if fact.fellows else None


FELLOWS_REACHED = where_copied(
    "members of others' conversations sent a text by actor", Message, _to_fellows, by=_in_talk
)
TALKS = where_copied("others' conversations an actor wrote a text in", Message, _conversation, by=_in_talk)


def _in_talks(fellows: Measure[Limits], conversations: Measure[Limits], case: Case, limits: Limits) -> Reached | None:
    """Whether one text has reached too many in several conversations that others opened."""
    over = fellows.reached(case, limits)
    return over if over and conversations.of(case, over.quota.window).count >= SEVERAL_CONVERSATIONS else None


_TALKS_TOLD = "members of several conversations that others opened"


# --- mass_messaging -------------------------------------------------------------------------------------------------------

STRANGERS_MESSAGED = distinct(
    "strangers messaged by actor", on=(Message,), of=lambda fact: fact.strangers, spared_by=ACQUAINTING
)


class MassMessagingLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct strangers written to. Where one text goes into several conversations that others opened, all their members
    count.
    """

    strangers: Quotas


STRANGERS = Measure[MassMessagingLimits]("strangers", STRANGERS_MESSAGED, within=lambda limits: limits.strangers)
"""Whom the sender knows never counts."""
MASS_FELLOWS = Measure[MassMessagingLimits]("fellows", FELLOWS_REACHED, within=lambda limits: limits.strangers)
MASS_TALKS = Measure[MassMessagingLimits]("conversations", TALKS, within=lambda limits: limits.strangers, weighs=True)


def judge_mass_messaging(case: Case, limits: MassMessagingLimits) -> Finding | None:
    """Too many distinct strangers in a window, or too many of whom the sender knows no more than the conversations."""
    over, whom = STRANGERS.reached(case, limits), "strangers"
    if not over:
        over, whom = _in_talks(MASS_FELLOWS, MASS_TALKS, case, limits), _TALKS_TOLD
    if not over:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        summary=f"Wrote to {number_of(over.reading)} {whom} within {over.within}, "
        f"in {counted(over.reading.events, 'message')}; the limit is {over.quota.reach}.",
    )


MASS_MESSAGING = Rule(
    slug="mass_messaging",
    article=1,
    on=(Message,),
    limits=MassMessagingLimits,
    signals=declare(STRANGERS, MASS_FELLOWS, MASS_TALKS),
    judge=judge_mass_messaging,
)


# --- copied_message -------------------------------------------------------------------------------------------------------


class CopiedMessageLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct strangers who got near-identical text from one sender. Where it goes into several conversations that others
    opened, all their members count.
    """

    recipients: Quotas


RECIPIENTS = Measure[CopiedMessageLimits](
    "recipients",
    where_copied(
        "strangers sent a text by actor",
        Message,
        lambda fact: fact.strangers if _is_chief_part(fact) else (),
        spared_by=ACQUAINTING,
    ),
    within=lambda limits: limits.recipients,
)
FELLOWS = Measure[CopiedMessageLimits]("fellows", FELLOWS_REACHED, within=lambda limits: limits.recipients)
CONVERSATIONS = Measure[CopiedMessageLimits](
    "conversations", TALKS, within=lambda limits: limits.recipients, weighs=True
)


def judge_copied_message(case: Case, limits: CopiedMessageLimits) -> Finding | None:
    """One text to several strangers, whether in one send or in many; at once where people have upheld it before."""
    over, says = RECIPIENTS.reached(case, limits), _says
    if not over:
        over, says = _in_talks(FELLOWS, CONVERSATIONS, case, limits), _says_in_conversations
    return with_origin(case, with_upheld_copies(case, too_many_copies(case, over, says)))


def _says(over: Reached) -> str:
    to = f"{number_of(over.reading)} strangers"
    return f"Sent the same or nearly the same text to {to} in {counted(over.reading.events, 'message')}"


def _says_in_conversations(over: Reached) -> str:
    return (
        f"Sent the same or nearly the same text to {number_of(over.reading)} {_TALKS_TOLD}, "
        f"in {counted(over.reading.events, 'message')}"
    )


COPIED_MESSAGE = Rule(
    slug="copied_message",
    article=1,
    on=(Message,),
    limits=CopiedMessageLimits,
    signals=declare(RECIPIENTS, FELLOWS, CONVERSATIONS, UPHELD, ORIGIN),
    judge=judge_copied_message,
    lists=("greetings", "courtesies"),
    headings=True,
)

RULES = (MASS_MESSAGING, COPIED_MESSAGE)
