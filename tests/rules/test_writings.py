"""Where a text stands, who reads it, and how a rule that reads one text counts its like."""

import pytest

from models.events import Comment, ContactRequest, ForumPost, Invitation, MediaUpload, Message, ProfileUpdate, Report
from rules.base import EventContext
from rules.quotas import Duration
from rules.writings import WRITTEN, events_by_actor, is_visible, one_of, others, where
from tests.rules.cases import context, reading


def upload(visibility: str) -> EventContext:
    return context(
        MediaUpload, media_id="m", media_kind="image", visibility=visibility, surface="journal", caption="Hello"
    )


PLACES = [
    (context(Message, recipient_ids=("ben",), text="Hello"), "A message to member ben", False),
    (context(Message, recipient_ids=("ben", "eva"), text="Hello"), "A message to 2 members", False),
    (context(ForumPost, forum_id="f", thread_id="t7", text="Hello"), "A post in thread t7", True),
    (context(Comment, owner_id="ben", text="Hello"), "A comment on the page of member ben", True),
    (context(Comment, owner_id="anna", text="Hello"), "A comment on the own page", True),
    (context(ProfileUpdate, display_name="Hello"), "The profile", True),
    (upload("private"), "The caption of an upload to a journal, visible to nobody else,", False),
    (upload("members"), "The caption of an upload to a journal, visible to members,", True),
    (upload("public"), "The caption of an upload to a journal, visible to everybody,", True),
    (
        context(Invitation, kind="project", target_id="p", recipient_ids=("ben",), text="Hello"),
        "The text of an invitation to a project",
        False,
    ),
    (
        context(Invitation, kind="event", target_id="p", recipient_ids=("ben",), text="Hello"),
        "The text of an invitation to an event",
        False,
    ),
    (context(ContactRequest, recipient_id="ben", text="Hello"), "The text of a contact request to member ben", False),
]


@pytest.mark.parametrize(("of", "place", "visible"), PLACES)
def test_a_moderator_is_told_where_a_text_stands(of: EventContext, place: str, visible: bool) -> None:
    assert isinstance(of.event, WRITTEN)
    assert where(of) == place
    assert is_visible(of) is visible
    assert of.writing.seen == "Hello"


def test_a_report_is_not_the_member_s_own_writing() -> None:
    assert not issubclass(Report, WRITTEN)


def test_heading_organisation_and_text_are_read_in_order() -> None:
    of = context(ProfileUpdate, display_name="Anna", organisation="School 1", bio="I teach.")
    assert of.writing.seen == "Anna\nSchool 1\nI teach."


def test_events_of_a_sort_are_counted_under_their_actor_and_read_for_the_actor_alone() -> None:
    window = events_by_actor("posts", (ForumPost,), lambda of: of.writing.seen == "Hello")
    said, other = (context(ForumPost, forum_id="f", thread_id="t", text=text) for text in ("Hello", "Good night"))
    assert list(window.entries(said)) == [(("anna",), ())]
    assert list(window.entries(other)) == []
    assert window.at(said, "anna") == ("anna",)
    assert window.at(said, "a place in the text") is None


@pytest.mark.parametrize(
    ("count", "besides", "sentence"), [(0, 0, ""), (1, 0, ""), (3, 2, " One of 3 such texts within 7 days.")]
)
def test_earlier_ones_are_told_where_there_were_any(count: int, besides: int, sentence: str) -> None:
    assert others(reading(count)) == besides
    assert one_of(reading(count), "such texts", Duration.parse("7d")) == sentence
