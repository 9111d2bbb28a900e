"""Every judge, by itself: silent below its limit, exact about what it found, and just to those who are welcome."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from models.events import (
    Comment,
    ContactRequest,
    ContactResponse,
    ForumPost,
    Invitation,
    InvitationResponse,
    Message,
)
from rules.base import EventContext, Finding, RuleInput
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
from state.requests import Campaign, Contribution, Contributor, WindowResult
from tests.rules.cases import context, rule_input
from text.reading import TextReading, Writing

HOUR, DAY, WEEK = Duration(3600), Duration(86_400), Duration(7 * 86_400)

MESSAGE = context(Message, recipient_ids=("ben",), text="Hello", strangers=("ben",))
POST = context(ForumPost, forum_id="f", thread_id="t", text="Hello")
OPENING = context(ForumPost, forum_id="f", thread_id="t", text="Hello", opens_thread=True)
COMMENT = context(Comment, owner_id="ben", text="Hello")
REQUEST = context(ContactRequest, recipient_id="ben", strangers=("ben",))
ACCEPTANCE = context(ContactResponse, requester_id="ben", accepted=True)
PROJECT = context(Invitation, kind="project", target_id="p", recipient_ids=("ben",), strangers=("ben",))
EVENT = context(Invitation, kind="event", target_id="v", recipient_ids=("ben",), strangers=("ben",))
ANSWER = context(InvitationResponse, actor_id="ben", inviter_id="anna", target_id="v", accepted=False)

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

COPIED_MESSAGE_LIMITS = CopiedMessageLimits(
    recipients=(Quota(8, DAY),), asked=(Quota(12, DAY),), asked_characters=100, welcome_share=0.3, origin_window=WEEK
)
COPIED_POST_LIMITS = CopiedPostLimits(
    threads=(Quota(3, HOUR),), posts=(Quota(6, DAY),), least_similarity=0.8, least_characters=150, origin_window=WEEK
)

Simple = tuple[Callable[[RuleInput, Any], Finding | None], Any, EventContext, str, str]
SIMPLE: list[Simple] = [
    (judge_mass_messaging, MassMessagingLimits(strangers=(Quota(20, HOUR),)), MESSAGE, "strangers_at_1h",
     "Wrote to 20 strangers within 1 hour, in 20 messages; the limit is 20."),
    (judge_copied_message, COPIED_MESSAGE_LIMITS, MESSAGE, "recipients_at_1d",
     "Sent the same or nearly the same text to 8 strangers in 8 messages within 24 hours; "
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
    (judge_copied_comment, CopiedCommentLimits(owners=(Quota(5, DAY),), origin_window=WEEK), COMMENT, "owners_at_1d",
     "Left the same or nearly the same comment with 5 members within 24 hours; the limit is 5."),
    (PROJECT_INVITATION_FLOOD.judge, ProjectInvitationFloodLimits(strangers=(Quota(20, DAY),)), PROJECT, "strangers_at_1d",
     "Invited 20 strangers to projects within 24 hours; the limit is 20."),
    (judge_unmanageable_contacts, UnmanageableContactsLimits(gained=(Quota(100, WEEK),)), ACCEPTANCE, "gained_at_7d",
     "Gained 100 contacts within 7 days; the limit is 100. Following a member's updates needs no contact."),
    (judge_event_invitation_flood, EVENT_LIMITS, EVENT, "strangers_at_1d",
     "Invited 30 strangers to events within 24 hours; the limit is 30."),
]  # fmt: skip


def _limit(limits: Any, signal: str) -> Quota:
    name, _, window = signal.partition("_at_")
    quota: Quota = next(q for q in getattr(limits, name) if str(q.window) == window)
    return quota


def _contact_case(*, requests: int, answered: int = 0, accepted: int = 0) -> RuleInput:
    counts = {"many_at_1d": requests, "unwelcome_at_1d": requests, "answered": answered, "accepted": accepted}
    return rule_input(REQUEST, **counts)


@pytest.mark.parametrize(("judge", "limits", "of", "signal", "summary"), SIMPLE)
def test_one_below_the_limit_is_nothing(
    judge: Callable[[RuleInput, Any], Finding | None], limits: Any, of: EventContext, signal: str, summary: str
) -> None:
    assert judge(rule_input(of, **{signal: _limit(limits, signal).reach - 1}), limits) is None
    assert judge(rule_input(of), limits) is None


@pytest.mark.parametrize(("judge", "limits", "of", "signal", "summary"), SIMPLE)
def test_the_limit_itself_is_a_finding_with_its_numbers(
    judge: Callable[[RuleInput, Any], Finding | None], limits: Any, of: EventContext, signal: str, summary: str
) -> None:
    quota = _limit(limits, signal)
    found = judge(rule_input(of, **{signal: quota.reach}), limits)
    assert found
    assert found.level == 1.0
    assert found.summary == summary
    (measurement,) = found.measurements
    assert (measurement.value, measurement.limit) == (quota.reach, quota.reach)
    assert measurement.window_seconds == quota.window
    assert found.evidence.count == quota.reach


@pytest.mark.parametrize(("judge", "limits", "of", "signal", "summary"), SIMPLE)
def test_twice_the_limit_is_level_two(
    judge: Callable[[RuleInput, Any], Finding | None], limits: Any, of: EventContext, signal: str, summary: str
) -> None:
    found = judge(rule_input(of, **{signal: 2 * _limit(limits, signal).reach}), limits)
    assert found
    assert found.level == 2.0


@pytest.mark.parametrize(
    ("judge", "limits", "of", "signal"),
    [row[:4] for row in SIMPLE if row[0] in (judge_copied_message, judge_copied_post, judge_copied_comment)],
)
def test_copies_are_told_apart_by_their_text(
    judge: Callable[[RuleInput, Any], Finding | None], limits: Any, of: EventContext, signal: str
) -> None:
    counts = {signal: _limit(limits, signal).reach}
    found = judge(rule_input(of, **counts), limits)
    assert found
    assert (found.episode, found.campaign_id, found.similarity) == (("c",), "c", 0.9)
    assert judge(rule_input(msgspec.structs.replace(of, campaign=None), **counts), limits) is None


def test_of_two_quotas_the_one_that_is_exceeded_by_more_is_told_and_both_are_measured() -> None:
    limits = MassMessagingLimits(strangers=(Quota(20, HOUR), Quota(35, DAY)))
    found = judge_mass_messaging(rule_input(MESSAGE, strangers_at_1h=20, strangers_at_1d=70), limits)
    assert found
    assert found.level == 2.0
    assert found.evidence.count == 70
    assert "within 24 hours" in found.summary
    assert [(m.value, m.limit, m.window_seconds) for m in found.measurements] == [(20, 20, 3600), (70, 35, 86_400)]


def test_a_duplicate_thread_belongs_to_its_forum_and_a_title_to_no_campaign() -> None:
    limits = DuplicateThreadLimits(same_text=(Quota(2, DAY),), same_title=(Quota(2, WEEK),))
    by_text = judge_duplicate_thread(rule_input(OPENING, same_text_at_1d=2, same_title_at_7d=2), limits)
    by_title = judge_duplicate_thread(rule_input(OPENING, same_title_at_7d=2), limits)
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
        "Asked 50 strangers to become contacts within 24 hours (the limit is 50); nobody has answered yet."
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
    accepted = context(ContactResponse, actor_id="ben", requester_id="anna", accepted=True)
    assert judge_unmanageable_contacts(rule_input(accepted, gained_at_7d=100, asked=0), limits) is None
    assert judge_unmanageable_contacts(rule_input(accepted, gained_at_7d=100, asked=1), limits)


# --- event invitations


def _event_case(**counts: int) -> RuleInput:
    return rule_input(ANSWER, **{"strangers_at_1d": 0, "guests_at_7d": 0, "answered": 0, "accepted": 0} | counts)


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
    assert "30 strangers" in found.summary


# --- campaigns


CAMPAIGN_LIMITS = CoordinatedCampaignLimits(
    certain_authors=(Quota(3, DAY),),
    certain_similarity=0.9,
    certain_characters=150,
    plain_characters=105,
    authors=(Quota(4, DAY),),
    remark_authors=(Quota(6, DAY),),
    remark_characters=40,
    flood_authors=(Quota(5, Duration.parse("1m")),),
    selling_points=5,
    reached_by_one=20,
    part_letters=400,
    origin_window=Duration.parse("4d"),
)
COPY = context(ForumPost, actor_id="ida", forum_id="f", thread_id="t", text="")


def did(
    member: str, *reached: str, events: int = 1, note: str = "forum_post", first: int = 0, signs: tuple[str, ...] = ()
) -> Contributor:
    """What a member did: `reached` are strangers, and places where they begin with `#`; `signs` say `leads` or `odd`."""
    strangers = frozenset(one.encode() for one in reached if one[0] != "#")
    places = frozenset(one.encode() for one in reached if one[0] == "#")
    leads, odd = (frozenset({sign.encode()} if sign in signs else ()) for sign in ("leads", "odd"))
    brought = (strangers, places, frozenset[bytes](), leads, odd, frozenset[bytes]())
    return Contributor(
        member, member.encode(), first, f"{note} {min(len(reached), 2)} {member}", events, brought, (0,) * 6
    )


def campaign_case(*contributors: Contributor, of: str = "certain_authors", **counts: int | WindowResult) -> RuleInput:
    """A case of a campaign whose text these accounts wrote, in this order."""
    names = tuple(sorted(one.member for one in contributors))
    wrote = tuple(Contribution(one.time, f"e{n}", one.note) for n, one in enumerate(contributors))
    told = WindowResult(len(names), len(names), wrote, wrote, names)
    readings = {"copies_at_1d": replace(told, contributors=contributors), "origin": told, f"{of}_at_1d": told}
    return rule_input(COPY, "c", **({"recipients_at_1d": 0, "places_at_1d": 0, "announced": 0} | readings | counts))


def judged(*contributors: Contributor, **counts: Any) -> Finding | None:
    return judge_coordinated_campaign(campaign_case(*contributors, **counts), CAMPAIGN_LIMITS)


def spreads(count: int) -> list[Contributor]:
    """So many accounts that reach a stranger each."""
    return [did(f"bot {n}", f"stranger {n}", note="message", first=n) for n in range(count)]


@pytest.mark.parametrize(
    ("recipients", "places", "said"),
    [
        (0, 0, ""),
        (1, 0, ", to 1 stranger"),
        (700, 0, ", to 700 strangers"),
        (0, 1, ", in 1 thread or page"),
        (20, 3, ", to 20 strangers and in 3 threads or pages"),
    ],
)
def test_a_campaign_says_how_far_it_has_come(recipients: int, places: int, said: str) -> None:
    found = judged(*spreads(4), recipients_at_1d=recipients, places_at_1d=places)
    assert found
    assert f"4 times in all{said}, first in messages" in found.summary


def test_a_campaign_is_about_who_reached_most_and_names_the_others() -> None:
    for article, note, surface in (
        (1, "message", "messages"),
        (3, "forum_post", "the forums"),
        (4, "comment", "comments"),
    ):
        found = judged(
            did("ben", "#1", "#2", note=note),
            did("ida", "#3", "#4", "#5", note=note, first=1),
            did("cem", "#6", "#7", "#8", note=note, first=2),
        )
        assert found
        assert (found.subject_id, found.article, found.copied_from) == ("ida", article, None)
        assert found.members == ("ben", "cem", "ida")
        assert found.episode == ("c",)
        assert found.summary == (
            f"3 accounts spread the same or nearly the same text within 24 hours, 3 times in all, first in {surface}; "
            "the limit is 3 accounts. One account reached 3 strangers, threads or pages."
        )
    assert judged(*spreads(2)) is None


def test_who_wrote_it_first_in_one_post_is_one_of_three_where_others_post_it_too() -> None:
    ana = did("ana", "#partners")
    found = judged(ana, did("ben", "#1", first=1), did("cem", "#2", first=2))
    assert found
    assert (found.subject_id, found.members, found.copied_from) == ("ben", ("ben", "cem"), "ana")
    by_message = [did("ben", "s1", note="message", first=1), did("cem", "s2", note="message", first=2)]
    assert judged(ana, *by_message) is None
    found = judged(ana, *by_message, did("dan", "s3", note="message", first=3))
    assert found
    assert (found.subject_id, found.article, found.copied_from) == ("ben", 1, "ana")


@pytest.mark.parametrize(
    "first",
    [
        did("ana", "#1", "#2"),  # posts on
        did("ana", "#1", events=2),
        did("ana", "#1", "stranger"),
        did("ana", "stranger", note="message"),
        did("ana", "#1", note="forum_post!"),  # disguised
    ],
)
def test_who_does_more_than_write_it_first_spreads_it(first: Contributor) -> None:
    found = judged(first, did("ben", "#3", first=1), did("cem", "#4", first=2))
    assert found
    assert (found.subject_id, found.copied_from) == ("ana", None)


def test_who_reaches_nobody_is_no_accomplice() -> None:
    for nobody in (did("ivo"), did("ivo", "bot 1")):  # the own page; one of those who have the text, too
        found = judged(*spreads(3), nobody)
        assert found
        assert found.members == ("bot 0", "bot 1", "bot 2")
        assert judged(*spreads(2), nobody) is None


@pytest.mark.parametrize(
    ("most", "accounts", "severity", "action"),
    [
        (1, 3, "medium", "review"),
        (1, 6, "high", "review"),
        (2, 30, "high", "ban_review"),
        (3, 3, "critical", "ban_review"),
    ],
)
def test_what_may_follow_depends_on_who_did_most(most: int, accounts: int, severity: str, action: str) -> None:
    chief = did("chief", *(f"s{n}" for n in range(most)), note="message", events=most)
    found = judged(chief, *spreads(accounts - 1))
    assert found
    assert (found.subject_id, found.most_severe, found.most_action) == ("chief", severity, action)


def test_one_account_that_reaches_very_many_weighs_as_much_as_many_accounts() -> None:
    found = judged(did("chief", *(f"s{n}" for n in range(60)), note="message"), *spreads(2))
    assert found
    assert found.level == 3
    assert found.most_action == "review"  # in one message


def test_what_members_each_write_once_in_one_place_is_slight() -> None:
    members = [did(f"t{n}", "#wishes", first=600_000_000 * n) for n in range(10)]
    found = judged(*members)
    assert found
    assert (found.most_severe, found.most_action, found.episode) == ("low", "review", ("c", "by chance"))
    # nor are they accomplices of somebody who takes it elsewhere
    found = judged(*members, did("ben", "s1", "s2", first=1))
    assert found
    assert found.most_severe == "low"
    found = judged(*members, *(did(f"sock {n}", f"s{n}", f"r{n}", note="message", first=n) for n in range(1, 4)))
    assert found
    assert (found.subject_id, found.members) == ("sock 1", ("sock 1", "sock 2", "sock 3"))


@pytest.mark.parametrize("sign", ["leads", "odd"])
def test_what_leads_somewhere_or_is_odd_is_a_campaign_wherever_it_stands(sign: str) -> None:
    found = judged(*(did(f"t{n}", "#wishes", first=600_000_000 * n, signs=(sign,)) for n in range(8)))
    assert found
    assert (found.most_severe, found.subject_id, found.copied_from) == ("high", "t1", "t0")
    # one of many who adds a link makes nothing of the others
    members = [did(f"t{n}", "#wishes", first=600_000_000 * n) for n in range(8)]
    found = judged(*members, did("t9", "#wishes", signs=(sign,)))
    assert found
    assert found.most_severe == "low"


def test_who_each_leads_to_a_page_of_their_own_is_slight() -> None:
    def showing(number: int, *leads: str) -> Contributor:
        told = did(f"t{number}", f"#{number}", first=600_000_000 * number)
        return replace(told, brought=(*told.brought[:3], frozenset(lead.encode() for lead in leads), *told.brought[4:]))

    found = judged(*(showing(n, f"all {n}", f"page {n}") for n in range(8)))
    assert found
    assert (found.most_severe, found.most_action) == ("low", "review")
    # one page, however the address is written, and addresses that do not tell whose page it is
    for leads in (lambda n: (f"all {n}", "page"), lambda n: (f"all {n}",)):
        found = judged(*(showing(n, *leads(n)) for n in range(8)))
        assert found
        assert found.most_severe == "high"


def test_what_stands_beside_other_words_is_slight_as_far_as_a_school_reaches() -> None:
    def letters(number: int, strangers: int = 3, *, framed: bool = True, leads: bool = False) -> Contributor:
        told = did(f"t{number}", *(f"s{number}.{n}" for n in range(strangers)), events=3, note="message")
        beside = frozenset({f"e{number}.{n}".encode() for n in range(3)}) if framed else frozenset[bytes]()
        to = frozenset({b"one page"}) if leads else frozenset[bytes]()
        return replace(told, brought=(*told.brought[:3], to, told.brought[4], beside))

    def severity(*members: Contributor) -> str | None:
        found = judged(*members)
        assert found
        return found.most_severe

    assert severity(*(letters(n) for n in range(12))) == "low"
    assert severity(*(letters(n, 17) for n in range(11))) == "low"
    # more than a school, one account that reaches very many, one page for all, and copies that stand alone or sell
    assert severity(*(letters(n, 17) for n in range(12))) != "low"
    assert severity(letters(0, 20), *(letters(n) for n in range(1, 12))) != "low"
    assert severity(*(letters(n, leads=n < 2) for n in range(12))) != "low"
    assert severity(*(letters(n, framed=n >= 3) for n in range(12))) != "low"
    assert severity(*(letters(n, framed=n >= 2) for n in range(12))) == "low"


def test_five_accounts_within_a_minute_did_not_read_one_another() -> None:
    for apart, severity in ((14_000_000, "medium"), (16_000_000, "low")):
        found = judged(*(did(f"t{n}", "#wishes", first=apart * n) for n in range(5)))
        assert found
        assert found.most_severe == severity


def test_members_pass_an_announcement_on() -> None:
    told = did("ambassador", note="message", signs=("leads",))
    announcement = WindowResult(1, 1, members=("ambassador",), contributors=(replace(told, brought=told.brought[3:4]),))
    members = [did(f"t{n}", f"#{n}", signs=("leads",)) for n in range(5)]
    assert judged(*members) is not None
    assert judged(*members, announced=announcement) is None
    assert judged(*(did(f"t{n}", f"#{n}") for n in range(5)), announced=announcement) is None
    later = replace(announcement, contributors=(replace(announcement.contributors[0], time=1),))
    assert judged(*members, announced=later) is not None  # a warning
    elsewhere = [
        replace(one, brought=(*one.brought[:3], frozenset({b"elsewhere"}), *one.brought[4:])) for one in members
    ]
    found = judged(*elsewhere[:3], *members[3:], announced=announcement)
    assert found
    assert found.members == ("t0", "t1", "t2")


def test_texts_that_may_be_alike_by_chance_take_one_more_account() -> None:
    for accounts, found in ((3, False), (4, True)):
        assert (judged(*spreads(accounts), of="authors") is not None) == found


@pytest.mark.parametrize(
    ("similarity", "length", "counted"), [(0.9, 40, True), (0.89, 40, False), (0.89, 149, False), (0.5, 150, True)]
)
def test_a_copy_is_certain_when_it_is_nearly_the_same_or_long(similarity: float, length: int, counted: bool) -> None:
    text = TextReading(undisguised="", normalised="x" * length, digest=b"d", signature=None)
    copy = EventContext(event=POST.event, time=0, writing=Writing(text=text), campaign=Campaign("c", similarity))
    window = COORDINATED_CAMPAIGN.signals(CAMPAIGN_LIMITS)["certain_authors/1d"].window
    assert bool(list(window.entries(copy))) == counted


def test_an_author_may_have_spaces_in_the_name() -> None:
    found = judged(did("ana", "#1"), did("ida maria p", "#2", first=1), did("ben", "#3", first=2))
    assert found
    assert found.subject_id == "ida maria p"
