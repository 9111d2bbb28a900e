"""How every client of ours reaches Redis, and what its errors mean in one line."""

import ssl
from typing import Any, cast

from redis.asyncio import Redis, RedisCluster, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    AuthenticationError,
    MovedError,
    NoPermissionError,
    RedisClusterException,
)
from redis.maint_notifications import MaintNotificationsConfig

from agents.settings import Settings
from agents.tls import explain_tls, protocol_advice, was_closed
from state.agreement import WrongStore
from state.errors import StateUnavailable
from state.server import ServerMemory


class _TlsConnection(SSLConnection):
    """A connection that trusts nobody but whom we name: redis-py's own trusts the system's authorities besides."""

    def __init__(self, *, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = context


def open_redis(settings: Settings) -> Redis:
    """A client by the settings, which connects when it is used first. The caller closes it."""
    options: dict[str, Any] = {
        "username": settings.redis_username,
        "password": settings.redis_password.get_secret_value() if settings.redis_password else None,
        "socket_timeout": settings.redis_timeout_seconds,
        "socket_connect_timeout": settings.redis_timeout_seconds,
        # the worker tries whole batches again, and reports meanwhile what it waits for
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        # what a user of least privilege need not do: tell the server about its library, ask it to announce its maintenance
        "driver_info": None,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if settings.redis_cluster:
        return cast("Redis", _open_cluster(settings, options))  # whatever we ask of a client it answers, too
    client = Redis.from_url(settings.redis_url, **options)
    if context := settings.redis_tls_context():
        client.connection_pool.connection_class = _TlsConnection
        client.connection_pool.connection_kwargs["context"] = context
    return client


def _open_cluster(settings: Settings, options: dict[str, Any]) -> RedisCluster:
    # once more after a node has refused: by then the cluster has told where the slots are now
    client = RedisCluster.from_url(settings.redis_url, **options | {"retry": Retry(NoBackoff(), 1)})
    if context := settings.redis_tls_context():
        tls = {"connection_class": _TlsConnection, "context": context}
        client.connection_kwargs.update(tls)
        for node in client.nodes_manager.startup_nodes.values():
            node.connection_class = _TlsConnection
            node.connection_kwargs["context"] = context
    return client


def describe_store_trouble(error: StateUnavailable) -> str:
    """One line: what happened, and which setting to look at."""
    if isinstance(error, WrongStore):
        return _describe_disagreement(error)
    cause = error.__cause__
    said = str(error).strip().splitlines()[0]
    if isinstance(cause, AuthenticationError):
        return f"{said} (see TWINWATCH_REDIS_USERNAME and TWINWATCH_REDIS_PASSWORD, or TWINWATCH_REDIS_URL)"
    if isinstance(cause, MovedError | AskError):
        return "Redis is a node of a Redis Cluster: set TWINWATCH_REDIS_CLUSTER=true"
    if isinstance(cause, RedisClusterException):
        return f"{said} (see TWINWATCH_REDIS_CLUSTER; users of a cluster need +cluster|slots and +command)"
    if isinstance(cause, NoPermissionError):
        return f"{said} (see deploy/redis/users.acl)"
    if told := explain_tls(error, "REDIS"):
        return f"Redis: {told}"
    if was_closed(error):
        return f"{said} ({protocol_advice('REDIS')})"
    return f"{said} (see TWINWATCH_REDIS_URL)"


def _describe_disagreement(error: WrongStore) -> str:
    if error.what == "number of shards":
        wrong, right = "TWINWATCH_REDIS_SHARDS", f"it is {error.shards} there"
    else:
        wrong, right = "TWINWATCH_PSEUDONYM_KEY", "all of one Redis need the same"
    return (
        f"Redis belongs to workers with another {wrong}, and members would be counted apart: {right}; where it was changed on"
        f" purpose, stop all workers and run: redis-cli unlink '{error.key}' (see docs/security.md)"
    )


def describe_eviction(memory: ServerMemory) -> str:
    """One line: why a server that evicts is no good, and what to set."""
    return ": ".join(eviction_trouble(memory))


def eviction_trouble(memory: ServerMemory) -> tuple[str, str]:
    """Why a server that evicts is no good, and what to set."""
    found = memory.policy or "not told"
    return (
        f"Redis throws away what is remembered when it is full (maxmemory-policy {found})",
        "set maxmemory-policy noeviction there; to take it as it is, TWINWATCH_REDIS_ALLOW_EVICTION=true",
    )
