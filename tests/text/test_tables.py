"""Tables that one start has made are the next one's, as long as nothing has changed that they are made of."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.servers import run
from text import tables

PROGRAM = """
import json
from models.events import WrittenFields
from text import tables
from text.reading import read_writings
from text.words import WordMemo

TEXTS = (
    "I will kill you, you idiot", "ich bring dich um, du Arschloch", "я тебя убью", "ya tebya ubyu, suka", "ΑΓΟΡΑΣΤΕ ΤΩΡΑ",
    "tha se skotoso re malaka", "Buy cheap pills at bit.ly/abc, 50 % off, today only", "Вуу сhеар рills", "Kup teraz tanio",
    "agorase twra fthina sto example.gr", "Hauptstrasse 12, 10115 Berlin, call +48 601 234 567", "Dear Maria, best wishes",
    "my pupil Anna Smith, class 4b",
    "Subject: our project\\n> quoted words\\nbest regards\\n-- \\nAnna", "aşkım seni öldürürüm", "ucuz hap satiyorum",
    "kupujte lacno",
)
recalled = tables.recall()
names = sorted(tables._RECALLED)
for made in tables._MADE.values():
    made()
if not recalled:
    tables.keep()
writings = read_writings([(WrittenFields(text=text), None) for text in TEXTS], frozenset(), WordMemo(), 7)
told = [[str(o.hostility), str(o.commerce(frozenset())), str(o.personal_data), o.text.words, o.text.stakes] for o in writings]
print(json.dumps([names, told]))
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where one table is kept, and nothing else."""
    found = tmp_path / "room" / "kept.tables"
    monkeypatch.setattr(tables, "_place", lambda: found)
    monkeypatch.setattr(tables, "_MADE", {"a": lambda: ["made"]})
    monkeypatch.setattr(tables, "_RECALLED", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return found


def test_texts_are_read_with_recalled_tables_as_with_those_that_were_made(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = [run(sys.executable, "-c", PROGRAM, env=env | {"PYTHONPYCACHEPREFIX": str(tmp_path)}) for _ in range(2)]
    assert [one.returncode for one in done] == [0, 0], done[-1].stderr
    (made, told), (recalled, told_again) = [json.loads(one.stdout) for one in done]
    assert made == []
    assert "text.anchors._stakes" in recalled
    assert told_again == told
    assert "violence_to_you" in str(told)


def test_what_was_recalled_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def known() -> dict[str, int]:
        pytest.fail("it is known")

    monkeypatch.setattr(tables, "_MADE", {})
    monkeypatch.setattr(tables, "_RECALLED", {f"{known.__module__}.{known.__qualname__}": {"a": 1}})
    found = tables.table(known)
    assert found() == {"a": 1}
    assert found() is found()
    assert tables._RECALLED == {}, "it is not held twice"


def test_what_was_kept_is_recalled(place: Path) -> None:
    assert not tables.recall()
    tables.keep()
    assert tables.recall()
    assert tables._RECALLED == {"a": ["made"]}
    assert list(place.parent.iterdir()) == [place]


def test_arrays_are_mapped_whatever_their_sizes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> list[Any]:
        return [np.arange(n, dtype=kind) for n, kind in ((0, "u1"), (3, "u1"), (100, "f8"), (70, "u4"), (5, "u8"))]

    monkeypatch.setattr(tables, "_MADE", {"a": made})
    tables.keep()
    kept = place.read_bytes()
    assert tables.recall()
    recalled = tables._RECALLED["a"]
    for array, original in zip(recalled, made(), strict=True):
        assert array.dtype == original.dtype
        assert array.tolist() == original.tolist()
        assert not array.flags.owndata
        assert array.flags.aligned
        array[:1] = 7  # forms of letters are filled in as they are met
    assert place.read_bytes() == kept, "other processes have it, too"
    place.unlink()
    place.write_bytes(kept[: len(kept) // 2])
    assert not tables.recall()


def test_what_was_made_of_something_else_is_not_recalled(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables.keep()
    for name, value in (
        ("_installed", lambda: ["numpy 0"]),
        ("_files", lambda _: [Path(tables.__file__)]),
        ("_MADE", {"b": list}),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(tables, name, value)
            assert not tables.recall(), name
    assert tables._RECALLED == {}
    assert tables.recall()


@pytest.mark.parametrize("fault", ["cut off", "empty", "a directory"])
def test_what_cannot_be_read_is_made_anew(place: Path, fault: str) -> None:
    tables.keep()
    kept = place.read_bytes()
    if fault == "a directory":
        place.unlink()
        place.mkdir()
    else:
        place.write_bytes(kept[:-1] if fault == "cut off" else b"")
    assert not tables.recall()
    assert tables._RECALLED == {}


def test_where_python_writes_nothing_nothing_is_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    tables.keep()
    assert not place.parent.exists()


def test_what_cannot_be_kept_fails_no_start_and_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MADE", {"a": lambda: lambda: 1})
    tables.keep()
    assert list(place.parent.iterdir()) == []


def test_another_process_makes_them_and_keeps_them(place: Path) -> None:
    program = f"""
from pathlib import Path
from text import tables
tables._MADE = {{"a": lambda: ["made"]}}
tables._place = lambda: Path({str(place)!r})
sys.dont_write_bytecode = False
tables.hand_over()
"""
    assert tables.make_apart(program)
    assert tables._RECALLED == {"a": ["made"]}
    assert place.exists()


@pytest.mark.parametrize("program", ["raise ValueError", "print('no table')", "import os; os._exit(0)"])
def test_where_no_other_process_makes_them_they_are_made_here(place: Path, program: str) -> None:
    assert not tables.make_apart(program)
    assert tables._RECALLED == {}


def test_a_process_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAKING_SECONDS", 0.5)
    assert not tables.make_apart("import time\nwhile True:\n    time.sleep(60)")
