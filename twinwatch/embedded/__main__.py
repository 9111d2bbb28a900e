"""Kafka and Redis on this machine, for whoever tries a worker or a command: `make servers`.

    python -m twinwatch.embedded ENV_FILE

Both run until Ctrl-C or SIGTERM, and keep everything in memory. ENV_FILE is written with the settings that reach them, for
`--env-file`, and deleted at the end.
"""

import os
import secrets
import signal
import sys
from pathlib import Path

from agents.topics import FOR_OPERATORS, TOPICS
from twinwatch.embedded import EmbeddedServerError, embedded_kafka, embedded_redis
from twinwatch.failures import to_be_typed

_OWNER_ALONE = 0o600


def main() -> int:
    """Run the servers until somebody ends them; the status is 1 where they cannot be started."""
    if len(sys.argv) != 2:
        print("usage: python -m twinwatch.embedded ENV_FILE", file=sys.stderr)
        return 2
    env_file = Path(sys.argv[1])
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # the threads of Kafka, too, leave them to us
    try:
        with embedded_redis() as redis, embedded_kafka([topic.name for topic in (*TOPICS, *FOR_OPERATORS)]) as kafka:
            settings = {
                "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
                "REDIS_URL": redis.url,
                "PSEUDONYM_KEY": secrets.token_hex(32),
            }
            _write(env_file, settings)
            print(
                f"Kafka at {kafka.bootstrap_servers} (every topic is there; for one worker at a time), Redis at {redis.url}.\n"
                f"Their settings are in {env_file}:\n\n"
                f"    {to_be_typed()} worker --env-file {env_file}\n\n"
                "Ctrl-C ends both, and what they hold is gone.",
                flush=True,
            )
            signal.sigwait(ends)
            return 0
    except EmbeddedServerError as error:
        print(f"the servers cannot be started: {error}", file=sys.stderr)
        return 1
    finally:
        env_file.unlink(missing_ok=True)


def _write(path: Path, settings: dict[str, str]) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE), "w", encoding="utf-8") as file:
        file.writelines(f"TWINWATCH_{name}={value}\n" for name, value in settings.items())


if __name__ == "__main__":
    sys.exit(main())
