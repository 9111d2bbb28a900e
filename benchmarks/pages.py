"""Sections of pages that a benchmark writes, so that nobody copies numbers by hand: `--write` of the benchmark does it.

A section stands between two comments, `<!-- measured NAME DIGEST -->` and `<!-- end -->`. The digest is that of what stands
between, so that a number changed by hand is noticed (`tests/test_docs.py`).
"""

import hashlib
import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TextIO

from benchmarks.performance import machine

DOCS = Path(__file__).parents[1] / "docs"
AT_THE_START = machine()
"""Before a benchmark makes it busy itself."""
_SECTION = re.compile(r"<!-- measured ([a-z -]+)(?: ([0-9a-f]{8}))? -->\n(.*?)<!-- end -->", re.DOTALL)


class Section(NamedTuple):
    """What a benchmark has written into a page. `digest` is the one that stands there."""

    name: str
    digest: str
    text: str

    @property
    def is_as_written(self) -> bool:
        """Whether nobody has changed it since."""
        return self.digest == digest_of(self.text)


def digest_of(text: str) -> str:
    """A digest of what stands between the comments."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def sections(page: str) -> list[Section]:
    """The sections of a page."""
    return [Section(name, digest, text) for name, digest, text in _SECTION.findall(page)]


def with_section(page: str, name: str, lines: Sequence[str]) -> str:
    """The page with these lines in the section. Raises ValueError where it has no such section."""
    if name not in [one.name for one in sections(page)]:
        raise ValueError(f"no section: <!-- measured {name} -->")
    text = "\n" + "\n".join(lines).strip("\n") + "\n\n"

    def written(found: "re.Match[str]") -> str:
        return f"<!-- measured {name} {digest_of(text)} -->\n{text}<!-- end -->" if found[1] == name else found[0]

    return _SECTION.sub(written, page)


class _Both(io.TextIOBase):
    """What is printed is shown and kept."""

    def __init__(self, shown: TextIO) -> None:
        self.shown, self.kept = shown, ""

    def write(self, text: str) -> int:
        self.kept += text
        return self.shown.write(text)

    def flush(self) -> None:
        self.shown.flush()


@contextmanager
def recorded(page: str, name: str, *, write: bool) -> Iterator[None]:
    """Write what is printed meanwhile into a section of a page of docs, with command, day and machine, if that is wanted.

    Lines that begin with a blank are left out: examples of what somebody wrote are not for the page.
    """
    both = _Both(sys.stdout)
    with redirect_stdout(both):
        yield
    if write:
        path = DOCS / page
        said = [line for line in both.kept.splitlines() if not line.startswith(" ")]
        when = f"`{command()}`, {datetime.now(UTC).date()}, {AT_THE_START}:"
        text = re.sub(r"\n{3,}", "\n\n", "\n".join([when, "", *said]))
        path.write_text(with_section(path.read_text("utf-8"), name, text.splitlines()), "utf-8")


def command() -> str:
    """How this program was started; a file or directory that is not part of the repository is called DATA."""
    spec = sys.modules["__main__"].__spec__
    name = spec.name.removesuffix(".__main__") if spec else Path(sys.argv[0]).name
    told = ["DATA" if Path(word).is_absolute() else word for word in sys.argv[1:] if word != "--write"]
    return " ".join(["python -m", name, *told])
