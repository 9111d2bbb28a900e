"""Article 6, event invitations: inviting many to an event who cannot or do not want to come."""

from msgspec import Struct

from models.events import Invitation, InvitationResponse, asker_of, recipients_of
from rules.base import ACQUAINTING, EventContext, Finding, Key, Rule, RuleInput
from rules.contacts import accepted, answered, by_asker, who_said
from rules.measures import Measure, declare, distinct
from rules.quotas import Count, Quotas, Share, measured, number_of


class EventInvitationFloodLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Strangers invited to any events; and everybody, contacts too, invited to one event that hardly anybody accepts.

    `guests` counts for one event, unless of at least `answers` answers more than `unwelcome_share` accept.
    """

    strangers: Quotas
    guests: Quotas
    unwelcome_share: Share
    answers: Count


def _is_to_event(context: EventContext) -> bool:
    return isinstance(context.event, Invitation) and context.event.kind == "event"


def _by_asker_and_event(context: EventContext) -> Key | None:
    match context.event:
        case Invitation(kind="event", target_id=target) | InvitationResponse(target_id=target):
            return (asker_of(context.event), target)
    return None


_ON = (Invitation, InvitationResponse)
"""An answer counts by itself or, where it was read first, by its invitation."""
STRANGERS = Measure[EventInvitationFloodLimits](
    "strangers",
    distinct(
        "strangers invited to events by actor",
        on=(Invitation,),
        of=lambda context: context.strangers if _is_to_event(context) else (),
        spared_by=ACQUAINTING,
        needs=("strangers",),
    ),
    within=lambda limits: limits.strangers,
)
GUESTS = Measure[EventInvitationFloodLimits](
    "guests",
    distinct(
        "members invited to an event by actor",
        on=(Invitation,),
        of=lambda context: [member for member in recipients_of(context.event) if member != context.event.actor_id],
        by=_by_asker_and_event,
    ),
    within=lambda limits: limits.guests,
)
ANSWERED = Measure[EventInvitationFloodLimits](
    "answered",
    who_said("members who answered an invitation", answered, on=_ON, by=_by_asker_and_event),
    within=lambda limits: max((quota.window for quota in limits.guests), key=int),
    weighs=True,
)
ACCEPTED = Measure[EventInvitationFloodLimits](
    "accepted",
    who_said("members who accepted an invitation", accepted, on=_ON, by=_by_asker_and_event),
    within=ANSWERED.within,
    weighs=True,
)


def judge_event_invitation_flood(rule_input: RuleInput, limits: EventInvitationFloodLimits) -> Finding | None:
    """Invitations at random: many strangers, or very many guests of whom few come."""
    over = STRANGERS.reached(rule_input, limits)
    if over:
        return Finding(
            level=over.level,
            measurements=over.measurements,
            evidence=over.result,
            summary=f"Invited {number_of(over.result)} strangers to events within {over.within}; "
            f"the limit is {over.quota.reach}.",
        )
    over = GUESTS.reached(rule_input, limits)
    if not over:
        return None
    answers, yes = ANSWERED.of(rule_input).count, ACCEPTED.of(rule_input).count
    share = yes / answers if answers else 0.0
    if answers < limits.answers or share > limits.unwelcome_share:
        return None
    return Finding(
        level=over.level,
        measurements=(*over.measurements, measured("accepted_share", share, limits.unwelcome_share)),
        evidence=over.result,
        summary=f"Invited {number_of(over.result)} members to one event within {over.within} "
        f"(the limit is {over.quota.reach}); {yes} of the {answers} who answered accepted.",
    )


EVENT_INVITATION_FLOOD = Rule(
    slug="event_invitation_flood",
    article=6,
    on=_ON,
    limits=EventInvitationFloodLimits,
    signals=declare(STRANGERS, GUESTS, ANSWERED, ACCEPTED),
    judge=judge_event_invitation_flood,
    subjects=by_asker,
    spared_by=(InvitationResponse,),
)

RULES = (EVENT_INVITATION_FLOOD,)
