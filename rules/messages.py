"""Article 1, misuse of the message system: many strangers written to, and one text sent to several."""

from msgspec import Struct

from models.events import Message
from rules.base import ACQUAINTING, Case, Fact, Finding, Rule
from rules.copies import UPHELD, too_many_copies, where_copied, with_upheld_copies
from rules.measures import Measure, declare, distinct, event_as, too_many
from rules.quotas import Quotas, Reached, counted, number_of

STRANGERS_MESSAGED = distinct(
    "strangers messaged by actor", on=(Message,), of=lambda fact: fact.strangers, spared_by=ACQUAINTING
)


class MassMessagingLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct strangers written to."""

    strangers: Quotas


STRANGERS = Measure[MassMessagingLimits]("strangers", STRANGERS_MESSAGED, within=lambda limits: limits.strangers)
"""Whom the sender knows never counts."""
judge_mass_messaging = too_many(
    (
        STRANGERS,
        lambda over: (
            f"Wrote to {number_of(over.reading)} strangers within {over.within}, "
            f"in {counted(over.reading.events, 'message')}; the limit is {over.quota.reach}."
        ),
    )
)
MASS_MESSAGING = Rule(
    slug="mass_messaging",
    article=1,
    on=(Message,),
    limits=MassMessagingLimits,
    signals=declare(STRANGERS),
    judge=judge_mass_messaging,
)


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
FELLOWS = Measure[CopiedMessageLimits](
    "fellows",
    where_copied("members of others' conversations sent a text by actor", Message, _to_fellows),
    within=lambda limits: limits.recipients,
)
CONVERSATIONS = Measure[CopiedMessageLimits](
    "conversations",
    where_copied("others' conversations an actor wrote a text in", Message, _conversation),
    within=lambda limits: limits.recipients,
    weighs=True,
)


def judge_copied_message(case: Case, limits: CopiedMessageLimits) -> Finding | None:
    """One text to several strangers, whether in one send or in many; at once where people have upheld it before."""
    over, says = RECIPIENTS.reached(case, limits), _says
    if not over:
        over, says = FELLOWS.reached(case, limits), _says_in_conversations
        if over and CONVERSATIONS.of(case, over.quota.window).count < SEVERAL_CONVERSATIONS:
            over = None
    return with_upheld_copies(case, too_many_copies(case, over, says))


def _says(over: Reached) -> str:
    to = f"{number_of(over.reading)} strangers"
    return f"Sent the same or nearly the same text to {to} in {counted(over.reading.events, 'message')}"


def _says_in_conversations(over: Reached) -> str:
    return (
        f"Sent the same or nearly the same text to {number_of(over.reading)} members of several conversations that others "
        f"opened, in {counted(over.reading.events, 'message')}"
    )


COPIED_MESSAGE = Rule(
    slug="copied_message",
    article=1,
    on=(Message,),
    limits=CopiedMessageLimits,
    signals=declare(RECIPIENTS, FELLOWS, CONVERSATIONS, UPHELD),
    judge=judge_copied_message,
    lists=("greetings", "courtesies"),
    headings=True,
)

RULES = (MASS_MESSAGING, COPIED_MESSAGE)
