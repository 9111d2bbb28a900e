"""JSON Schema (2020-12) of what goes in and what comes out, made from the types that decode and encode it."""

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from models.events import EVENT_CLASSES
from models.examples import EXAMPLES
from models.incidents import SCHEMA_VERSION, Action, Incident, Mode, Severity
from models.records import Problem, Reason
from models.rejections import MAX_SHOWN, REASONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

EVENT_FIELDS = {
    "type": "what happened",
    "event_id": "unique per event; a redelivery carries the same id",
    "occurred_at": "when it happened; all windows are on this clock, never on the wall clock",
    "actor_id": "who did it; in a verdict, the moderator",
    "actor_roles": "for instance teacher, ambassador, nso, support; the policy exempts roles per rule",
    "actor_registered_at": "when the account was made",
    "language": "BCP 47; a hint",
    "recipient_ids": "everybody whom it was sent to; a record with more than 1,000 of them (a setting) is too large",
    "known_recipient_ids": "recipients whom the platform knows to be the sender's contacts or project partners; where it is "
    "absent, acquaintance is learnt from accepted requests, accepted project invitations and replies",
    "text": "what the member wrote; may be empty",
    "subject": "the message's subject",
    "conversation_id": "the conversation that the message belongs to",
    "kind": "what is invited to",
    "target_id": "the project or event",
    "inviter_id": "whose invitation is answered",
    "accepted": "whether the answer is yes",
    "recipient_id": "who is asked to become a contact",
    "requester_id": "whose request is answered",
    "forum_id": "the forum",
    "thread_id": "the thread",
    "thread_title": "the thread's title",
    "opens_thread": "whether this post is the thread's first",
    "replaces": "the event_id of the version that this edit replaces",
    "owner_id": "whose profile or post it is on",
    "post_id": "the post that is commented on; absent for a comment on a profile",
    "display_name": "the name that others see",
    "organisation": "the organisation that the member says to belong to",
    "bio": "what members say of themselves",
    "verified": "whether the platform has verified person and organisation",
    "media_id": "the file",
    "media_kind": "what kind of file it is",
    "visibility": "who can see it",
    "surface": "where it stands",
    "caption": "what the member wrote under it",
    "sha256": "hash of the file",
    "perceptual_hash": "64-bit perceptual hash of the picture",
    "shows_pupils": "whether pupils can be recognised, as declared or detected",
    "consent": "whether the parents' consent is declared",
    "rights": "which rights to the file are declared",
    "source_url": "where the file was taken from",
    "reported_id": "who is reported",
    "reported_event_id": "the event that is reported",
    "article": "the article of the code of conduct that the report names",
    "incident_id": "the incident that was judged",
    "verdict": "whether the moderator found a breach",
    "action": "what followed from it",
}
"""What each field of an event means, for whoever writes events."""

INCIDENT_FIELDS = {
    "incident_id": "UUIDv5; the same input gives the same id, on a redelivery and on a replay",
    "revision": "1 when it opens, one more each time it grows materially; upsert on (incident_id, revision)",
    "schema_version": "version of this form",
    "mode": "shadow findings are for trying out a rule; nothing may follow from them",
    "article": "the article of the code of conduct",
    "rule": "the rule's slug; a later version may have more",
    "subject_id": "whose behaviour it is about; also the record's key",
    "accomplice_ids": "the other accounts of a coordinated campaign",
    "accomplice_count": "their true number",
    "opened_at": "event time of the episode's first contributing event",
    "occurred_at": "event time of the event that triggered this revision",
    "detected_at": "wall clock; the only field that may differ between two runs over the same input",
    "severity": "how grave it is",
    "confidence": "how sure twinwatch is",
    "recommended_action": "a proposal to a person; twinwatch never decides",
    "summary": "one sentence with the numbers in it",
    "evidence": "what a moderator may look at",
    "prior_incidents": "upheld incidents of this subject within the policy's strike period",
    "statement": "parts of a statement of reasons under the EU's Digital Services Act",
    "policy_version": "hash of the policy in force",
    "source": "the record that triggered this revision; absent in a file replay",
}
"""What each field of an incident means, for whoever reads incidents."""

PART_FIELDS = {
    "Evidence": {
        "event_ids": "the episode's first ten and latest ten events",
        "measurements": "what was counted, against the limits of the policy",
        "excerpt": "what the member wrote, private data and children's names masked",
        "words": "what of the text led to a finding about its words",
        "copied_from": "the member whose words a campaign copies, where that member spread nothing",
        "similarity": "how alike the copies are, 1 where they are the same",
        "campaign_id": "the campaign that the text belongs to; all copies of one text have the same",
        "matches": "what it was found to match: for instance members, files or threads",
    },
    "Measurement": {
        "name": "what was counted",
        "value": "what it came to; from the limit on there is a finding",
        "limit": "what the policy allows",
        "window_seconds": "within how long; null where time does not matter",
    },
    "Statement": {
        "category": "of the DSA Transparency Database",
        "ground": "the article of the code of conduct, in words",
        "automated_detection": "a machine found it",
        "automated_decision": "a person decides",
    },
}
"""What each field of a part of an incident means, by the part."""

REJECTION_FIELDS = {
    "reason": "as of a dead letter, unknown_incident or own_incident",
    "detail": "what is wrong in one line",
    "problems": "what is wrong, field by field: field, found, expected; empty where no field is to blame",
    "event_id": "the verdict's, where it could be read",
    "incident_id": "the incident that it names, likewise",
    "source": "where the verdict was read",
    "rejected_at": "wall clock, in UTC",
    "record": f"the first {MAX_SHOWN:,} characters of what was written",
}
"""What each field of a rejected verdict means, for who wrote the verdict."""

_DEAD_LETTER_HEADERS = {
    "reason": {"enum": sorted(Reason), "description": "why the record could not be used"},
    "detail": {"type": "string", "minLength": 1, "description": "which field, what was found and what is expected"},
    "source_topic": {"type": "string", "description": "where the record was read; empty when it came from a file"},
    "source_partition": {"type": "string", "pattern": "^[0-9]*$", "description": "its partition"},
    "source_offset": {"type": "string", "pattern": "^[0-9]*$", "description": "its offset"},
    "failed_at": {"type": "string", "format": "date-time", "description": "wall clock, in UTC"},
}

_SOURCE = {
    "title": "Source",
    "description": "Where in Kafka a record was read.",
    "type": "object",
    "properties": {
        "topic": {"type": "string"},
        "partition": {"type": "integer", "minimum": 0},
        "offset": {"type": "integer", "minimum": 0},
    },
    "required": ["topic", "partition", "offset"],
}

_INCIDENT_HEADERS = {
    "severity": {"enum": list(get_args(Severity)), "description": "how grave it is"},
    "mode": {"enum": list(get_args(Mode)), "description": "the same as the topic says"},
    "schema_version": {"const": str(SCHEMA_VERSION), "description": "version of the value's form"},
    "traceparent": {
        "type": "string",
        "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        "description": "that of the record that triggered this revision; absent where it had none (W3C Trace Context)",
    },
}


def schemas(rules: Sequence[str], categories: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Every schema by name: the event types, `incident`, and the Kafka headers of incidents and dead letters, as objects of
    their UTF-8 texts. Each has an `$id` and an example.

    `rules` are the slugs that an incident's rule may have, `categories` what its statement may name.
    """
    rule = {"description": INCIDENT_FIELDS["rule"], "enum": list(rules)}
    found = {str(cls.__struct_config__.tag): _schema(cls, EVENT_FIELDS) for cls in EVENT_CLASSES} | {
        "incident": _incident(rule, categories),
        "incident-headers": _headers(
            "IncidentHeaders",
            "The Kafka headers of a record on incidents and incidents.shadow; its key is the subject_id.",
            {"rule": rule} | _INCIDENT_HEADERS,
            optional="traceparent",
        ),
        "rejected-verdict": _rejected_verdict(),
        "dead-letter-headers": _headers(
            "DeadLetterHeaders",
            "The Kafka headers of a record on activity.dead-letters; its key and value are the original's bytes.",
            _DEAD_LETTER_HEADERS,
        ),
    }
    return {
        name: {"$schema": DIALECT, "$id": f"urn:twinwatch:schema:{name}:{SCHEMA_VERSION}"}
        | form
        | {"examples": [EXAMPLES[name]]}
        for name, form in found.items()
    }


def _schema(cls: type[msgspec.Struct], meanings: dict[str, str]) -> dict[str, Any]:
    components = msgspec.json.schema(cls)["$defs"]
    root = components.pop(cls.__name__)
    properties = {name: _described(form, meanings[name]) for name, form in root["properties"].items()}
    schema = {**root, "properties": properties}
    return schema | ({"$defs": components} if components else {})


def _described(form: dict[str, Any], meaning: str) -> dict[str, Any]:
    """The field's form with its meaning. Absence is what most defaults stand for, and `required` says that already."""
    own = form.get("description")
    plain = {key: value for key, value in form.items() if key not in ("description", "default")}
    return {"description": f"{meaning}; {own}" if own else meaning} | plain


def _incident(rule: dict[str, Any], categories: Sequence[str]) -> dict[str, Any]:
    """What is written is more than what would be accepted: every field but `source` is always there, and none is null."""
    schema = _schema(Incident, INCIDENT_FIELDS)
    fields, parts = schema["properties"], schema["$defs"]
    for moment in ("opened_at", "occurred_at", "detected_at"):
        fields[moment]["format"] = "date-time"
    fields["incident_id"]["format"] = "uuid"
    fields["schema_version"] = {"description": INCIDENT_FIELDS["schema_version"], "const": SCHEMA_VERSION}
    fields["rule"] = rule
    # the mildest first
    fields["severity"]["enum"], fields["recommended_action"]["enum"] = list(get_args(Severity)), list(get_args(Action))
    fields["source"] = {"description": INCIDENT_FIELDS["source"], "$ref": "#/$defs/Source"}
    schema["required"] = [name for name in fields if name != "source"]
    parts["Source"] = _SOURCE
    parts["Statement"]["properties"] |= {
        "category": {"enum": list(categories)},
        "automated_detection": {"const": True},
        "automated_decision": {"const": False},
    }
    for name, meanings in PART_FIELDS.items():
        part = parts[name]
        part["properties"] = {field: _described(form, meanings[field]) for field, form in part["properties"].items()}
        if name != "Evidence":
            part["required"] = list(part["properties"])
    # what there is nothing to say of is left out of the evidence
    evidence = parts["Evidence"]["properties"]
    parts["Evidence"]["properties"] = {field: _not_null(form) for field, form in evidence.items()}
    return schema


def _not_null(form: dict[str, Any]) -> dict[str, Any]:
    some = [one for one in form.get("anyOf", ()) if one.get("type") != "null"]
    return {"description": form["description"]} | some[0] if len(some) == 1 else form


def _rejected_verdict() -> dict[str, Any]:
    texts = {name: {"type": "string", "description": meaning} for name, meaning in REJECTION_FIELDS.items()}
    problem = {
        "title": "Problem",
        "type": "object",
        "properties": {name: {"type": "string"} for name in Problem.__struct_fields__},
        "required": list(Problem.__struct_fields__),
    }
    properties = texts | {
        "reason": {"enum": list(REASONS), "description": REJECTION_FIELDS["reason"]},
        "problems": {
            "type": "array",
            "items": {"$ref": "#/$defs/Problem"},
            "description": REJECTION_FIELDS["problems"],
        },
        "source": {"$ref": "#/$defs/Source", "description": REJECTION_FIELDS["source"]},
        "rejected_at": texts["rejected_at"] | {"format": "date-time"},
    }
    for name in ("event_id", "incident_id"):
        properties[name] = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": REJECTION_FIELDS[name]}
    return {
        "title": "RejectedVerdict",
        "type": "object",
        "properties": {name: properties[name] for name in REJECTION_FIELDS},
        "required": list(REJECTION_FIELDS),
        "$defs": {"Problem": problem, "Source": _SOURCE},
    }


def _headers(title: str, description: str, headers: dict[str, Any], optional: str = "") -> dict[str, Any]:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": headers,
        "required": [name for name in headers if name != optional],
    }
