"""What a worker logs, and how: its own words, of its libraries only what is worth waking somebody for, and nobody's data.

The text of an exception may quote what a member wrote, wherever it was raised. So it is never logged: an exception is told
by its type and the place where it was raised. Those of the system and of Kafka tell of hosts, files and topics, and may
speak.
"""

import asyncio
import json
import logging
import logging.config
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from aiokafka.errors import KafkaError

from agents.settings import Settings

_OURS = ("agents", "engine", "rules", "state", "text", "models", "twinwatch")
_SPEAKING = (OSError, KafkaError)
_HEADING = "Traceback (most recent call last), without what was said:"

logger = logging.getLogger(__name__)


def culprit(error: BaseException) -> str:
    """An exception by its type and the place that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__}{_place(frames[-1]) if frames else ''}"


def _place(frame: traceback.FrameSummary) -> str:
    return f" at {'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}"


def _discreet(value: object) -> object:
    return culprit(value) if isinstance(value, BaseException) and not isinstance(value, _SPEAKING) else value


class Discretion(logging.Filter):
    """Replaces exceptions among the arguments of a message by `culprit`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; the record is changed."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_discreet, record.args))
        elif record.args:
            record.args = {name: _discreet(value) for name, value in record.args.items()}
        return True


class PlainFormatter(logging.Formatter):
    """Lines for people. A traceback has its places and its types, and no texts."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """The traceback, the first cause first."""
        lines = [_HEADING]
        for error in reversed(list(_chain(ei[1]))):
            lines += traceback.format_tb(error.__traceback__)
            lines.append(culprit(error))
        return "\n".join(line.rstrip() for line in lines)


class JsonFormatter(PlainFormatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, what the message names (`rule`, `records`), and
    `exception` where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        named = record.args if isinstance(record.args, Mapping) else {}
        line = dict(named) | {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def set_up_logging(settings: Settings) -> None:
    """Log to standard error by the settings. Libraries are heard at level debug only, and never their own debugging.

    They would log whole records there, with what members wrote.
    """
    level = settings.log_level.upper()
    libraries = "INFO" if level == "DEBUG" else "CRITICAL"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"discretion": {"()": Discretion}},
            "formatters": {
                "plain": {"()": PlainFormatter, "format": "%(asctime)s %(levelname)-7s %(message)s"},
                "json": {"()": JsonFormatter},
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": settings.log_format,
                    "filters": ["discretion"],
                }
            },
            "root": {"level": libraries, "handlers": ["stderr"]},
            # asyncio quotes exceptions within its messages
            "loggers": {name: {"level": level} for name in _OURS} | {"asyncio": {"level": "CRITICAL"}},
        }
    )


def tell_failed_start(why: str) -> None:
    """Write the last line in the log of a worker that cannot start, in the worker's name."""
    logging.getLogger("agents.worker").critical("this worker cannot start: %s", why)


@contextmanager
def threads_speak_discreetly() -> Iterator[None]:
    """Meanwhile Python, too, tells of what nobody caught in our way."""
    hooks = threading.excepthook, sys.unraisablehook
    threading.excepthook = lambda told: _tell("a thread has failed", told.exc_value)
    sys.unraisablehook = lambda told: _tell("cleaning up has failed", told.exc_value)
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = hooks


def _tell(what: str, error: BaseException | None) -> None:
    if error is not None:
        logger.error("%s: %s", what, culprit(error), exc_info=error)


def log_what_tasks_raise(loop: asyncio.AbstractEventLoop) -> None:
    """Log exceptions of tasks that nobody waits for, in our way."""

    def tell(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        _tell("a task has failed", context.get("exception"))

    loop.set_exception_handler(tell)
