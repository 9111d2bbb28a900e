"""Every judge, by itself: silent below its limit, exact about what it found, and just to those who are welcome."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from models.events import (
    Comment,
    ContactRequest,
    ContactResponse,
    ForumPost,
    Invitation,
    InvitationResponse,
    Message,
)
from rules.base import Case, Fact, Finding
from rules.campaigns import COORDINATED_CAMPAIGN, CoordinatedCampaignLimits, judge_coordinated_campaign
from rules.comments import CopiedCommentLimits, judge_copied_comment
from rules.contacts import (
    PROJECT_INVITATION_FLOOD,
    ContactRequestFloodLimits,
    ProjectInvitationFloodLimits,
    UnmanageableContactsLimits,
    judge_contact_request_flood,
    judge_unmanageable_contacts,
)
from rules.event_invitations import EventInvitationFloodLimits, judge_event_invitation_flood
from rules.forum import (
    CopiedPostLimits,
    DuplicateThreadLimits,
    ForumFloodLimits,
    judge_copied_post,
    judge_duplicate_thread,
    judge_forum_flood,
)
from rules.messages import CopiedMessageLimits, MassMessagingLimits, judge_copied_message, judge_mass_messaging
from rules.quotas import Duration, Quota
from state.requests import Campaign, Reading
from tests.rules.cases import case, fact, reading
from text.reading import TextReading, Writing

HOUR, DAY, WEEK = Duration(3600), Duration(86_400), Duration(7 * 86_400)

MESSAGE = fact(Message, recipient_ids=("ben",), text="Hello", strangers=("ben",))
POST = fact(ForumPost, forum_id="f", thread_id="t", text="Hello")
OPENING = fact(ForumPost, forum_id="f", thread_id="t", text="Hello", opens_thread=True)
COMMENT = fact(Comment, owner_id="ben", text="Hello")
REQUEST = fact(ContactRequest, recipient_id="ben", strangers=("ben",))
ACCEPTANCE = fact(ContactResponse, requester_id="ben", accepted=True)
PROJECT = fact(Invitation, kind="project", target_id="p", recipient_ids=("ben",), strangers=("ben",))
EVENT = fact(Invitation, kind="event", target_id="v", recipient_ids=("ben",), strangers=("ben",))
ANSWER = fact(InvitationResponse, actor_id="ben", inviter_id="anna", target_id="v", accepted=False)

CONTACT_LIMITS = ContactRequestFloodLimits(
    many=(Quota(50, DAY),),
    welcome_share=0.3,
    unwelcome=(Quota(20, DAY),),
    unwelcome_share=0.2,
    answers=5,
    answers_window=WEEK,
)
EVENT_LIMITS = EventInvitationFloodLimits(
    strangers=(Quota(30, DAY),), guests=(Quota(100, WEEK),), unwelcome_share=0.1, answers=10
)

COPIED_POST_LIMITS = CopiedPostLimits(
    threads=(Quota(3, HOUR),), posts=(Quota(6, DAY),), least_similarity=0.8, least_characters=150
)

Simple = tuple[Callable[[Case, Any], Finding | None], Any, Fact, str, str]
SIMPLE: list[Simple] = [
    (judge_mass_messaging, MassMessagingLimits(strangers=(Quota(20, HOUR),)), MESSAGE, "strangers_at_1h",
     "Wrote to 20 members they have no ties with within 1 hour, in 20 messages; the limit is 20."),
    (judge_copied_message, CopiedMessageLimits(recipients=(Quota(8, DAY),)), MESSAGE, "recipients_at_1d",
     "Sent the same or nearly the same text to 8 members they have no ties with in 8 messages within 24 hours; "
     "the limit is 8."),
    (judge_copied_post, COPIED_POST_LIMITS, POST, "threads_at_1h",
     "Posted the same or nearly the same text in 3 threads within 1 hour; the limit is 3."),
    (judge_copied_post, COPIED_POST_LIMITS, POST, "posts_at_1d",
     "Posted the same or nearly the same text in 6 posts within 24 hours; the limit is 6."),
    (judge_duplicate_thread, DuplicateThreadLimits(same_text=(Quota(2, DAY),), same_title=(Quota(2, WEEK),)), OPENING,
     "same_text_at_1d", "Opened a thread that exists already: 2 threads of this forum have nearly the same opening text "
     "within 24 hours."),
    (judge_duplicate_thread, DuplicateThreadLimits(same_text=(Quota(2, DAY),), same_title=(Quota(2, WEEK),)), OPENING,
     "same_title_at_7d", "Opened a thread that exists already: 2 threads of this forum have the same title within 7 days."),
    (judge_forum_flood, ForumFloodLimits(threads=(Quota(40, HOUR),), posts=(Quota(200, HOUR),)), POST, "threads_at_1h",
     "Posted in 40 threads within 1 hour; the limit is 40."),
    (judge_forum_flood, ForumFloodLimits(threads=(Quota(40, HOUR),), posts=(Quota(200, HOUR),)), POST, "posts_at_1h",
     "Posted 200 times within 1 hour; the limit is 200."),
    (judge_copied_comment, CopiedCommentLimits(owners=(Quota(5, DAY),)), COMMENT, "owners_at_1d",
     "Left the same or nearly the same comment with 5 members within 24 hours; the limit is 5."),
    (PROJECT_INVITATION_FLOOD.judge, ProjectInvitationFloodLimits(strangers=(Quota(20, DAY),)), PROJECT, "strangers_at_1d",
     "Invited 20 members they have no ties with to projects within 24 hours; the limit is 20."),
    (judge_unmanageable_contacts, UnmanageableContactsLimits(gained=(Quota(100, WEEK),)), ACCEPTANCE, "gained_at_7d",
     "Gained 100 contacts within 7 days; the limit is 100. Following a member's updates needs no contact."),
    (judge_event_invitation_flood, EVENT_LIMITS, EVENT, "strangers_at_1d",
     "Invited 30 members they have no ties with to events within 24 hours; the limit is 30."),
]  # fmt: skip


def _limit(limits: Any, signal: str) -> Quota:
    name, _, window = signal.partition("_at_")
    quota: Quota = next(q for q in getattr(limits, name) if str(q.window) == window)
    return quota


def _contact_case(*, requests: int, answered: int = 0, accepted: int = 0) -> Case:
    counts = {"many_at_1d": requests, "unwelcome_at_1d": requests, "answered": answered, "accepted": accepted}
    return case(REQUEST, **counts)


@pytest.mark.parametrize(("judge", "limits", "of", "signal", "summary"), SIMPLE)
def test_one_below_the_limit_is_nothing(
    judge: Callable[[Case, Any], Finding | None], limits: Any, of: Fact, signal: str, summary: str
) -> None:
    assert judge(case(of, **{signal: _limit(limits, signal).reach - 1}), limits) is None
    assert judge(case(of), limits) is None


@pytest.mark.parametrize(("judge", "limits", "of", "signal", "summary"), SIMPLE)
def test_the_limit_itself_is_a_finding_with_its_numbers(
    judge: Callable[[Case, Any], Finding | None], limits: Any, of: Fact, signal: str, summary: str
) -> None:
    quota = _limit(limits, signal)
    found = judge(case(of, **{signal: quota.reach}), limits)
    assert found
    assert found.level == 1.0
    assert found.summary == summary
    (measurement,) = found.measurements
    assert (measurement.value, measurement.limit) == (quota.reach, quota.reach)
    assert measurement.window_seconds == quota.window
    assert found.evidence.count == quota.reach


@pytest.mark.parametrize(("judge", "limits", "of", "signal", "summary"), SIMPLE)
def test_twice_the_limit_is_level_two(
    judge: Callable[[Case, Any], Finding | None], limits: Any, of: Fact, signal: str, summary: str
) -> None:
    found = judge(case(of, **{signal: 2 * _limit(limits, signal).reach}), limits)
    assert found
    assert found.level == 2.0


@pytest.mark.parametrize(
    ("judge", "limits", "of", "signal"),
    [row[:4] for row in SIMPLE if row[0] in (judge_copied_message, judge_copied_post, judge_copied_comment)],
)
def test_copies_are_told_apart_by_their_text(
    judge: Callable[[Case, Any], Finding | None], limits: Any, of: Fact, signal: str
) -> None:
    counts = {signal: _limit(limits, signal).reach}
    found = judge(case(of, **counts), limits)
    assert found
    assert (found.episode, found.campaign_id, found.similarity) == (("c",), "c", 0.9)
    assert judge(case(msgspec.structs.replace(of, campaign=None), **counts), limits) is None


def test_of_two_quotas_the_one_that_is_exceeded_by_more_is_told_and_both_are_measured() -> None:
    limits = MassMessagingLimits(strangers=(Quota(20, HOUR), Quota(35, DAY)))
    found = judge_mass_messaging(case(MESSAGE, strangers_at_1h=20, strangers_at_1d=70), limits)
    assert found
    assert found.level == 2.0
    assert found.evidence.count == 70
    assert "within 24 hours" in found.summary
    assert [(m.value, m.limit, m.window_seconds) for m in found.measurements] == [(20, 20, 3600), (70, 35, 86_400)]


def test_a_duplicate_thread_belongs_to_its_forum_and_a_title_to_no_campaign() -> None:
    limits = DuplicateThreadLimits(same_text=(Quota(2, DAY),), same_title=(Quota(2, WEEK),))
    by_text = judge_duplicate_thread(case(OPENING, same_text_at_1d=2, same_title_at_7d=2), limits)
    by_title = judge_duplicate_thread(case(OPENING, same_title_at_7d=2), limits)
    assert by_text
    assert by_title
    assert by_text.episode == by_title.episode == ("f",)
    assert (by_text.campaign_id, by_title.campaign_id) == ("c", None)


# --- contact requests


def test_requests_that_nobody_has_answered_count_from_the_higher_limit_on() -> None:
    assert judge_contact_request_flood(_contact_case(requests=49), CONTACT_LIMITS) is None
    found = judge_contact_request_flood(_contact_case(requests=50), CONTACT_LIMITS)
    assert found
    assert found.level == 1.0
    assert found.summary == (
        "Asked 50 members they have no ties with to become contacts within 24 hours (the limit is 50); "
        "nobody has answered yet."
    )
    assert [m.name for m in found.measurements] == ["many"]


def test_requests_that_hardly_anybody_accepts_count_from_the_lower_limit_on() -> None:
    refused = _contact_case(requests=20, answered=5, accepted=1)
    found = judge_contact_request_flood(refused, CONTACT_LIMITS)
    assert found
    assert found.summary.endswith("(the limit is 20); 1 of the 5 who answered accepted.")
    assert found.measurements[-1].name == "accepted_share"
    assert (found.measurements[-1].value, found.measurements[-1].limit) == (0.2, 0.2)
    for few_answers in (
        _contact_case(requests=20, answered=4, accepted=0),
        _contact_case(requests=19, answered=5, accepted=1),
        _contact_case(requests=20, answered=9, accepted=2),
    ):
        assert judge_contact_request_flood(few_answers, CONTACT_LIMITS) is None


def test_whoever_is_welcome_may_ask_many() -> None:
    assert judge_contact_request_flood(_contact_case(requests=50, answered=20, accepted=15), CONTACT_LIMITS) is None
    assert judge_contact_request_flood(_contact_case(requests=50, answered=20, accepted=14), CONTACT_LIMITS)


def test_a_few_friends_who_accept_do_not_make_hundreds_welcome() -> None:
    found = judge_contact_request_flood(_contact_case(requests=300, answered=6, accepted=6), CONTACT_LIMITS)
    assert found
    assert found.level == 6.0


# --- contacts


def test_who_asks_nobody_is_not_blamed_for_others_who_accept() -> None:
    """An answer does not tell the roles of the one who asked; those of an exempt member's requests are not counted."""
    limits = UnmanageableContactsLimits(gained=(Quota(100, WEEK),))
    accepted = fact(ContactResponse, actor_id="ben", requester_id="anna", accepted=True)
    assert judge_unmanageable_contacts(case(accepted, gained_at_7d=100, asked=0), limits) is None
    assert judge_unmanageable_contacts(case(accepted, gained_at_7d=100, asked=1), limits)


# --- event invitations


def _event_case(**counts: int) -> Case:
    return case(ANSWER, **{"strangers_at_1d": 0, "guests_at_7d": 0, "answered": 0, "accepted": 0} | counts)


def test_many_guests_count_only_where_hardly_anybody_comes() -> None:
    found = judge_event_invitation_flood(_event_case(guests_at_7d=100, answered=10, accepted=1), EVENT_LIMITS)
    assert found
    assert found.summary == (
        "Invited 100 members to one event within 7 days (the limit is 100); 1 of the 10 who answered accepted."
    )
    for fine in (
        _event_case(guests_at_7d=99, answered=10, accepted=1),
        _event_case(guests_at_7d=100, answered=9, accepted=0),
        _event_case(guests_at_7d=100, answered=10, accepted=2),
        _event_case(guests_at_7d=500, answered=0, accepted=0),
    ):
        assert judge_event_invitation_flood(fine, EVENT_LIMITS) is None


def test_strangers_weigh_more_than_guests() -> None:
    both = _event_case(strangers_at_1d=30, guests_at_7d=100, answered=10, accepted=0)
    found = judge_event_invitation_flood(both, EVENT_LIMITS)
    assert found
    assert "no ties" in found.summary


# --- campaigns


CAMPAIGN_LIMITS = CoordinatedCampaignLimits(
    certain_authors=(Quota(3, DAY),),
    certain_similarity=0.9,
    certain_characters=150,
    authors=(Quota(4, DAY),),
    remark_authors=(Quota(6, DAY),),
    remark_characters=40,
)


def campaign_case(**counts: int | Reading) -> Case:
    return case(POST, "c", **({"recipients_at_1d": 0, "places_at_1d": 0} | counts))


@pytest.mark.parametrize(
    ("recipients", "places", "said"),
    [
        (0, 0, ""),
        (1, 0, ", to 1 member"),
        (700, 0, ", to 700 members"),
        (0, 1, ", in 1 thread or page"),
        (20, 3, ", to 20 members and in 3 threads or pages"),
    ],
)
def test_a_campaign_says_how_far_it_has_come(recipients: int, places: int, said: str) -> None:
    authors = reading(4, note="forum_post ida")
    found = judge_coordinated_campaign(
        campaign_case(authors_at_1d=authors, recipients_at_1d=recipients, places_at_1d=places), CAMPAIGN_LIMITS
    )
    assert found
    assert f"4 times in all{said}, first in the forums" in found.summary


def test_a_campaign_is_about_its_first_author_and_names_the_others() -> None:
    for article, kind, surface in (
        (1, "message", "messages"),
        (3, "forum_post", "the forums"),
        (4, "comment", "comments"),
    ):
        authors = reading(3, note=f"{kind} ida", members=("cem", "ben", "ida"))
        found = judge_coordinated_campaign(campaign_case(certain_authors_at_1d=authors), CAMPAIGN_LIMITS)
        assert found
        assert (found.subject_id, found.article) == ("ida", article)
        assert found.members == ("cem", "ben", "ida")
        assert found.episode == ("c",)
        assert found.summary == (
            f"3 accounts published the same or nearly the same text within 24 hours, 3 times in all, first in {surface}; "
            "the limit is 3 accounts."
        )
    too_few = campaign_case(
        certain_authors_at_1d=reading(2, note="forum_post ida"), authors_at_1d=reading(2, note="forum_post ida")
    )
    assert judge_coordinated_campaign(too_few, CAMPAIGN_LIMITS) is None


def test_texts_that_may_be_alike_by_chance_take_one_more_account() -> None:
    for authors, found in ((3, False), (4, True)):
        counted = reading(authors, note="forum_post ida")
        judged = judge_coordinated_campaign(campaign_case(authors_at_1d=counted), CAMPAIGN_LIMITS)
        assert (judged is not None) == found


@pytest.mark.parametrize(
    ("similarity", "length", "counted"), [(0.9, 40, True), (0.89, 40, False), (0.89, 149, False), (0.5, 150, True)]
)
def test_a_copy_is_certain_when_it_is_nearly_the_same_or_long(similarity: float, length: int, counted: bool) -> None:
    text = TextReading(undisguised="", normalised="x" * length, digest=b"d", signature=None)
    copy = Fact(event=POST.event, time=0, writing=Writing(text=text), campaign=Campaign("c", similarity))
    window = COORDINATED_CAMPAIGN.signals(CAMPAIGN_LIMITS)["certain_authors/1d"].window
    assert bool(list(window.entries(copy))) == counted


def test_an_author_may_have_spaces_in_the_name() -> None:
    four = campaign_case(authors_at_1d=reading(4, note="forum_post ida maria p"))
    found = judge_coordinated_campaign(four, CAMPAIGN_LIMITS)
    assert found
    assert found.subject_id == "ida maria p"
