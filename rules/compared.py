"""Which written fields of an event are compared with those of others: each that reaches somebody, as (field, text).

What a report says is compared with other reports alone, and accuses nobody (`rules.reports`): whoever was sent a text shows
it to those who asked for reports, and so does the next.
"""

from datetime import timedelta
from typing import Literal

from models.events import (
    BaseEvent,
    ContactRequest,
    ForumPost,
    Invitation,
    MediaUpload,
    Message,
    ProfileUpdate,
)
from rules.writings import WRITTEN
from text.reading import TextReading, Writing

Field = Literal["text", "heading"]

MIN_BESIDE_CHARACTERS = 60
"""What goes with an act (a subject, a title, a word with an invitation or a request) is mostly short, and many choose the same
words: "Partners for a project about water". From here on, or where it leads somewhere, they are somebody's own.
"""

SETTLED_AFTER, AGED_AFTER = timedelta(days=7), timedelta(days=30)
"""Accounts younger than the first may have been made to teach what is boilerplate; from the second on they weigh double."""

_REQUESTS = (Invitation, ContactRequest)
ON_OWN_PAGE = (ProfileUpdate, MediaUpload)
"""Whose texts stand on the author's own page: they reach who comes there."""


def compared_fields(event: BaseEvent, writing: Writing) -> list[tuple[Field, TextReading]]:
    """The fields that are compared, the text first. A title counts where it is given, not on every post below it."""
    text, heading = writing.text, writing.heading
    found: list[tuple[Field, TextReading]] = []
    if text and text.digest is not None and _is_compared(event, text):
        found.append(("text", text))
    is_given = isinstance(event, Message) or (isinstance(event, ForumPost) and event.opens_thread)
    is_the_text = text and heading and heading.digest == text.digest
    if heading and heading.digest is not None and is_given and not is_the_text and _says_enough(heading):
        found.append(("heading", heading))
    return found


def teaching_weight(event: BaseEvent) -> int:
    """What the account weighs where it is learnt what is boilerplate: as much as possible where its age is not known."""
    registered = event.actor_registered_at
    age = event.occurred_at - registered if registered else AGED_AFTER
    return (age >= SETTLED_AFTER) + (age >= AGED_AFTER)


def _is_compared(event: BaseEvent, text: TextReading) -> bool:
    if isinstance(event, MediaUpload):
        return event.visibility != "private"
    return isinstance(event, WRITTEN) and (not isinstance(event, _REQUESTS) or _says_enough(text))


def _says_enough(text: TextReading) -> bool:
    return len(text.normalised) >= MIN_BESIDE_CHARACTERS or text.leads_somewhere
