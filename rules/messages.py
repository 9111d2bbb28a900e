"""Article 1, misuse of the message system: many strangers written to, and one text sent to several."""

from msgspec import Struct
from msgspec.structs import replace

from models.events import (
    ContactRequest,
    ContactResponse,
    Invitation,
    InvitationResponse,
    Message,
    asker_of,
)
from rules.base import ACQUAINTING, Case, Fact, Finding, Key, Limits, Rule, Window
from rules.copies import ORIGIN, UPHELD, author_and_text, too_many_copies, where_copied, with_origin, with_upheld_copies
from rules.measures import Measure, declare, distinct, event_as
from rules.quotas import Count, Duration, Quotas, Reached, Share, counted, number_of
from state.requests import RECEIVED

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

    `asked` are strangers who got it with contact requests or invitations, one invitation to many aside. It counts there from
    `asked_characters` on, greeting and closing aside, or where it leads somewhere: what is shorter asks politely. Nothing is
    found where at least `welcome_share` of those who were asked have accepted. `origin_window`: so far back it is looked who
    wrote the text first.
    """

    recipients: Quotas
    asked: Quotas
    asked_characters: Count
    welcome_share: Share
    origin_window: Duration


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
_REQUESTS = (ContactRequest, Invitation)


def _asked(characters: int) -> Window:
    def of(fact: Fact) -> tuple[str, ...]:
        says_enough = fact.text and (len(fact.text.normalised) >= characters or fact.text.leads_somewhere)
        return fact.strangers if says_enough else ()

    return distinct(
        f"strangers asked or invited with a text of {characters} by actor",
        on=_REQUESTS,
        of=of,
        by=author_and_text,
        text_of="author",
        spared_by=ACQUAINTING,
    )


ASKED = Measure[CopiedMessageLimits](
    "asked", lambda limits: _asked(limits.asked_characters), within=lambda limits: limits.asked
)
ACCEPTED = Measure[CopiedMessageLimits](
    "accepted",
    distinct(
        "members who accepted a request or an invitation",
        on=(*_REQUESTS, ContactResponse, InvitationResponse),
        of=lambda fact: [answer.member for answer in fact.answers if answer.accepted],
        by=lambda fact: (asker_of(fact.event),),
        own=False,
        history=RECEIVED,
    ),
    within=lambda limits: max((quota.window for quota in limits.asked), key=int),
    weighs=True,
)


def _judge_asked(case: Case, limits: CopiedMessageLimits) -> Finding | None:
    """One text with requests or invitations to many strangers. It is seldom more than clumsy, and never more than slight where
    it leads nowhere: the rules about requests and invitations say when there are too many.
    """
    over = ASKED.reached(case, limits)
    yes = ACCEPTED.of(case).count
    if not over or over.reading.events < 2 or yes >= limits.welcome_share * over.reading.count:
        return None
    found = too_many_copies(
        case,
        over,
        lambda over: (
            f"Asked or invited {number_of(over.reading)} strangers in the same or "
            f"nearly the same words, {yes} of whom accepted,"
        ),
    )
    leads = case.fact.text and case.fact.text.leads_somewhere
    return found and replace(found, most_severe="medium" if leads else "low", most_action="review")


def judge_copied_message(case: Case, limits: CopiedMessageLimits) -> Finding | None:
    """One text to several strangers, whether in one send or in many; at once where people have upheld it before."""
    if isinstance(case.fact.event, _REQUESTS):
        return with_origin(case, with_upheld_copies(case, _judge_asked(case, limits)))
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
    on=(Message, *_REQUESTS),
    limits=CopiedMessageLimits,
    signals=declare(RECIPIENTS, FELLOWS, CONVERSATIONS, ASKED, ACCEPTED, UPHELD, ORIGIN),
    judge=judge_copied_message,
    lists=("greetings", "courtesies"),
    headings=True,
)

RULES = (MASS_MESSAGING, COPIED_MESSAGE)
