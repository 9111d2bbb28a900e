"""How every client of ours reaches Kafka, and what its errors mean in one line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from agents.settings import Settings
from agents.tls import explain_tls, protocol_advice, was_closed

READ_COMMITTED = "read_committed"
"""What was written in a transaction is read once that is committed, or else never."""
_PROBE_SECONDS = 5.0
_NOT_LET_IN = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    IllegalSaslStateError,
)
NOT_ALLOWED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError)
"""What Kafka answers where a user lacks a permission."""


class KafkaUnavailable(Exception):  # noqa: N818 - a state of the world, not a mistake of the caller
    """Kafka could not be reached or refused us. The text is one line that says where and why."""


def bootstrap_servers(settings: Settings) -> list[str]:
    """The brokers to ask first, host:port each."""
    return [server.strip() for server in settings.kafka_bootstrap_servers.split(",")]


def client_options(settings: Settings) -> dict[str, Any]:
    """The keyword arguments that aiokafka's producer, consumer and admin client have in common."""
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": "twinwatch",
        "security_protocol": settings.kafka_security_protocol,
        "ssl_context": settings.kafka_tls_context(),
    }
    if settings.uses_sasl and settings.kafka_sasl_password:
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": settings.kafka_sasl_password.get_secret_value(),
        }
    return options


def reader_options(settings: Settings) -> dict[str, Any]:
    """`client_options`, and what all our consumers have in common besides."""
    return client_options(settings) | {"isolation_level": READ_COMMITTED, "enable_auto_commit": False}


async def explain_trouble(settings: Settings, error: BaseException) -> str:
    """One line: where Kafka should have been, what happened instead, and which setting to look at.

    aiokafka keeps to itself why it could not connect, so that the brokers are asked once more, one after the other.
    """
    if isinstance(error, KafkaConnectionError | NodeNotReadyError | OSError | TimeoutError):
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await _probe(settings)
        except Exception as probed:
            error = probed
    return describe_trouble(settings, error)


def describe_trouble(settings: Settings, error: BaseException) -> str:
    """`explain_trouble` from what `error` itself tells."""
    return f"Kafka at {settings.kafka_bootstrap_servers} cannot be used: {cause(settings, error)}"


def cause(settings: Settings, error: BaseException) -> str:
    """Why Kafka could not be used, and which setting to look at."""
    if isinstance(error, _NOT_LET_IN):
        return (
            f"user {settings.kafka_sasl_username} is not let in by {settings.kafka_sasl_mechanism}: {_first_line(error)}"
            " (see TWINWATCH_KAFKA_SASL_USERNAME, TWINWATCH_KAFKA_SASL_PASSWORD and TWINWATCH_KAFKA_SASL_MECHANISM)"
        )
    if isinstance(error, NOT_ALLOWED):
        return f"{_whom(settings)} lacks a permission: {type(error).__name__} (see deploy/kafka/acls.sh)"
    if told := explain_tls(error, "KAFKA"):
        return told
    if was_closed(error):
        return f"the broker hangs up ({protocol_advice('KAFKA')})"
    if isinstance(error, KafkaConnectionError | OSError | TimeoutError):
        return "no broker answers (see TWINWATCH_KAFKA_BOOTSTRAP_SERVERS)"
    return f"{_first_line(error)} (see TWINWATCH_KAFKA_BOOTSTRAP_SERVERS)"


def _whom(settings: Settings) -> str:
    return f"user {settings.kafka_sasl_username}" if settings.uses_sasl else "our user"


@asynccontextmanager
async def connected(settings: Settings, host: str, port: int) -> AsyncIterator[Any]:
    """A connection to this very broker, as clients have it: `send` takes a request of Kafka's protocol."""
    options = client_options(settings)
    del options["bootstrap_servers"]
    connection = await create_conn(host, port, **options)
    try:
        yield connection
    finally:
        connection.close()


async def _probe(settings: Settings) -> None:
    """Connect to each broker as clients do. Raises what keeps one from answering, of several the most telling."""
    todo = [(host, port) for host, port, _ in collect_hosts(bootstrap_servers(settings))]
    troubles: list[Exception] = []
    for host, port in todo:
        try:
            async with connected(settings, host, port) as connection:
                metadata = await connection.send(MetadataRequest([]))
        except (KafkaError, OSError, TimeoutError, ValueError) as error:
            troubles.append(error)
            continue
        # a client goes on from there with the addresses that brokers announce
        todo += [(b[1], b[2]) for b in metadata.brokers if (b[1], b[2]) not in todo]
    if troubles:
        raise max(troubles, key=lambda error: not isinstance(error, ConnectionRefusedError))


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
