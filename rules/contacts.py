"""Article 5, contact requests and project invitations to people one never talked with, and lists that grow beyond use."""

from collections.abc import Iterable

from msgspec import Struct

from models.events import BaseEvent, ContactRequest, ContactResponse, Invitation
from rules.base import ACQUAINTING, Case, Fact, Finding, Key, Rule, Signal, Window, by_subject
from rules.quotas import NEVER, Count, Duration, Quotas, Share, in_words, measured, number_of, quota_signals, reached
from state.requests import RECEIVED


def _requester(event: BaseEvent) -> str:
    """Who asks, or asked."""
    return event.requester_id if isinstance(event, ContactResponse) else event.actor_id


# --- contact_request_flood ---------------------------------------------------------------------------------------------


def _requested(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if fact.strangers:
        yield (fact.event.actor_id,), fact.strangers


def _answered(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    for answer in fact.answers:
        yield (_requester(fact.event),), (answer.member,)


def _accepted(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    for answer in fact.answers:
        if answer.accepted:
            yield (_requester(fact.event),), (answer.member,)


STRANGERS_REQUESTED = Window(
    name="strangers asked to be contacts by actor",
    on=(ContactRequest,),
    entries=_requested,
    at=by_subject,
    spared_by=ACQUAINTING,
)
_ON = (ContactRequest, ContactResponse)
"""An answer counts by itself or, where it was read first, by its request."""
REQUESTS_ANSWERED = Window(
    name="members who answered a requester", on=_ON, entries=_answered, at=by_subject, own=False, history=RECEIVED
)
REQUESTS_ACCEPTED = Window(
    name="members who accepted a requester", on=_ON, entries=_accepted, at=by_subject, own=False, history=RECEIVED
)


class ContactRequestFloodLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Requests to strangers: what is too many whoever accepts, and what is too many when hardly anybody does.

    `many` counts unless at least `welcome_share` of those who were asked have accepted: of those asked, not of those who
    answered, or a handful of friends who say yes would open the door to hundreds of requests. `unwelcome` counts sooner,
    given at least `answers` answers of which at most `unwelcome_share` accept. Answers are counted over `answers_window`.
    """

    many: Quotas
    welcome_share: Share
    unwelcome: Quotas
    unwelcome_share: Share
    answers: Count
    answers_window: Duration


def _contact_request_signals(limits: ContactRequestFloodLimits) -> dict[str, Signal]:
    return (
        quota_signals("many", STRANGERS_REQUESTED, limits.many)
        | quota_signals("unwelcome", STRANGERS_REQUESTED, limits.unwelcome)
        | {
            "answered": Signal(REQUESTS_ANSWERED, int(limits.answers_window), NEVER),
            "accepted": Signal(REQUESTS_ACCEPTED, int(limits.answers_window), NEVER),
        }
    )


def judge_contact_request_flood(case: Case, limits: ContactRequestFloodLimits) -> Finding | None:
    """Requests to strangers in numbers, the sooner the fewer accept."""
    answered, accepted = case.readings["answered"].count, case.readings["accepted"].count
    share = accepted / answered if answered else 0.0
    over = reached("many", limits.many, case.readings)
    if over and accepted >= limits.welcome_share * over.reading.count:
        over = None
    if not over and answered >= limits.answers and share <= limits.unwelcome_share:
        over = reached("unwelcome", limits.unwelcome, case.readings)
    if not over:
        return None
    told = f"; {accepted} of the {answered} who answered accepted" if answered else "; nobody has answered yet"
    return Finding(
        level=over.level,
        measurements=(
            *over.measurements,
            measured("accepted_share", share, limits.unwelcome_share, limits.answers_window),
        )
        if answered
        else over.measurements,
        evidence=over.reading,
        summary=f"Asked {number_of(over.reading)} members they have no ties with to become contacts within {over.within} "
        f"(the limit is {over.quota.reach}){told}.",
    )


CONTACT_REQUEST_FLOOD = Rule(
    slug="contact_request_flood",
    article=5,
    on=_ON,
    limits=ContactRequestFloodLimits,
    signals=_contact_request_signals,
    judge=judge_contact_request_flood,
    subjects=lambda fact: (_requester(fact.event),),
    spared_by=(ContactResponse,),
)

# --- project_invitation_flood ------------------------------------------------------------------------------------------


def _invited(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    if isinstance(fact.event, Invitation) and fact.event.kind == "project" and fact.strangers:
        yield (fact.event.actor_id,), fact.strangers


STRANGERS_INVITED = Window(
    name="strangers invited to projects by actor",
    on=(Invitation,),
    entries=_invited,
    at=by_subject,
    spared_by=ACQUAINTING,
)


class ProjectInvitationFloodLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct strangers invited to projects."""

    strangers: Quotas


def _project_invitation_signals(limits: ProjectInvitationFloodLimits) -> dict[str, Signal]:
    return quota_signals("strangers", STRANGERS_INVITED, limits.strangers)


def judge_project_invitation_flood(case: Case, limits: ProjectInvitationFloodLimits) -> Finding | None:
    """Invitations to projects with no communication before. Partners who are known never count."""
    over = reached("strangers", limits.strangers, case.readings)
    if not over:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        summary=f"Invited {number_of(over.reading)} members they have no ties with to projects within {over.within}; "
        f"the limit is {over.quota.reach}.",
    )


PROJECT_INVITATION_FLOOD = Rule(
    slug="project_invitation_flood",
    article=5,
    on=(Invitation,),
    limits=ProjectInvitationFloodLimits,
    signals=_project_invitation_signals,
    judge=judge_project_invitation_flood,
)

# --- unmanageable_contacts ---------------------------------------------------------------------------------------------


def _new_contacts(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    requester = _requester(fact.event)
    for answer in fact.answers:
        if answer.accepted:
            yield (answer.member,), (requester,)
            yield (requester,), (answer.member,)


def _both(fact: Fact) -> tuple[str, ...]:
    accepted = tuple(answer.member for answer in fact.answers if answer.accepted)
    return (_requester(fact.event), *accepted) if accepted else ()


def _asked(fact: Fact) -> Iterable[tuple[Key, tuple[str, ...]]]:
    request = fact.event
    assert isinstance(request, ContactRequest)
    yield (request.actor_id,), (request.recipient_id,)


CONTACTS_GAINED = Window(
    name="contacts gained by member", on=_ON, entries=_new_contacts, at=by_subject, own=False, history=RECEIVED
)
MEMBERS_ASKED = Window(
    name="members asked to be contacts by actor", on=(ContactRequest,), entries=_asked, at=by_subject
)


class UnmanageableContactsLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct contacts gained, whoever asked."""

    gained: Quotas


def _unmanageable_signals(limits: UnmanageableContactsLimits) -> dict[str, Signal]:
    longest = max(int(quota.window) for quota in limits.gained)
    return quota_signals("gained", CONTACTS_GAINED, limits.gained) | {"asked": Signal(MEMBERS_ASKED, longest, NEVER)}


def judge_unmanageable_contacts(case: Case, limits: UnmanageableContactsLimits) -> Finding | None:
    """A list of contacts that grows faster than anybody can keep up with.

    An event does not tell the roles of the one on its other side; but who has asked nobody, as far as is counted, is exempt.
    """
    over = reached("gained", limits.gained, case.readings)
    exempt = case.subject_id != case.fact.event.actor_id and not case.readings["asked"].count
    if not over or exempt:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.reading,
        summary=f"Gained {over.reading.count} contacts within {in_words(over.quota.window)}; "
        f"the limit is {over.quota.reach}. Following a member's updates needs no contact.",
    )


UNMANAGEABLE_CONTACTS = Rule(
    slug="unmanageable_contacts",
    article=5,
    on=_ON,
    limits=UnmanageableContactsLimits,
    signals=_unmanageable_signals,
    judge=judge_unmanageable_contacts,
    subjects=_both,
)

RULES = (CONTACT_REQUEST_FLOOD, PROJECT_INVITATION_FLOOD, UNMANAGEABLE_CONTACTS)
