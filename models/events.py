"""The activity events of the contract, as immutable typed values.

Every class is one `type` of the contract; `Event` is the tagged union of all of them. Field names and meanings
are the contract's: what is documented there is not repeated here. Use `models.decoding.decode_event` to make one from bytes.
"""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import force_setattr, replace

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Timestamp = Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset, such as 2026-01-31T09:30:00+01:00")]
Ids = Annotated[tuple[Id, ...], Meta(min_length=1)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since the Unix epoch: the event clock. Integers below 2**53, so that Redis scores hold them exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The moment in UTC; the inverse of `to_microseconds`."""
    return _EPOCH + microseconds * _MICROSECOND


def rfc_3339(moment: datetime) -> str:
    """The moment as it is written everywhere: with the offset that it has, which for UTC is `Z`."""
    return moment.isoformat().replace("+00:00", "Z")


class BaseEvent(Struct, frozen=True, kw_only=True, tag_field="type", dict=True):
    """The fields of every event."""

    event_id: Id
    occurred_at: Timestamp
    actor_id: Id
    actor_roles: tuple[str, ...] | None = None
    actor_registered_at: Timestamp | None = None
    language: str | None = None

    @cached_property
    def time(self) -> int:
        """`occurred_at` in microseconds since the epoch."""
        return to_microseconds(self.occurred_at)

    @cached_property
    def identity(self) -> str:
        """What tells the event from all others, also from those that carry its `event_id`: a hash of all that was decoded.

        A redelivery has the same, in whatever order or zone its fields are written and whatever unknown fields it carries.
        16 bytes, in hexadecimal: a sender who knows no secret cannot make two events with the same one.
        """
        return blake2b(msgspec.msgpack.encode(self), digest_size=16).hexdigest()

    @property
    def type(self) -> str:
        """The contract's name of the event's type."""
        return str(self.__struct_config__.tag)


class Message(BaseEvent, frozen=True, kw_only=True, tag="message"):
    recipient_ids: Ids
    text: str
    subject: str | None = None
    conversation_id: Id | None = None
    known_recipient_ids: tuple[Id, ...] | None = None


class Invitation(BaseEvent, frozen=True, kw_only=True, tag="invitation"):
    kind: Literal["project", "event"]
    target_id: Id
    recipient_ids: Ids
    text: str | None = None
    known_recipient_ids: tuple[Id, ...] | None = None


class InvitationResponse(BaseEvent, frozen=True, kw_only=True, tag="invitation_response"):
    inviter_id: Id
    target_id: Id
    accepted: bool


class ContactRequest(BaseEvent, frozen=True, kw_only=True, tag="contact_request"):
    recipient_id: Id
    text: str | None = None


class ContactResponse(BaseEvent, frozen=True, kw_only=True, tag="contact_response"):
    requester_id: Id
    accepted: bool


class ForumPost(BaseEvent, frozen=True, kw_only=True, tag="forum_post"):
    forum_id: Id
    thread_id: Id
    text: str
    thread_title: str | None = None
    opens_thread: bool | None = None
    replaces: Id | None = None


class Comment(BaseEvent, frozen=True, kw_only=True, tag="comment"):
    owner_id: Id
    text: str
    post_id: Id | None = None
    replaces: Id | None = None


class ProfileUpdate(BaseEvent, frozen=True, kw_only=True, tag="profile_update"):
    display_name: str
    organisation: str | None = None
    bio: str | None = None
    verified: bool | None = None


class MediaUpload(BaseEvent, frozen=True, kw_only=True, tag="media_upload"):
    media_id: Id
    media_kind: Literal["image", "video", "document"]
    visibility: Literal["private", "members", "public"]
    surface: Literal["profile", "journal", "group", "twinspace"]
    caption: str | None = None
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{64}$", description="64 hexadecimal digits")] | None = None
    perceptual_hash: Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{16}$", description="16 hexadecimal digits")] | None = (
        None
    )
    shows_pupils: bool | None = None
    consent: bool | None = None
    rights: Literal["own", "licensed", "unknown"] | None = None
    source_url: str | None = None


class Report(BaseEvent, frozen=True, kw_only=True, tag="report"):
    reported_id: Id
    reported_event_id: Id | None = None
    article: Annotated[int, Meta(ge=1, le=11)] | None = None
    text: str | None = None


Action = Literal["none", "warned", "restricted", "banned", "warn", "restrict", "ban"]
"""What was done to a member. Each but `none` has two forms, what was done and what is to be done: both mean the same."""
ACTIONS: dict[Action, Action] = {
    "none": "none",
    "warned": "warned",
    "restricted": "restricted",
    "banned": "banned",
    "warn": "warned",
    "restrict": "restricted",
    "ban": "banned",
}
"""The form that is counted and written, by the form that is read."""


class Verdict(BaseEvent, frozen=True, kw_only=True, tag="verdict"):
    """`actor_id` is the moderator. Of the two forms of an `action` the event has `warned`, whichever was read."""

    incident_id: Id
    verdict: Literal["upheld", "dismissed"]
    action: Action

    def __post_init__(self) -> None:
        force_setattr(self, "action", ACTIONS[self.action])


Event = (
    Message
    | Invitation
    | InvitationResponse
    | ContactRequest
    | ContactResponse
    | ForumPost
    | Comment
    | ProfileUpdate
    | MediaUpload
    | Report
    | Verdict
)

EVENT_CLASSES: tuple[type[BaseEvent], ...] = (
    Message,
    Invitation,
    InvitationResponse,
    ContactRequest,
    ContactResponse,
    ForumPost,
    Comment,
    ProfileUpdate,
    MediaUpload,
    Report,
    Verdict,
)


def recipients_of(event: BaseEvent) -> tuple[str, ...]:
    """To whom it is sent; empty for what is published, answered or told."""
    if isinstance(event, Message | Invitation):
        return event.recipient_ids
    return (event.recipient_id,) if isinstance(event, ContactRequest) else ()


def told_known(event: BaseEvent) -> tuple[str, ...] | None:
    """Recipients whom the platform says the actor knows; None where it says nothing."""
    return event.known_recipient_ids if isinstance(event, Message | Invitation) else None


def asker_of(event: BaseEvent) -> str:
    """Who asks something: the actor, or the one whom the actor answers."""
    match event:
        case InvitationResponse(inviter_id=asker) | ContactResponse(requester_id=asker):
            return asker
    return event.actor_id


def thread_of(event: BaseEvent) -> tuple[str, ...]:
    """The thread of a forum post, told apart from those of other forums; empty for what stands in none."""
    return (f"{event.forum_id}\n{event.thread_id}",) if isinstance(event, ForumPost) else ()


class WrittenFields(NamedTuple):
    """What a member wrote in one event, as the platform stores it: plain text or HTML. None where there is nothing.

    `heading` is the subject, the title or the name over it; `beside` an organisation beside a name; `text` the text itself, a
    caption, a biography. `text.reading` makes of it what a reader sees; nothing else may look at it.
    """

    heading: str | None = None
    beside: str | None = None
    text: str | None = None


_WRITTEN: dict[type[BaseEvent], WrittenFields] = {
    Message: WrittenFields(heading="subject", text="text"),
    Invitation: WrittenFields(text="text"),
    ContactRequest: WrittenFields(text="text"),
    ForumPost: WrittenFields(heading="thread_title", text="text"),
    Comment: WrittenFields(text="text"),
    ProfileUpdate: WrittenFields(heading="display_name", beside="organisation", text="bio"),
    MediaUpload: WrittenFields(text="caption"),
    Report: WrittenFields(text="text"),
}
"""The names of each type's written fields."""
_NO_WORDS = {
    kind: {name: "" if name in ("text", "display_name") else None for name in names if name}
    for kind, names in _WRITTEN.items()
}
_SomeEvent = TypeVar("_SomeEvent", bound=BaseEvent)


def written_fields(event: BaseEvent) -> WrittenFields:
    """What the member wrote in the event, field by field."""
    names = _WRITTEN.get(type(event))
    if not names:
        return WrittenFields()
    return WrittenFields(*(getattr(event, name) or None if name else None for name in names))


def without_words(event: _SomeEvent) -> _SomeEvent:
    """The same event with nothing in its written fields."""
    words = _NO_WORDS.get(type(event))
    if not words:
        return event
    wordless = replace(event, **words)
    wordless.__dict__["identity"] = event.identity  # which its words are a part of
    return wordless


VERDICTS = "incidents.verdicts"
TOPICS: dict[str, tuple[type[BaseEvent], ...]] = {
    "activity.messages": (Message,),
    "activity.invitations": (Invitation, InvitationResponse),
    "activity.contact-requests": (ContactRequest, ContactResponse),
    "activity.forum-posts": (ForumPost,),
    "activity.comments": (Comment,),
    "activity.profiles": (ProfileUpdate,),
    "activity.media": (MediaUpload,),
    "activity.reports": (Report,),
    VERDICTS: (Verdict,),
}
"""Which types the platform writes to which topic. A type is accepted on any of these topics: it says itself what it is. But a
verdict weighs more than any activity, so that it counts on its own topic alone, which only moderators' tools may write to.
"""
