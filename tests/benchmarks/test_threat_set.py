"""The small set of threats: what is counted of it is what the rules go by."""

from benchmarks.threat_set import count, samples
from rules.track_record import heard
from text.hostility.lexicon import lexicon
from text.languages.detector import list_of


def test_every_list_is_measured_and_what_is_written_is_current() -> None:
    assert {list_of(language.code) for language in lexicon().languages} == heard().keys()
    assert count() == heard(), (
        "run: python -m benchmarks.threat_set, and twinwatch languages --markdown > docs/languages.md"
    )


def test_half_of_the_set_is_held_back_and_no_text_stands_there_twice() -> None:
    every = list(samples())
    assert len({one.text for one in every}) == len(every)
    for parts in heard().values():
        assert abs(parts["tuned"].threats - parts["held"].threats) <= 2
