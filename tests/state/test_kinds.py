"""The registry of kinds of keys: a kind that is not declared cannot be written, and none is declared that nobody writes."""

from pathlib import Path

import pytest

from state import scripts
from state.kinds import KINDS, Members, table
from state.limits import StoreLimits
from state.requests import ACTS, RECEIVED
from state.scripts import Script
from state.store import SCRIPTS
from tests.servers import REPOSITORY

KEPT_BY_PYTHON = {
    *(ACTS, RECEIVED, "history", "known", "upheld", "verdict"),
    *("episode", "incident", "members", "opened", "progress", "reported", "revision", "settings", "shown", "source"),
    *("band", "brought", "digest", "leader", "learnt", "merged", "seen", "sentence", "size"),
}
"""Those whose keys scripts get whole, or that need none."""


@pytest.mark.parametrize(
    "line",
    [
        "redis.call('SET', prefix .. 'secret:' .. name, 1)",
        "redis.call('SET', prefix .. 'secret', 1)",
        "redis.call('HSET', KEYS[1] .. 'secret', 1, 1)",
        "put('secret:' .. generation, name)",
    ],
)
def test_a_script_with_a_kind_that_is_not_declared_does_not_load(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lua").mkdir()
    file = tmp_path / "lua" / "new.lua"
    monkeypatch.setattr(scripts, "files", lambda _: tmp_path)
    file.write_text(line.replace("secret", "relation"), "utf-8")
    assert Script("new").kinds == {"relation"}
    file.write_text(line, "utf-8")
    with pytest.raises(ValueError, match=r"new\.lua: found keys of kinds \['secret'\], expected some of"):
        Script("new")


def test_every_kind_is_kept_by_some_script() -> None:
    assert set[str]().union(*(script.kinds for script in SCRIPTS)) | KEPT_BY_PYTHON == KINDS.keys()


def test_a_key_begins_with_its_kind() -> None:
    assert {name: kind.key(b"x") for name, kind in KINDS.items()} == {name: f"{name}:x".encode() for name in KINDS}


def test_what_names_members_says_what_is_forgotten_of_them() -> None:
    naming = {name for name, kind in KINDS.items() if kind.owned or kind.members is not Members.NONE}
    assert naming == {name for name, kind in KINDS.items() if kind.forgets}


def test_the_table_of_the_page_is_that_of_the_registry() -> None:
    page = (REPOSITORY / "docs" / "state.md").read_text("utf-8")
    assert f"\n{table(StoreLimits())}\n" in page, "run: python -m state.kinds"
