"""Where settings come from, which win, and that a wrong one is one clear line without secrets."""

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError

from agents.settings import (
    ENV_FILE_VARIABLE,
    SECRETS_DIRECTORY_VARIABLE,
    InvalidSettings,
    Settings,
    load_settings,
    setting_rows,
)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no .env of the machine's reaches a test."""
    monkeypatch.chdir(tmp_path)
    for name in [*(row[0] for row in setting_rows())]:
        monkeypatch.delenv(name, raising=False)


def env_file(text: str, name: str = "some.env") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path | None = None) -> str:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_first_try_needs_no_setting() -> None:
    settings = load_settings()
    assert settings.kafka_bootstrap_servers == "localhost:9092"
    assert settings.why_weak_pseudonym_key


@pytest.mark.parametrize(
    "key",
    [
        "a805d4b24930bf5a",
        "7c0344efbdcb63d3b413a7d7e43010df3ab81b567949b4fe23f672033eda4d4a",
        "DTFasUaCo7WE8I7SfWlXuOcBR3Uaf0CWyIRVLSk6yis",
        "rye&bees&0q&17&w",
    ],
)
def test_a_pseudonym_key_by_chance_is_accepted(key: str) -> None:
    assert Settings(pseudonym_key=key).why_weak_pseudonym_key is None


@pytest.mark.parametrize(
    "key",
    ["changemechangeme", "Sample-Key-1234567", "aaaaaaaaaaaaaaaaaaaaaaaa", "my password is 1"],
)
def test_a_pseudonym_key_that_nobody_should_use_is_told(key: str) -> None:
    assert Settings(pseudonym_key=key).why_weak_pseudonym_key


def test_tls_that_would_not_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca)
    monkeypatch.setenv("TWINWATCH_KAFKA_SSL_CA_FILE", str(ca))
    assert "set TWINWATCH_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL" in refused()
    monkeypatch.setenv("TWINWATCH_KAFKA_SECURITY_PROTOCOL", "SSL")
    assert load_settings().kafka_tls_context()
    monkeypatch.setenv("TWINWATCH_REDIS_SSL_CA_FILE", str(ca))
    assert "TWINWATCH_REDIS_URL must begin with rediss://" in refused()
    monkeypatch.setenv("TWINWATCH_REDIS_URL", "rediss://localhost")
    assert load_settings().redis_tls_context()


def test_a_key_needs_a_certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    trustme.CA().private_key_pem.write_to_path(key)
    monkeypatch.setenv("TWINWATCH_REDIS_URL", "rediss://localhost")
    monkeypatch.setenv("TWINWATCH_REDIS_SSL_KEY_FILE", str(key))
    assert "TWINWATCH_REDIS_SSL_CERT_FILE" in refused()


@pytest.mark.parametrize("kind", ["CA", "CERT"])
def test_a_file_that_tls_cannot_use_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="utf-8")
    monkeypatch.setenv("TWINWATCH_KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv(f"TWINWATCH_KAFKA_SSL_{kind}_FILE", str(wrong))
    assert refused().startswith(f"TWINWATCH_KAFKA_SSL_{kind}_FILE: ")


def test_a_key_that_is_locked_is_not_asked_for_on_the_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("client")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(cert)
    unlocked = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    key.write_bytes(
        unlocked.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"opensesame"),
        )
    )
    monkeypatch.setenv("TWINWATCH_KAFKA_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("TWINWATCH_KAFKA_SSL_CERT_FILE", str(cert))
    monkeypatch.setenv("TWINWATCH_KAFKA_SSL_KEY_FILE", str(key))
    assert "the key's password is missing or wrong" in refused()
    monkeypatch.setenv("TWINWATCH_KAFKA_SSL_KEY_PASSWORD", "opensesame")
    assert load_settings().kafka_tls_context()


def test_the_url_of_redis_cannot_switch_tls_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_REDIS_URL", "rediss://localhost?ssl_cert_reqs=none")
    assert "TWINWATCH_REDIS_SSL_" in refused()


def test_the_environment_wins_over_the_env_file_and_that_over_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / "secrets"
    directory.mkdir()
    for name in ("twinwatch_consumer_group", "twinwatch_topic_prefix", "twinwatch_pseudonym_key"):
        (directory / name).write_text("from-the-secrets-directory", encoding="utf-8")
    monkeypatch.setenv(SECRETS_DIRECTORY_VARIABLE, str(directory))
    monkeypatch.setenv("TWINWATCH_CONSUMER_GROUP", "from-the-environment")
    settings = load_settings(env_file("TWINWATCH_CONSUMER_GROUP=from-file\nTWINWATCH_TOPIC_PREFIX=from-file\n"))
    assert settings.consumer_group == "from-the-environment"
    assert settings.topic_prefix == "from-file"
    assert settings.pseudonym_key.get_secret_value() == "from-the-secrets-directory"


def test_a_named_env_file_wins_over_the_variable_and_that_over_dot_env(monkeypatch: pytest.MonkeyPatch) -> None:
    env_file("TWINWATCH_CONSUMER_GROUP=dot-env\n", ".env")
    assert load_settings().consumer_group == "dot-env"
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(env_file("TWINWATCH_CONSUMER_GROUP=variable\n", "variable.env")))
    assert load_settings().consumer_group == "variable"
    assert load_settings(env_file("TWINWATCH_CONSUMER_GROUP=named\n")).consumer_group == "named"


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_BATCH_MAX_RECORDS", "")
    assert load_settings().batch_max_records == 500


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_MAX_RECORDS", "many"),
        ("BATCH_MAX_RECORDS", "0"),
        ("METRICS_PORT", "65536"),
        ("KAFKA_SECURITY_PROTOCOL", "TELNET"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092,"),
        ("TOPIC_PREFIX", "with space"),
        ("LOG_LEVEL", "loud"),
        ("POLICY_FILE", "nowhere.yaml"),
        ("KAFKA_SSL_CA_FILE", "nowhere.pem"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TWINWATCH_{name}", value)
    message = refused()
    assert message.startswith(f"TWINWATCH_{name}: ")
    assert repr(value.split(",")[-1]) in message or value in message


@pytest.mark.parametrize("value", ["http://user:opensesame@redis:6379", "opensesame"])
def test_a_wrong_redis_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TWINWATCH_REDIS_URL", value)
    assert "opensesame" not in refused()


def test_a_short_pseudonym_key_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_PSEUDONYM_KEY", "opensesame")
    message = refused()
    assert "at least 16 characters" in message
    assert "opensesame" not in message


def test_a_login_needs_a_user_and_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINWATCH_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("TWINWATCH_KAFKA_SASL_USERNAME", "twinwatch")
    assert "TWINWATCH_KAFKA_SASL_PASSWORD" in refused()


def test_a_misspelt_setting_is_refused_with_the_right_one_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refused(env_file("TWINWATCH_REDIS_ULR=redis://elsewhere\n"))
    assert "some.env" in message
    assert "did you mean TWINWATCH_REDIS_URL?" in message
    monkeypatch.setenv("TWINWATCH_REDIS_ULR", "redis://elsewhere")
    assert "the environment" in refused()


def test_a_missing_file_or_directory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nowhere.env" in refused(Path("nowhere.env"))
    monkeypatch.setenv(SECRETS_DIRECTORY_VARIABLE, "nowhere")
    assert "nowhere" in refused()


def test_every_setting_says_what_it_means_and_its_default_is_allowed() -> None:
    for name, _, _, meaning in setting_rows():
        assert meaning, name
    Settings()


def test_settings_do_not_show_secrets() -> None:
    shown = repr(Settings(kafka_sasl_password="opensesame", pseudonym_key="opensesame-opensesame"))
    assert "opensesame" not in shown


def test_a_setting_does_not_change_once_it_is_read() -> None:
    with pytest.raises(ValidationError):
        setattr(Settings(), "metrics_port", 1)  # noqa: B010 - as mypy would not let it pass
