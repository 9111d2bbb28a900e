"""How every client of ours reaches Kafka, and what its errors mean in one line."""

import ssl
from typing import Any

from aiokafka.errors import KafkaConnectionError
from aiokafka.helpers import create_ssl_context

from agents.settings import Settings


class KafkaUnavailable(Exception):  # noqa: N818 - a state of the world, not a mistake of the caller
    """Kafka could not be reached or refused us. The text is one line that says where and why."""


def bootstrap_servers(settings: Settings) -> list[str]:
    """The brokers to ask first, host:port each."""
    return [server.strip() for server in settings.kafka_bootstrap_servers.split(",")]


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The authorities we trust, or None where the connection is not encrypted."""
    if not settings.uses_tls:
        return None
    context: ssl.SSLContext = create_ssl_context(
        cafile=str(settings.kafka_ssl_ca_file) if settings.kafka_ssl_ca_file else None
    )
    return context


def client_options(settings: Settings) -> dict[str, Any]:
    """The keyword arguments that aiokafka's producer, consumer and admin client have in common."""
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": "twinwatch",
        "security_protocol": settings.kafka_security_protocol,
        "ssl_context": tls_context(settings),
    }
    if settings.uses_sasl and settings.kafka_sasl_password:
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": settings.kafka_sasl_password.get_secret_value(),
        }
    return options


def describe_unreachable(settings: Settings, error: BaseException) -> str:
    """One line: where Kafka should have been and what happened instead."""
    cause = (
        "no broker answers" if isinstance(error, KafkaConnectionError | OSError | TimeoutError) else _first_line(error)
    )
    return (
        f"Kafka at {settings.kafka_bootstrap_servers} cannot be used: {cause} (see TWINWATCH_KAFKA_BOOTSTRAP_SERVERS)"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
