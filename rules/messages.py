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
from rules.base import ACQUAINTING, EventContext, Finding, Key, Limits, Rule, RuleInput, Window
from rules.copies import ORIGIN, UPHELD, author_and_text, too_many_copies, where_copied, with_origin, with_upheld_copies
from rules.measures import Measure, declare, distinct, event_as
from rules.quotas import Count, Duration, Quotas, Reached, Share, counted, number_of
from state.requests import RECEIVED

SEVERAL_CONVERSATIONS = 2
"""From so many conversations with one text on its sender is no longer talking with those who are in them."""


def _is_chief_part(context: EventContext) -> bool:
    """Who writes to each in other words copies nothing, though it be under one subject."""
    return not context.below or not context.text or len(context.below.normalised) <= len(context.text.normalised)


def _to_fellows(context: EventContext) -> tuple[str, ...]:
    return (*context.strangers, *context.fellows) if context.fellows and _is_chief_part(context) else ()


def _conversation(context: EventContext) -> tuple[str, ...]:
    conversation = event_as(context, Message).conversation_id
    return (conversation,) if context.fellows and conversation else ()


def _in_talk(context: EventContext) -> Key | None:
    """Only what is written in conversations can add to these, and is worth the question."""
    return author_and_text(context) if context.fellows else None


FELLOWS_REACHED = where_copied(
    "members of others' conversations sent a text by actor", Message, _to_fellows, by=_in_talk, needs=("fellows",)
)
TALKS = where_copied(
    "others' conversations an actor wrote a text in", Message, _conversation, by=_in_talk, needs=("fellows",)
)


def _in_talks(
    fellows: Measure[Limits], conversations: Measure[Limits], rule_input: RuleInput, limits: Limits
) -> Reached | None:
    """Whether one text has reached too many in several conversations that others opened."""
    over = fellows.reached(rule_input, limits)
    return over if over and conversations.of(rule_input, over.quota.window).count >= SEVERAL_CONVERSATIONS else None


_TALKS_TOLD = "members of several conversations that others opened"


# --- mass_messaging -------------------------------------------------------------------------------------------------------

STRANGERS_MESSAGED = distinct(
    "strangers messaged by actor",
    on=(Message,),
    of=lambda context: context.strangers,
    spared_by=ACQUAINTING,
    needs=("strangers",),
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


def judge_mass_messaging(rule_input: RuleInput, limits: MassMessagingLimits) -> Finding | None:
    """Too many distinct strangers in a window, or too many of whom the sender knows no more than the conversations."""
    over, whom = STRANGERS.reached(rule_input, limits), "strangers"
    if not over:
        over, whom = _in_talks(MASS_FELLOWS, MASS_TALKS, rule_input, limits), _TALKS_TOLD
    if not over:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.result,
        summary=f"Wrote to {number_of(over.result)} {whom} within {over.within}, "
        f"in {counted(over.result.events, 'message')}; the limit is {over.quota.reach}.",
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

    `asked` are strangers who got it with contact requests or invitations, one invitation to many aside, or in messages. It
    counts there from `asked_characters` on, greeting and closing aside, or where it leads somewhere: what is shorter asks
    politely. Nothing is found where at least `welcome_share` of those who got it have accepted. `origin_window`: so far back
    it is looked who wrote the text first.
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
        lambda context: context.strangers if _is_chief_part(context) else (),
        spared_by=ACQUAINTING,
        needs=("strangers",),
    ),
    within=lambda limits: limits.recipients,
)
FELLOWS = Measure[CopiedMessageLimits]("fellows", FELLOWS_REACHED, within=lambda limits: limits.recipients)
CONVERSATIONS = Measure[CopiedMessageLimits](
    "conversations", TALKS, within=lambda limits: limits.recipients, weighs=True
)
_REQUESTS = (ContactRequest, Invitation)


def _asked(characters: int) -> Window:
    def of(context: EventContext) -> tuple[str, ...]:
        says_enough = context.text and (len(context.text.normalised) >= characters or context.text.leads_somewhere)
        return context.strangers if says_enough and _is_chief_part(context) else ()

    return distinct(
        f"strangers asked, invited or written to with a text of {characters} by actor",
        on=(Message, *_REQUESTS),
        of=of,
        by=author_and_text,
        text_of="author",
        spared_by=ACQUAINTING,
        needs=("copies", "strangers"),
    )


ASKED = Measure[CopiedMessageLimits](
    "asked", lambda limits: _asked(limits.asked_characters), within=lambda limits: limits.asked
)
ACCEPTED = Measure[CopiedMessageLimits](
    "accepted",
    distinct(
        "members who accepted a request or an invitation",
        on=(*_REQUESTS, ContactResponse, InvitationResponse),
        of=lambda context: [answer.member for answer in context.answers if answer.accepted],
        by=lambda context: (asker_of(context.event),),
        own=False,
        history=RECEIVED,
        needs=("answers",),
    ),
    within=lambda limits: max((quota.window for quota in limits.asked), key=int),
    weighs=True,
)


def _judge_asked(rule_input: RuleInput, limits: CopiedMessageLimits) -> Finding | None:
    """One text with requests or invitations, or messages besides, to many strangers. It is seldom more than clumsy, and never
    more than slight where it leads nowhere: the rules about requests and invitations say when there are too many.
    """
    over = ASKED.reached(rule_input, limits)
    yes = ACCEPTED.of(rule_input).count
    if not over or over.result.events < 2 or yes >= limits.welcome_share * over.result.count:
        return None
    found = too_many_copies(
        rule_input,
        over,
        lambda over: (
            f"Asked, invited or wrote to {number_of(over.result)} strangers in the same or "
            f"nearly the same words, {yes} of whom accepted,"
        ),
    )
    leads = rule_input.context.text and rule_input.context.text.leads_somewhere
    return found and replace(found, most_severe="medium" if leads else "low", most_action="review")


def judge_copied_message(rule_input: RuleInput, limits: CopiedMessageLimits) -> Finding | None:
    """One text to several strangers, whether in one send or in many; at once where people have upheld it before."""
    if isinstance(rule_input.context.event, _REQUESTS):
        return with_origin(rule_input, with_upheld_copies(rule_input, _judge_asked(rule_input, limits)))
    over, says = RECIPIENTS.reached(rule_input, limits), _says
    if not over:
        over, says = _in_talks(FELLOWS, CONVERSATIONS, rule_input, limits), _says_in_conversations
    found = too_many_copies(rule_input, over, says) or _judge_asked(rule_input, limits)
    return with_origin(rule_input, with_upheld_copies(rule_input, found))


def _says(over: Reached) -> str:
    to = f"{number_of(over.result)} strangers"
    return f"Sent the same or nearly the same text to {to} in {counted(over.result.events, 'message')}"


def _says_in_conversations(over: Reached) -> str:
    return (
        f"Sent the same or nearly the same text to {number_of(over.result)} {_TALKS_TOLD}, "
        f"in {counted(over.result.events, 'message')}"
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
