"""A broker of our own that speaks Kafka's protocol: the mock cluster in librdkafka, which the confluent-kafka wheel carries.

It runs on threads of its own within this process, keeps everything in memory (at most some 5 MB a partition, then the oldest
records go), and is meant for trying and testing. What it cannot do: create topics on request; answer a fetch with more
than one bundle of a partition, as it was sent; take a consumer into a group while another is still joining. A consumer that
comes after another has left its group waits for nearly its session timeout. Several workers want a genuine Kafka.
"""

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from twinwatch.embedded.errors import EmbeddedServerError

DEFAULT_PARTITIONS = 4
_PRODUCER = 0
_OK = 0
_ERROR_TEXT_BYTES = 512
_NO_LOGS = b"0"
_REBALANCE_DELAY_MS = 100
"""How long the first consumer of a group waits for others. Kafka's usual three seconds are of no use to one worker."""


class EmbeddedKafka(Struct, frozen=True):
    """A broker that runs. `bootstrap_servers` is what Kafka clients take, host:port."""

    bootstrap_servers: str


@contextmanager
def embedded_kafka(
    topics: Iterable[str], *, partitions: int | Mapping[str, int] = DEFAULT_PARTITIONS
) -> Iterator[EmbeddedKafka]:
    """A single broker with these topics; it ends with the context or with this process, and forgets everything.

    `partitions` is their number, for all topics or by name. Raises `EmbeddedServerError` where the wheel is missing or the
    broker cannot be started.
    """
    library = _librdkafka()
    handle = _handle(library)
    try:
        cluster = library.rd_kafka_mock_cluster_new(handle, 1)
        if not cluster:
            raise EmbeddedServerError("librdkafka could not start its mock broker: no port on 127.0.0.1 is free")
        try:
            library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, _REBALANCE_DELAY_MS)
            for topic in topics:
                count = partitions if isinstance(partitions, int) else partitions.get(topic, DEFAULT_PARTITIONS)
                error = library.rd_kafka_mock_topic_create(cluster, topic.encode(), count, 1)
                if error != _OK:
                    reason = library.rd_kafka_err2str(error).decode()
                    raise EmbeddedServerError(f"the mock broker refused topic {topic!r}: {reason}")
            yield EmbeddedKafka(library.rd_kafka_mock_cluster_bootstraps(cluster).decode())
        finally:
            library.rd_kafka_mock_cluster_destroy(cluster)
    finally:
        library.rd_kafka_destroy(handle)


def _librdkafka() -> ctypes.CDLL:
    """The library with the signatures of what is used here, from librdkafka's rdkafka.h and rdkafka_mock.h."""
    try:
        from confluent_kafka import cimpl
    except ImportError as error:
        raise EmbeddedServerError(
            "there is no wheel `confluent-kafka` to take a broker from (pip install 'twinwatch[embedded]')"
        ) from error
    # a symbol is looked up in what the extension was linked with, too: the wheel's librdkafka, wherever it lies
    library = ctypes.CDLL(cimpl.__file__)
    pointer, text, size, whole = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int
    signatures = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_conf_set": (whole, [pointer, text, text, text, size]),
        "rd_kafka_conf_destroy": (None, [pointer]),
        "rd_kafka_new": (pointer, [whole, pointer, text, size]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_err2str": (text, [whole]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, whole]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_topic_create": (whole, [pointer, text, whole, whole]),
    }
    for name, (result, arguments) in signatures.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise EmbeddedServerError(
                f"the installed confluent-kafka has no mock broker ({name} is missing)"
            ) from error
        function.restype, function.argtypes = result, arguments
    return library


def _handle(library: ctypes.CDLL) -> int:
    """A client that nobody uses: the mock cluster lives in one."""
    said = ctypes.create_string_buffer(_ERROR_TEXT_BYTES)
    configuration = library.rd_kafka_conf_new()
    if library.rd_kafka_conf_set(configuration, b"log_level", _NO_LOGS, said, len(said)) != _OK:
        library.rd_kafka_conf_destroy(configuration)
        raise EmbeddedServerError(f"librdkafka refused its configuration: {said.value.decode()}")
    handle: int | None = library.rd_kafka_new(_PRODUCER, configuration, said, len(said))
    if not handle:
        library.rd_kafka_conf_destroy(configuration)
        raise EmbeddedServerError(f"librdkafka could not start: {said.value.decode()}")
    return handle
