"""One full event of each type as the platform would write it, and a strategy of them all."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""The wall clock of the tests."""

_BASE: dict[str, Any] = {
    "event_id": "evt-1",
    "occurred_at": "2026-02-27T08:15:30.250+02:00",
    "actor_id": "teacher-17",
    "actor_roles": ["teacher", "ambassador"],
    "actor_registered_at": "2019-09-02T07:00:00Z",
    "language": "el",
}

_FIELDS: dict[str, dict[str, Any]] = {
    "message": {
        "recipient_ids": ["teacher-2", "teacher-3"],
        "text": "Καλημέρα, ψάχνουμε συνεργάτες 🐝",
        "subject": "Μέλισσες",
        "conversation_id": "c-9",
        "known_recipient_ids": [],
    },
    "invitation": {
        "kind": "project",
        "target_id": "project-4",
        "recipient_ids": ["teacher-5"],
        "text": "Join us",
        "known_recipient_ids": ["teacher-5"],
    },
    "invitation_response": {"inviter_id": "teacher-5", "target_id": "project-4", "accepted": True},
    "contact_request": {"recipient_id": "teacher-6", "text": "We met in Tbilisi"},
    "contact_response": {"requester_id": "teacher-6", "accepted": False},
    "forum_post": {
        "forum_id": "partners",
        "thread_id": "t-1",
        "text": "Dobrý deň",
        "thread_title": "Hľadáme partnerov",
        "opens_thread": True,
        "replaces": "evt-0",
    },
    "comment": {"owner_id": "teacher-8", "text": "What a lovely garden!", "post_id": "p-3", "replaces": "evt-0"},
    "profile_update": {
        "display_name": "Ana Kovač",
        "organisation": "Osnovna šola",
        "bio": "Chemistry",
        "verified": True,
    },
    "media_upload": {
        "media_id": "m-1",
        "media_kind": "image",
        "visibility": "public",
        "surface": "twinspace",
        "caption": "Our garden",
        "sha256": "0123456789abcdef" * 4,
        "perceptual_hash": "00ff00ff00ff00ff",
        "shows_pupils": False,
        "consent": True,
        "rights": "own",
        "source_url": "https://school.example/garden.jpg",
    },
    "report": {
        "reported_id": "teacher-9",
        "reported_event_id": "evt-0",
        "article": 7,
        "text": "He goes on writing to me",
    },
    "verdict": {"incident_id": "i-1", "verdict": "upheld", "action": "warned"},
}
EVENTS = {name: {"type": name} | _BASE | fields for name, fields in _FIELDS.items()}
