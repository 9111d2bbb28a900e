"""Article 1, misuse of the message system: many strangers written to, and one text sent to several."""

from collections.abc import Iterable

from msgspec import Struct

from models.events import Message
from rules.base import ACQUAINTING, Case, Fact, Finding, Key, Rule, Signal, Window, by_subject
from rules.copies import at_author_and_text, copies_by_author, too_many_copies, upheld_signal, with_upheld_copies
from rules.quotas import NEVER, Quotas, Reached, counted, number_of, quota_signals, reached


def _strangers(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if fact.strangers:
        yield (fact.event.actor_id,), fact.strangers


STRANGERS_MESSAGED = Window(
    name="strangers messaged by actor",
    on=(Message,),
    entries=_strangers,
    at=by_subject,
    spared_by=ACQUAINTING,
)


class MassMessagingLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct strangers written to."""

    strangers: Quotas


def _mass_messaging_signals(limits: MassMessagingLimits) -> dict[str, Signal]:
    return quota_signals("strangers", STRANGERS_MESSAGED, limits.strangers)


def judge_mass_messaging(case: Case, limits: MassMessagingLimits) -> Finding | None:
    """Too many distinct strangers in a window. Whom the sender knows never counts."""
    over = reached("strangers", limits.strangers, case.readings)
    if not over:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        summary=f"Wrote to {number_of(over.reading)} members they have no ties with within {over.within}, "
        f"in {counted(over.reading.events, 'message')}; the limit is {over.quota.reach}.",
    )


MASS_MESSAGING = Rule(
    slug="mass_messaging",
    article=1,
    on=(Message,),
    limits=MassMessagingLimits,
    signals=_mass_messaging_signals,
    judge=judge_mass_messaging,
)


SEVERAL_CONVERSATIONS = 2
"""From so many conversations with one text on its sender is no longer talking with those who are in them."""


def _is_chief_part(fact: Fact) -> bool:
    """Who writes to each in other words copies nothing, though it be under one subject."""
    return not fact.below or not fact.text or len(fact.below.normalised) <= len(fact.text.normalised)


def _copies(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if (key := at_author_and_text(fact, fact.event.actor_id)) and fact.strangers and _is_chief_part(fact):
        yield key, fact.strangers


def _to_fellows(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if (key := at_author_and_text(fact, fact.event.actor_id)) and fact.fellows and _is_chief_part(fact):
        yield key, (*fact.strangers, *fact.fellows)


def _conversations(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    message = fact.event
    key = at_author_and_text(fact, message.actor_id)
    if key and fact.fellows and isinstance(message, Message) and message.conversation_id:
        yield key, (message.conversation_id,)


COPY_FELLOWS = copies_by_author("members of others' conversations sent a text by actor", Message, _to_fellows)
CONVERSATIONS = copies_by_author("others' conversations an actor wrote a text in", Message, _conversations)
COPY_RECIPIENTS = copies_by_author("strangers sent a text by actor", Message, _copies, spared_by=ACQUAINTING)


class CopiedMessageLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct strangers who got near-identical text from one sender. Where it goes into several conversations that others
    opened, all their members count.
    """

    recipients: Quotas


def _copied_message_signals(limits: CopiedMessageLimits) -> dict[str, Signal]:
    conversations = {
        f"conversations/{quota.window}": Signal(CONVERSATIONS, int(quota.window), NEVER) for quota in limits.recipients
    }
    return (
        quota_signals("recipients", COPY_RECIPIENTS, limits.recipients)
        | quota_signals("fellows", COPY_FELLOWS, limits.recipients)
        | conversations
        | upheld_signal()
    )


def judge_copied_message(case: Case, limits: CopiedMessageLimits) -> Finding | None:
    """One text to several strangers, whether in one send or in many; at once where people have upheld it before."""
    over, says = reached("recipients", limits.recipients, case.readings), _says
    if not over:
        over, says = reached("fellows", limits.recipients, case.readings), _says_in_conversations
        if over and case.readings[f"conversations/{over.quota.window}"].count < SEVERAL_CONVERSATIONS:
            over = None
    return with_upheld_copies(case, too_many_copies(case, over, says))


def _says(over: Reached) -> str:
    to = f"{number_of(over.reading)} members they have no ties with"
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
    signals=_copied_message_signals,
    judge=judge_copied_message,
    lists=("greetings", "courtesies"),
    headings=True,
)

RULES = (MASS_MESSAGING, COPIED_MESSAGE)
