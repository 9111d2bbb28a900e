"""Servers for the demonstration, the replay and the tests: they keep everything in memory and end with their user.

They need the extra `embedded`. A production worker never imports this package.
"""

from twinwatch.embedded.errors import EmbeddedServerError
from twinwatch.embedded.kafka import EmbeddedKafka, embedded_kafka
from twinwatch.embedded.redis import EmbeddedRedis, embedded_redis, redis_binaries

__all__ = [
    "EmbeddedKafka",
    "EmbeddedRedis",
    "EmbeddedServerError",
    "embedded_kafka",
    "embedded_redis",
    "redis_binaries",
]
