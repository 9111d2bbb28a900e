"""What members write: which events carry a member's own words, where others meet them, and how texts of one sort are counted.

A rule that reads one text reports it at once, and counts how many such texts the account wrote within a window: that makes
the incident graver, and tells a bad day from a habit.
"""

from collections.abc import Callable, Iterable

from models.events import (
    BaseEvent,
    Comment,
    ContactRequest,
    ForumPost,
    Invitation,
    MediaUpload,
    Message,
    ProfileUpdate,
)
from rules.base import EventContext, Key, Need, Window
from rules.quotas import Duration, in_words
from state.requests import WindowResult

WRITTEN = (Message, Invitation, ContactRequest, ForumPost, Comment, ProfileUpdate, MediaUpload)
"""Whose words are the member's own. A report is left out: it tells what somebody else has written."""
VISIBLE = (ForumPost, Comment, ProfileUpdate, MediaUpload)
"""Of these, what more members may read than those it is written to."""


def is_visible(context: EventContext) -> bool:
    """Whether more members can read it than those it is written to."""
    if isinstance(context.event, MediaUpload):
        return context.event.visibility != "private"
    return isinstance(context.event, VISIBLE)


def where(context: EventContext) -> str:
    """Where a moderator finds the text, as the subject of a sentence. It names members and threads, and nothing written."""
    match context.event:
        case Message(recipient_ids=[recipient]):
            return f"A message to member {recipient}"
        case Message(recipient_ids=recipients):
            return f"A message to {len(recipients)} members"
        case ForumPost(thread_id=thread):
            return f"A post in thread {thread}"
        case Comment(owner_id=owner, actor_id=actor):
            return "A comment on the own page" if owner == actor else f"A comment on the page of member {owner}"
        case ProfileUpdate():
            return "The profile"
        case MediaUpload(visibility=visibility, surface=surface):
            readers = {"private": "nobody else", "members": "members", "public": "everybody"}[visibility]
            return f"The caption of an upload to a {surface}, visible to {readers},"
        case Invitation(kind=kind):
            return f"The text of an invitation to {'an event' if kind == 'event' else 'a project'}"
        case ContactRequest(recipient_id=recipient):
            return f"The text of a contact request to member {recipient}"
    return "A text"


def events_by_actor(
    name: str, on: tuple[type[BaseEvent], ...], is_one: Callable[[EventContext], bool], needs: tuple[Need, ...] = ()
) -> Window:
    """How many events of a sort (`is_one`) an actor caused. `name` is the window's identity in the store."""

    def entries(context: EventContext) -> Iterable[tuple[Key, tuple[str, ...]]]:
        return (((context.event.actor_id,), ()),) if is_one(context) else ()

    def at(context: EventContext, subject: str) -> Key | None:
        return (subject,) if subject == context.event.actor_id else None

    return Window(name=name, on=on, distinct=False, entries=entries, at=at, at_own=True, needs=needs)


def others(reading: WindowResult) -> int:
    """How many there were besides the one at hand."""
    return max(reading.count - 1, 0)


def one_of(reading: WindowResult, what: str, within: Duration) -> str:
    """A sentence to add to a summary; empty where there were no others. `what` in the plural."""
    return f" One of {reading.count} {what} within {in_words(within)}." if others(reading) else ""
