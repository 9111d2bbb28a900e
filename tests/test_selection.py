"""Continuous integration runs the quick tests of some rooms where coverage is measured, and all others before: each once."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.conftest import pytest_collection_modifyitems

_ROOT = Path("/repository")


class _Item(SimpleNamespace):
    """A test as pytest has collected it, as far as it is asked."""

    def add_marker(self, _: object) -> None:
        pass

    def get_closest_marker(self, name: str) -> object:
        return name in self.markers or None


def chosen(**options: Any) -> list[str]:
    tests = [
        _Item(name=f"{room} {kind}", path=_ROOT / "tests" / room / "test_it.py", fixturenames=fixtures, markers=markers)
        for room in ("models", "state")
        for kind, fixtures, markers in (("quick", [], []), ("on servers", ["servers"], []), ("slow", [], ["slow"]))
    ]
    given = {"--quick": False, "--no-quick-of": []} | options
    config = SimpleNamespace(
        rootpath=_ROOT,
        getoption=given.__getitem__,
        hook=SimpleNamespace(pytest_deselected=lambda items: None),
    )
    pytest_collection_modifyitems(config, tests)  # type: ignore[arg-type]
    return [test.name for test in tests]


def test_what_is_measured_and_the_rest_are_all_tests_each_once() -> None:
    everything = chosen()
    assert len(everything) == 6
    assert chosen(**{"--quick": True}) == ["models quick", "state quick"]
    rest = chosen(**{"--no-quick-of": ["tests/models"]})
    assert sorted([*rest, "models quick"]) == sorted(everything)
