"""Article 5, contact requests and project invitations to people one never talked with, and lists that grow beyond use."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from models.events import BaseEvent, ContactRequest, ContactResponse, Invitation, asker_of, recipients_of
from rules.base import ACQUAINTING, EventContext, Finding, Key, Rule, RuleInput, Window, by_subject
from rules.measures import Measure, declare, distinct, too_many
from rules.quotas import Count, Duration, Quotas, Share, in_words, measured, number_of
from state.requests import RECEIVED


def by_asker(context: EventContext) -> Key:
    """What is counted is about who asks, or asked."""
    return (asker_of(context.event),)


def answered(context: EventContext) -> list[str]:
    """Who has answered."""
    return [answer.member for answer in context.answers]


def accepted(context: EventContext) -> list[str]:
    """Who has said yes."""
    return [answer.member for answer in context.answers if answer.accepted]


def who_said(
    name: str,
    of: Callable[[EventContext], Sequence[str]],
    *,
    on: tuple[type[BaseEvent], ...],
    by: Callable[[EventContext], Key | None] = by_asker,
) -> Window:
    """The distinct members `of` what an asker got for an answer, remembered with what the asker receives."""
    return distinct(name, on=on, of=of, by=by, own=False, history=RECEIVED, needs=("answers",))


# --- contact_request_flood ---------------------------------------------------------------------------------------------


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


_ON = (ContactRequest, ContactResponse)
"""An answer counts by itself or, where it was read first, by its request."""
_STRANGERS = distinct(
    "strangers asked to be contacts by actor",
    on=(ContactRequest,),
    of=lambda context: context.strangers,
    spared_by=ACQUAINTING,
    needs=("strangers",),
)
MANY = Measure[ContactRequestFloodLimits]("many", _STRANGERS, within=lambda limits: limits.many)
UNWELCOME = Measure[ContactRequestFloodLimits]("unwelcome", _STRANGERS, within=lambda limits: limits.unwelcome)
ANSWERED = Measure[ContactRequestFloodLimits](
    "answered",
    who_said("members who answered a requester", answered, on=_ON),
    within=lambda limits: limits.answers_window,
    weighs=True,
)
ACCEPTED = Measure[ContactRequestFloodLimits](
    "accepted",
    who_said("members who accepted a requester", accepted, on=_ON),
    within=lambda limits: limits.answers_window,
    weighs=True,
)


def judge_contact_request_flood(rule_input: RuleInput, limits: ContactRequestFloodLimits) -> Finding | None:
    """Requests to strangers in numbers, the sooner the fewer accept."""
    answers, yes = ANSWERED.of(rule_input).count, ACCEPTED.of(rule_input).count
    share = yes / answers if answers else 0.0
    over = MANY.reached(rule_input, limits)
    if over and yes >= limits.welcome_share * over.result.count:
        over = None
    if not over and answers >= limits.answers and share <= limits.unwelcome_share:
        over = UNWELCOME.reached(rule_input, limits)
    if not over:
        return None
    told = f"; {yes} of the {answers} who answered accepted" if answers else "; nobody has answered yet"
    return Finding(
        level=over.level,
        measurements=(
            *over.measurements,
            measured("accepted_share", share, limits.unwelcome_share, limits.answers_window),
        )
        if answers
        else over.measurements,
        evidence=over.result,
        summary=f"Asked {number_of(over.result)} strangers to become contacts within {over.within} "
        f"(the limit is {over.quota.reach}){told}.",
    )


CONTACT_REQUEST_FLOOD = Rule(
    slug="contact_request_flood",
    article=5,
    on=_ON,
    limits=ContactRequestFloodLimits,
    signals=declare(MANY, UNWELCOME, ANSWERED, ACCEPTED),
    judge=judge_contact_request_flood,
    subjects=by_asker,
    spared_by=(ContactResponse,),
)

# --- project_invitation_flood ------------------------------------------------------------------------------------------


class ProjectInvitationFloodLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct strangers invited to projects. Partners who are known never count."""

    strangers: Quotas


STRANGERS_INVITED = Measure[ProjectInvitationFloodLimits](
    "strangers",
    distinct(
        "strangers invited to projects by actor",
        on=(Invitation,),
        of=lambda context: (
            context.strangers if isinstance(context.event, Invitation) and context.event.kind == "project" else ()
        ),
        spared_by=ACQUAINTING,
        needs=("strangers",),
    ),
    within=lambda limits: limits.strangers,
)
PROJECT_INVITATION_FLOOD = Rule(
    slug="project_invitation_flood",
    article=5,
    on=(Invitation,),
    limits=ProjectInvitationFloodLimits,
    signals=declare(STRANGERS_INVITED),
    judge=too_many(
        (
            STRANGERS_INVITED,
            lambda over: (
                f"Invited {number_of(over.result)} strangers to projects within {over.within}; "
                f"the limit is {over.quota.reach}."
            ),
        )
    ),
)

# --- unmanageable_contacts ---------------------------------------------------------------------------------------------


class UnmanageableContactsLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct contacts gained, whoever asked."""

    gained: Quotas


def _new_contacts(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
    for member in accepted(context):
        yield (member,), (asker_of(context.event),)
        yield (asker_of(context.event),), (member,)


def _both(context: EventContext) -> tuple[str, ...]:
    yes = accepted(context)
    return (asker_of(context.event), *yes) if yes else ()


GAINED = Measure[UnmanageableContactsLimits](
    "gained",
    Window(
        name="contacts gained by member",
        on=_ON,
        entries=_new_contacts,
        at=by_subject,
        own=False,
        history=RECEIVED,
        needs=("answers",),
    ),
    within=lambda limits: limits.gained,
)
ASKED = Measure[UnmanageableContactsLimits](
    "asked",
    Window(
        name="members asked to be contacts by actor",
        on=(ContactRequest,),
        entries=lambda context: [((context.event.actor_id,), recipients_of(context.event))],
        at=by_subject,
    ),
    within=lambda limits: max((quota.window for quota in limits.gained), key=int),
    weighs=True,
)


def judge_unmanageable_contacts(rule_input: RuleInput, limits: UnmanageableContactsLimits) -> Finding | None:
    """A list of contacts that grows faster than anybody can keep up with.

    An event does not tell the roles of the one on its other side; but who has asked nobody, as far as is counted, is exempt.
    """
    over = GAINED.reached(rule_input, limits)
    exempt = rule_input.subject_id != rule_input.context.event.actor_id and not ASKED.of(rule_input).count
    if not over or exempt:
        return None
    return Finding(
        level=over.level,
        measurements=over.measurements,
        evidence=over.result,
        summary=f"Gained {over.result.count} contacts within {in_words(over.quota.window)}; "
        f"the limit is {over.quota.reach}. Following a member's updates needs no contact.",
    )


UNMANAGEABLE_CONTACTS = Rule(
    slug="unmanageable_contacts",
    article=5,
    on=_ON,
    limits=UnmanageableContactsLimits,
    signals=declare(GAINED, ASKED),
    judge=judge_unmanageable_contacts,
    subjects=_both,
)

RULES = (CONTACT_REQUEST_FLOOD, PROJECT_INVITATION_FLOOD, UNMANAGEABLE_CONTACTS)
