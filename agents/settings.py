"""How one worker is set up: every setting, its unit, its default and its bounds.

A setting `some_name` is read from the environment variable `TWINWATCH_SOME_NAME`, from an env file (`.env` in the
working directory unless another is named), or from a file `twinwatch_some_name` in a secrets directory, in this order
of precedence.
"""

import difflib
import os
import ssl
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from agents.tls import UnusableFile, tls_context
from models.decoding import InputLimits

ENV_PREFIX = "TWINWATCH_"
ENV_FILE_VARIABLE = "TWINWATCH_ENV_FILE"
SECRETS_DIRECTORY_VARIABLE = "TWINWATCH_SECRETS_DIR"
SAMPLE_PSEUDONYM_KEY = "sample-key-do-not-use-in-production"
"""Stands in where no key is set. Whoever knows it can guess members from Redis, so that no worker starts with it."""
_LEAST_DISTINCT_CHARACTERS = 8
_LONGEST_PERIOD = 15
_PLACEHOLDERS = ("sample", "example", "changeme", "placeholder", "password", "yourkey")

_MEANING_OF_ENV_FILE = "file with further settings, one NAME=value a line"
_MEANING_OF_SECRETS_DIRECTORY = "directory with one file per secret, e.g. twinwatch_pseudonym_key (Docker, Kubernetes)"
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_FILES_OF_TLS = tuple(f"{server}_ssl_{name}_file" for server in ("kafka", "redis") for name in ("ca", "cert", "key"))


class InvalidSettings(ValueError):  # noqa: N818 - reads as what it is where it is caught
    """Settings that no worker can run with. Its text is one line: the variable, what was found, what is expected.

    `json_log` tells whether the same settings ask for a log of JSON lines.
    """

    json_log = False


class Settings(BaseSettings):
    """Everything that may differ between two installations. Raises `pydantic.ValidationError`; see `load_settings`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    kafka_bootstrap_servers: str = Field(
        "localhost:9092", description="Kafka brokers to ask first, host:port, separated by commas"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how to speak to Kafka"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how to log in to Kafka, where the security protocol is SASL_…"
    )
    kafka_sasl_username: str | None = Field(None, description="Kafka user")
    kafka_sasl_password: SecretStr | None = Field(None, description="password of the Kafka user")
    kafka_ssl_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that may sign the brokers' certificates; unset: the system's"
    )
    kafka_ssl_cert_file: Path | None = Field(
        None, description="PEM file of our own certificate, where Kafka asks its clients for one"
    )
    kafka_ssl_key_file: Path | None = Field(None, description="PEM file of its private key")
    kafka_ssl_key_password: SecretStr | None = Field(None, description="password of that file, where it has one")
    kafka_ssl_check_hostname: bool = Field(
        True, description="whether the brokers' certificates must be made out to the hosts that we ask"
    )
    topic_prefix: str = Field(
        "",
        pattern=r"^[a-zA-Z0-9._-]{0,100}$",
        description="put before the name of every topic, so that several installations can share a Kafka cluster",
    )
    consumer_group: str = Field(
        "twinwatch",
        pattern=r"^[a-zA-Z0-9._-]{1,200}$",
        description="Kafka consumer group; workers of one group share the partitions between them",
    )
    redis_url: str = Field(
        "redis://localhost:6379/0",
        description="Redis or Valkey: redis://[user:password@]host:port/db, rediss:// over TLS",
    )
    redis_username: str | None = Field(None, description="Redis user, where the URL names none")
    redis_password: SecretStr | None = Field(None, description="password of the Redis user, where the URL has none")
    redis_ssl_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that may sign Redis' certificate; unset: the system's"
    )
    redis_ssl_cert_file: Path | None = Field(
        None, description="PEM file of our own certificate, where Redis asks its clients for one"
    )
    redis_ssl_key_file: Path | None = Field(None, description="PEM file of its private key")
    redis_ssl_key_password: SecretStr | None = Field(None, description="password of that file, where it has one")
    redis_ssl_check_hostname: bool = Field(
        True, description="whether Redis' certificate must be made out to the host that the URL names"
    )
    redis_shards: int = Field(
        1,
        ge=1,
        le=1024,
        description="hash tags over which keys are spread; 1 for a single server, never changed on a store in use",
    )
    redis_cluster: bool = Field(
        False,
        description="whether the URL names a node of a Redis Cluster, which tells the others; shards are spread over them",
    )
    redis_allow_eviction: bool = Field(
        False,
        description="whether to work with a Redis that evicts keys when it is full (maxmemory-policy other than noeviction), "
        "and forgets members' behaviour then without a word",
    )
    redis_timeout_seconds: float = Field(5.0, gt=0, le=60, description="longest wait for one answer of Redis")
    pseudonym_key: SecretStr = Field(
        SecretStr(SAMPLE_PSEUDONYM_KEY),
        min_length=16,
        description="secret under which members' ids are hashed in Redis; the same for all workers of one Redis, "
        "which do not start with the sample key",
    )
    policy_file: Path | None = Field(None, description="policy.yaml with rules and limits; unset: the shipped one")

    batch_max_records: int = Field(500, ge=1, le=10_000, description="most records judged at once")
    batch_max_seconds: float = Field(0.1, gt=0, le=10, description="longest wait for a batch to fill")
    read_on_after_seconds: float | None = Field(
        None,
        ge=10,
        le=7 * 86_400,
        description="after so long without partitions that Kafka does not give or other workers have not judged, read on "
        "without them, and put into shadow what they may spare a member; unset: wait for as long as it takes",
    )
    max_event_bytes: int = Field(262_144, ge=1_024, le=104_857_600, description="larger records are dead letters")
    max_recipients: int = Field(1_000, ge=1, le=100_000, description="events with more recipients are dead letters")
    max_clock_skew_seconds: int = Field(
        300, ge=0, le=86_400, description="events further ahead of the wall clock are dead letters"
    )

    metrics_host: str = Field("0.0.0.0", description="address on which /metrics, /live and /ready are served")  # noqa: S104
    metrics_port: int = Field(9108, ge=0, le=65_535, description="its port; 0 takes a free one")
    startup_timeout_seconds: float = Field(30.0, gt=0, le=600, description="longest wait for Kafka and Redis at start")
    stall_seconds: float = Field(
        25.0,
        ge=1,
        le=3_600,
        description="unhealthy, and ends, when records wait and none was judged for this long although Redis and Kafka answer",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["plain", "json"] = Field("plain", description="log lines for people or for a log store")
    tracing: bool = Field(
        False,
        description="send a trace of each batch by OTLP over HTTP, where to says OTEL_EXPORTER_OTLP_ENDPOINT; needs the extra "
        "`tracing`",
    )

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _check_bootstrap_servers(cls, value: str) -> str:
        for server in value.split(","):
            host, _, port = server.strip().rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
                raise ValueError(f"expected host:port, separated by commas, found {server.strip()!r}")
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: str) -> str:
        # the text of the error never quotes the URL: it may hold a password
        if urlsplit(value).scheme not in _REDIS_SCHEMES:
            raise ValueError("expected redis://host:port/db, rediss://host:port/db or unix://path")
        if "ssl_" in urlsplit(value).query:
            raise ValueError("expected no ssl_… in the URL: there are settings TWINWATCH_REDIS_SSL_… for it")
        return value

    @model_validator(mode="after")
    def _check_cluster(self) -> Self:
        url = urlsplit(self.redis_url)
        if self.redis_cluster and (url.scheme == "unix" or url.path.strip("/") not in ("", "0")):
            raise ValueError(
                f"{ENV_PREFIX}REDIS_CLUSTER: expected a URL redis://host:port or rediss://host:port of one of its nodes, "
                f"without a number of a database other than 0"
            )
        return self

    @field_validator("policy_file", *_FILES_OF_TLS)
    @classmethod
    def _check_readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"no such file: {value}")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if self.uses_sasl and not (self.kafka_sasl_username and self.kafka_sasl_password):
            raise ValueError(
                f"{ENV_PREFIX}KAFKA_SECURITY_PROTOCOL is {self.kafka_security_protocol}: set "
                f"{ENV_PREFIX}KAFKA_SASL_USERNAME and {ENV_PREFIX}KAFKA_SASL_PASSWORD too"
            )
        return self

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        """Whoever sets up TLS must have it: settings for it that would be ignored in silence are refused."""
        for server, encrypted, remedy in (
            ("kafka", self.uses_tls, f"set {ENV_PREFIX}KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"),
            ("redis", self.redis_uses_tls, f"{ENV_PREFIX}REDIS_URL must begin with rediss://"),
        ):
            given = [name for name in _FILES_OF_TLS if name.startswith(server) and getattr(self, name)]
            if given and not encrypted:
                raise ValueError(f"{ENV_PREFIX}{given[0].upper()} is of no use without TLS: {remedy}")
            if getattr(self, f"{server}_ssl_key_file") and not getattr(self, f"{server}_ssl_cert_file"):
                name = f"{ENV_PREFIX}{server.upper()}_SSL"
                raise ValueError(f"{name}_KEY_FILE goes with a certificate: set {name}_CERT_FILE too")
            if given:
                try:
                    self._tls_context(server)
                except UnusableFile as error:
                    name = f"{ENV_PREFIX}{server.upper()}_SSL_{error.kind.upper()}_FILE"
                    raise ValueError(f"{name}: {error}") from error
        return self

    def kafka_tls_context(self) -> ssl.SSLContext | None:
        """What the connection to Kafka needs for TLS, or None where it is not encrypted."""
        return self._tls_context("kafka") if self.uses_tls else None

    def redis_tls_context(self) -> ssl.SSLContext | None:
        """What the connection to Redis needs for TLS, or None where it is not encrypted."""
        return self._tls_context("redis") if self.redis_uses_tls else None

    def _tls_context(self, server: str) -> ssl.SSLContext:
        password: SecretStr | None = getattr(self, f"{server}_ssl_key_password")
        return tls_context(
            ca_file=getattr(self, f"{server}_ssl_ca_file"),
            cert_file=getattr(self, f"{server}_ssl_cert_file"),
            key_file=getattr(self, f"{server}_ssl_key_file"),
            key_password=password.get_secret_value() if password else None,
            check_hostname=getattr(self, f"{server}_ssl_check_hostname"),
        )

    @property
    def uses_sasl(self) -> bool:
        """Whether a user logs in to Kafka."""
        return self.kafka_security_protocol.startswith("SASL_")

    @property
    def uses_tls(self) -> bool:
        """Whether the connection to Kafka is encrypted."""
        return self.kafka_security_protocol.endswith("SSL")

    @property
    def redis_uses_tls(self) -> bool:
        """Whether the connection to Redis is encrypted."""
        return urlsplit(self.redis_url).scheme == "rediss"

    @property
    def why_weak_pseudonym_key(self) -> str | None:
        """Why members' ids in Redis are not safe under the pseudonym key, in words that do not tell it; None if they are.

        What a person made up cannot be told from what chance made: only what nobody should ever use is found here.
        """
        key = self.pseudonym_key.get_secret_value()
        bare = "".join(character for character in key.lower() if character.isalnum())
        if key == SAMPLE_PSEUDONYM_KEY:
            return "is not set, or set to the sample that everybody can read"
        if any(word in bare for word in _PLACEHOLDERS):
            return "is a placeholder"
        period = next(length for length in range(1, len(key) + 1) if key.startswith(key[length:]))
        if len(set(key)) < _LEAST_DISTINCT_CHARACTERS or period <= min(len(key) // 2, _LONGEST_PERIOD):
            return "is too easily guessed: it is a few characters repeated"
        return None

    @property
    def input_limits(self) -> InputLimits:
        """What `models.decoding` needs to know."""
        return InputLimits(
            max_event_bytes=self.max_event_bytes,
            max_recipients=self.max_recipients,
            max_clock_skew=timedelta(seconds=self.max_clock_skew_seconds),
        )


def load_settings(env_file: Path | None = None) -> Settings:
    """The settings in force. `env_file` wins over `TWINWATCH_ENV_FILE`, and that over `.env` in the working directory.

    Raises `InvalidSettings` for a value that is not allowed, a named file that is missing, or a variable that starts
    with `TWINWATCH_` and is no setting (a misspelt one would otherwise be ignored in silence).
    """
    try:
        return _load(env_file)
    except InvalidSettings as error:
        error.json_log = _log_format(env_file) == "json"
        raise


def _load(env_file: Path | None) -> Settings:
    environ = os.environ
    named = env_file or (Path(environ[ENV_FILE_VARIABLE]) if environ.get(ENV_FILE_VARIABLE) else None)
    if named is not None and not named.is_file():
        raise InvalidSettings(f"{ENV_FILE_VARIABLE} or --env-file: no such file: {named}")
    file = named or Path(".env")
    _refuse_unknown(environ, "the environment")
    _refuse_unknown(dotenv_values(file) if file.is_file() else {}, str(file))
    secrets = environ.get(SECRETS_DIRECTORY_VARIABLE)
    if secrets and not Path(secrets).is_dir():
        raise InvalidSettings(f"{SECRETS_DIRECTORY_VARIABLE}: no such directory: {secrets}")
    try:
        origins: dict[str, Any] = {"_env_file": file, "_secrets_dir": secrets or None}
        return Settings(**origins)
    except ValidationError as error:
        raise InvalidSettings(describe_settings_error(error)) from error


def _log_format(env_file: Path | None) -> str | None:
    """What stands for the format of the log, where not all settings can be read."""
    file = env_file or Path(os.environ.get(ENV_FILE_VARIABLE) or ".env")
    for variables in (os.environ, dotenv_values(file) if file.is_file() else {}):
        for name, value in variables.items():
            if name.upper() == f"{ENV_PREFIX}LOG_FORMAT" and value:
                return value
    return None


def describe_settings_error(error: ValidationError) -> str:
    """One line: each wrong variable, what was found (unless it may hold a secret), and what is expected."""
    return "; ".join(_describe_problem(problem) for problem in error.errors(include_url=False))


def _describe_problem(problem: Any) -> str:
    if not problem["loc"]:
        return _message(problem)
    name = str(problem["loc"][0])
    silent = problem["type"] == "value_error" or _may_hold_a_secret(name)
    found = "" if silent else f", found {str(problem['input'])[:80]!r}"
    return f"{ENV_PREFIX}{name.upper()}: {_message(problem)}{found}"


def _message(problem: Any) -> str:
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "too_short":
        return f"expected at least {problem['ctx']['min_length']} characters"
    message = str(problem["msg"])
    return message[0].lower() + message[1:]


def _may_hold_a_secret(name: str) -> bool:
    return name == "redis_url" or "SecretStr" in str(Settings.model_fields[name].annotation)


def _refuse_unknown(variables: Mapping[str, str | None], origin: str) -> None:
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {ENV_FILE_VARIABLE, SECRETS_DIRECTORY_VARIABLE}
    for name in sorted(variables):
        # pydantic reads names in any case, so that a setting may be misspelt in any case
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper(), sorted(known), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InvalidSettings(f"{name} in {origin} is not a setting of twinwatch{hint}")


def setting_rows() -> Iterator[tuple[str, str, str, str]]:
    """Of every setting: its variable, its default, what is allowed, and its meaning. For `--help` and the docs."""
    for name, field in Settings.model_fields.items():
        yield f"{ENV_PREFIX}{name.upper()}", _default(name, field), _allowed(name), field.description or ""
    yield ENV_FILE_VARIABLE, ".env", "", _MEANING_OF_ENV_FILE
    yield SECRETS_DIRECTORY_VARIABLE, "", "", _MEANING_OF_SECRETS_DIRECTORY


def settings_table() -> str:
    """`setting_rows` as a Markdown table."""
    header = ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {allowed} | {meaning} |"
        for name, default, allowed, meaning in setting_rows()
    ]
    return "\n".join(header + [row.replace("  ", " ") for row in rows])


def _default(name: str, field: FieldInfo) -> str:
    if name == "pseudonym_key":
        return SAMPLE_PSEUDONYM_KEY
    return "" if field.default is None else str(field.default)


def _allowed(name: str) -> str:
    schema = Settings.model_json_schema()["properties"][name]
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    low = f"≥ {schema['minimum']}" if "minimum" in schema else ""
    low = f"> {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else low
    high = f"≤ {schema['maximum']}" if "maximum" in schema else ""
    length = f"≥ {schema['minLength']} characters" if "minLength" in schema else ""
    return ", ".join(part for part in (low, high, length) if part)
