"""Where settings come from, which win, and that a wrong one is one clear line without secrets."""

from pathlib import Path

import pytest
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
    assert settings.uses_sample_pseudonym_key


def test_the_environment_wins_over_the_env_file_and_that_over_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("twinwatch_consumer_group", "twinwatch_topic_prefix", "twinwatch_pseudonym_key"):
        (secrets / name).write_text("from-the-secrets-directory", encoding="utf-8")
    monkeypatch.setenv(SECRETS_DIRECTORY_VARIABLE, str(secrets))
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
        Settings().metrics_port = 1
