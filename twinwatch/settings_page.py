"""`docs/settings.md`, made from the settings themselves so that it cannot fall behind."""

from agents.settings import settings_table

_INTRODUCTION = """\
# Settings

This page is made by `twinwatch settings --format markdown`; change the descriptions in `agents/settings.py` instead.

A setting is an environment variable, or a line `NAME=value` in an env file: `.env` in the working directory, or the
file that `--env-file` or `TWINWATCH_ENV_FILE` names. It may also be a file of that name, in small letters, in the
directory that `TWINWATCH_SECRETS_DIR` names. The environment wins over the env file, and that over the secrets
directory. A variable that starts with `TWINWATCH_` and is no setting is refused, since it is most likely a misspelt
one. `twinwatch settings` lists what is in force, without secrets.

"""


def settings_page() -> str:
    """The page in Markdown."""
    return f"{_INTRODUCTION}{settings_table()}\n"
