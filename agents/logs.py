"""What a worker logs, and how: its own words, and of its libraries only what is worth waking somebody for."""

import json
import logging
import logging.config
from datetime import UTC, datetime

from agents.settings import Settings

_LIBRARIES = ("aiokafka", "faust", "mode", "kafka", "asyncio")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


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
            "formatters": {
                "plain": {"format": "%(asctime)s %(levelname)-7s %(message)s"},
                "json": {"()": JsonFormatter},
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": settings.log_format}},
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {name: {"level": libraries} for name in _LIBRARIES},
        }
    )
