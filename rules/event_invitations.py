"""Article 6, event invitations: inviting many to an event who cannot or do not want to come."""

from collections.abc import Iterable

from msgspec import Struct

from models.events import Invitation, InvitationResponse
from rules.base import ACQUAINTING, Case, Fact, Finding, Key, Rule, Signal, Window, by_subject
from rules.quotas import NEVER, Count, Quotas, Share, measured, number_of, quota_signals, reached
from state.requests import RECEIVED


def _invitation(fact: Fact) -> Invitation | None:
    event = fact.event
    return event if isinstance(event, Invitation) and event.kind == "event" else None


def _inviter(fact: Fact) -> str:
    event = fact.event
    return event.inviter_id if isinstance(event, InvitationResponse) else event.actor_id


def _target(fact: Fact, subject: str) -> Key | None:
    event = fact.event
    if isinstance(event, InvitationResponse):
        return (subject, event.target_id)
    invitation = _invitation(fact)
    return (subject, invitation.target_id) if invitation else None


def _strangers(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if (invitation := _invitation(fact)) and fact.strangers:
        yield (invitation.actor_id,), fact.strangers


def _guests(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if invitation := _invitation(fact):
        guests = tuple(r for r in invitation.recipient_ids if r != invitation.actor_id)
        if guests:
            yield (invitation.actor_id, invitation.target_id), guests


def _answers(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if key := _target(fact, _inviter(fact)):
        for answer in fact.answers:
            yield key, (answer.member,)


def _acceptances(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if key := _target(fact, _inviter(fact)):
        for answer in fact.answers:
            if answer.accepted:
                yield key, (answer.member,)


STRANGERS_INVITED = Window(
    name="strangers invited to events by actor",
    on=(Invitation,),
    entries=_strangers,
    at=by_subject,
    spared_by=ACQUAINTING,
)
GUESTS = Window(name="members invited to an event by actor", on=(Invitation,), entries=_guests, at=_target)
_ON = (Invitation, InvitationResponse)
"""An answer counts by itself or, where it was read first, by its invitation."""
ANSWERS = Window(
    name="members who answered an invitation", on=_ON, entries=_answers, at=_target, own=False, history=RECEIVED
)
ACCEPTANCES = Window(
    name="members who accepted an invitation", on=_ON, entries=_acceptances, at=_target, own=False, history=RECEIVED
)


class EventInvitationFloodLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Strangers invited to any events; and everybody, contacts too, invited to one event that hardly anybody accepts.

    `guests` counts for one event, unless of at least `answers` answers more than `unwelcome_share` accept.
    """

    strangers: Quotas
    guests: Quotas
    unwelcome_share: Share
    answers: Count


def _signals(limits: EventInvitationFloodLimits) -> dict[str, Signal]:
    longest = max(int(quota.window) for quota in limits.guests)
    return (
        quota_signals("strangers", STRANGERS_INVITED, limits.strangers)
        | quota_signals("guests", GUESTS, limits.guests)
        | {"answered": Signal(ANSWERS, longest, NEVER), "accepted": Signal(ACCEPTANCES, longest, NEVER)}
    )


def judge_event_invitation_flood(case: Case, limits: EventInvitationFloodLimits) -> Finding | None:
    """Invitations at random: many strangers, or very many guests of whom few come."""
    over = reached("strangers", limits.strangers, case.readings)
    if over:
        return Finding(
            level=over.level,
            measurements=over.measurements,
            evidence=over.reading,
            summary=f"Invited {number_of(over.reading)} members they have no ties with to events within {over.within}; "
            f"the limit is {over.quota.reach}.",
        )
    over = reached("guests", limits.guests, case.readings)
    if not over:
        return None
    answered, accepted = (
        case.readings[name].count if name in case.readings else 0 for name in ("answered", "accepted")
    )
    share = accepted / answered if answered else 0.0
    if answered < limits.answers or share > limits.unwelcome_share:
        return None
    return Finding(
        level=over.level,
        measurements=(*over.measurements, measured("accepted_share", share, limits.unwelcome_share)),
        evidence=over.reading,
        summary=f"Invited {number_of(over.reading)} members to one event within {over.within} "
        f"(the limit is {over.quota.reach}); {accepted} of the {answered} who answered accepted.",
    )


EVENT_INVITATION_FLOOD = Rule(
    slug="event_invitation_flood",
    article=6,
    on=_ON,
    limits=EventInvitationFloodLimits,
    signals=_signals,
    judge=judge_event_invitation_flood,
    subjects=lambda fact: (_inviter(fact),),
    spared_by=(InvitationResponse,),
)

RULES = (EVENT_INVITATION_FLOOD,)
