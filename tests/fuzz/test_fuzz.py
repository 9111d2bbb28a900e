"""A short form of `make fuzz`: some thousand inputs, always the same, and those that once failed."""

from importlib.resources import files

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from models.decoding import InputLimits
from rules.policy import PolicyError, parse_policy
from tests.fuzz.programs import PROGRAMS, programs_in, record, sample_texts, text
from tests.fuzz.targets import TARGETS, Clock, warm_up
from tests.growth import assert_in_proportion
from text.hostility import read_hostility
from text.masking import excerpt
from text.reading import read_texts

EXAMPLES = {"decoding": 200, "reading": 100, "policy": 60}
"""Ten inputs each."""


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm_up(30)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_fails_and_nothing_takes_for_ever(name: str) -> None:
    @settings(
        max_examples=EXAMPLES[name],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(PROGRAMS)
    def some(drawn: bytes) -> None:
        for program in programs_in(drawn):
            TARGETS[name](program, Clock(lenient=True))

    some()


def test_the_same_program_makes_the_same_input() -> None:
    program = bytes(range(7, 39))
    assert text(program) == text(program)
    assert record(program) == record(program)
    assert text(program) != text(program[1:])
    assert len(sample_texts()) > 3_000
    assert InputLimits().max_event_bytes < 300_000  # longer records are made, too


# --- what was found ----------------------------------------------------------------------------------------------------


def test_a_word_of_marks_alone_is_no_end_of_a_greek_question() -> None:
    assert read_hostility(read_texts(["\u064b\u064b;"])[0].undisguised) is not None
    assert read_hostility("\u0301; \u064b;") is not None


def test_half_a_character_in_a_policy_is_told() -> None:
    with pytest.raises(PolicyError, match=r"^policy: not YAML: line 2, column 12: found invalid Unicode"):
        parse_policy('memory: {}\nrules: {"\\ud800x": 1}')


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [("further", "x", "expected a number of at least 0"), ("standings", ["support"], "expected one of ")],
)
def test_what_a_limit_expects_is_told(field: str, value: object, told: str) -> None:
    """Numbers with a lower bound alone, and kinds of things, had no words."""
    loaded = yaml.safe_load(files("rules").joinpath("policy.yaml").read_text("utf-8"))
    loaded["rules"]["private_information"]["limits"][field] = value
    with pytest.raises(PolicyError, match=rf"limits\.{field}(\[0\])?: found '(x|support)', {told}"):
        parse_policy(yaml.safe_dump(loaded))


def test_many_account_numbers_in_a_row_are_masked_in_time() -> None:
    """The groups of an IBAN could be cut in very many ways: 121 ms for a thousand characters."""
    many = "megszabaduljunk,GB82WEST12345698765432" * 64
    assert_in_proportion(excerpt, many)
    assert len(excerpt(many)) <= 280
    assert excerpt("pay to GB82 WEST 1234 5698 7654 32 please") == "pay to [IBAN GB…] please"
