"""The contract as an AsyncAPI 3.0 document, made from the models, their schemas and the topics."""

from typing import Any

from agents.topics import DEAD_LETTERS, DEFAULT_PARTITIONS, OUTPUTS, REJECTED_VERDICTS, TOPICS
from models.events import TOPICS as EVENT_TYPES
from models.incidents import SCHEMA_VERSION
from twinwatch.contract import contract_schemas

_BINDING = "0.5.0"
"""Version of AsyncAPI's bindings for Kafka."""

_KEYS = {
    "incident": "subject_id",
    "dead-letter": "the original record's",
    "rejected-verdict": "the rejected record's",
    "verdict": "any; the incident_id keeps the order of verdicts about one incident",
}
_EVENT_KEY = "actor_id should be it, so that each actor's order is kept; nothing depends on it"

_ABOUT = (
    "twinwatch reads what members of a teachers' network do and tells which behaviour breaks the code of conduct. "
    "It proposes; people decide."
)


def asyncapi() -> dict[str, Any]:
    """The document, in JSON's types. Operations are told from twinwatch's side: it receives activity and sends incidents."""
    forms = contract_schemas()
    components: dict[str, Any] = {}
    messages = {name: _message(name, form, components) for name, form in forms.items() if not name.endswith("-headers")}
    messages["incident"]["headers"] = _inlined(forms["incident-headers"], components)
    messages["dead-letter"] = {
        "name": "dead-letter",
        "title": "Dead letter",
        "summary": "The original bytes of a record that cannot be used, and why.",
        "contentType": "application/octet-stream",
        "headers": _inlined(forms["dead-letter-headers"], components),
        "bindings": _key("dead-letter"),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "twinwatch", "version": f"{SCHEMA_VERSION}.0.0", "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "TWINWATCH_KAFKA_BOOTSTRAP_SERVERS",
                "variables": {"bootstrap": {"default": "localhost:9092"}},
            }
        },
        "channels": {channel_of(topic.name): _channel(topic.name) for topic in TOPICS},
        "operations": {_operation(topic.name): _does(topic.name) for topic in TOPICS},
        "components": {"messages": messages, "schemas": components},
    }


def channel_of(topic: str) -> str:
    """The name of a topic within the document, where names have no dots; its address is the topic's own name."""
    return topic.replace(".", "_")


def messages_of(topic: str) -> list[str]:
    """What stands on a topic, by the names of the messages."""
    if topic in EVENT_TYPES:
        return [str(cls.__struct_config__.tag) for cls in EVENT_TYPES[topic]]
    return {DEAD_LETTERS: ["dead-letter"], REJECTED_VERDICTS: ["rejected-verdict"]}.get(topic, ["incident"])


def _channel(name: str) -> dict[str, Any]:
    (topic,) = (topic for topic in TOPICS if topic.name == name)
    return {
        "address": name,
        "title": name,
        "description": f"Kept for {topic.retention_days} days: {topic.why}. TWINWATCH_TOPIC_PREFIX stands before the name.",
        "messages": {one: {"$ref": f"#/components/messages/{one}"} for one in messages_of(name)},
        "bindings": {
            "kafka": {
                "topic": name,
                "partitions": topic.partitions or DEFAULT_PARTITIONS,
                "topicConfiguration": {
                    "cleanup.policy": [topic.configuration["cleanup.policy"]],
                    "retention.ms": int(topic.configuration["retention.ms"]),
                    "max.message.bytes": int(topic.configuration["max.message.bytes"]),
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(topic: str) -> str:
    verb = "tell" if topic in OUTPUTS else "read"
    return verb + "".join(part.capitalize() for part in topic.replace("-", ".").split("."))


def _does(topic: str) -> dict[str, Any]:
    return {
        "action": "receive" if topic in EVENT_TYPES else "send",
        "channel": {"$ref": f"#/channels/{channel_of(topic)}"},
        "messages": [{"$ref": f"#/channels/{channel_of(topic)}/messages/{one}"} for one in messages_of(topic)],
    }


def _message(name: str, form: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "title": form["title"],
        "contentType": "application/json",
        "payload": _inlined(form, components),
        "examples": [{"payload": example} for example in form["examples"]],
        "bindings": _key(name),
    }


def _key(name: str) -> dict[str, Any]:
    key = {"type": "string", "description": _KEYS.get(name, _EVENT_KEY)}
    return {"kafka": {"key": key, "bindingVersion": _BINDING}}


def _inlined(form: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The schema as AsyncAPI wants it: what it shares with others stands among the components."""
    for name, part in form.get("$defs", {}).items():
        components[name] = _moved(part)
    moved: dict[str, Any] = _moved(
        {key: value for key, value in form.items() if key not in ("$schema", "$id", "$defs")}
    )
    return moved


def _moved(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(value)
            for key, value in part.items()
        }
    return [_moved(item) for item in part] if isinstance(part, list) else part
