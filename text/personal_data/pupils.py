"""Children who are told of by name together with their age, their class or how to reach them.

A name alone is praise for a drawing; a class alone is every second post of a teacher. Only where somebody outside could know
which child it is, something is told: a full name, and two signs that it is a child's (a word for a pupil, an age, a class, a
home, praise), one of which says more than that. Who is a child in a novel, a film or a book of history is nobody's pupil.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from text.personal_data.folding import Folded, fold
from text.personal_data.kinds import Kind, PersonalDatum, Standing
from text.personal_data.marks import Mark, Marks, PlainText, plain_text

MAX_NAMES = 200
"""Names that are looked at in one text."""
REACH = 80
"""Characters after a name in which an age, a class or a contact is the child's."""
_AROUND = 140
"""Characters around a name in which a novel or praise is about it."""
_CLASS_BEFORE = 48
"""Characters from a class to a name that stands behind it."""
_BIRTH = 40
"""Characters from a word for being born to the year, on either side."""
_BORN_BEFORE = 12
"""Characters from such a word to the name, where it stands first."""
_CLOSE = 6
"""Characters between a name and what stands right beside it: `Lena Hoffmann (12)`."""
_BESIDE = 3
"""The same where the age comes first: `the 9-year-old Lena Hoffmann`."""
_LINK = 24
"""Characters between a word for a pupil and the name: `the pupil who is called …`."""
LEAST_LISTED = 3
"""Names that make a list of a class; two children with their ages make one as well."""
MASK = "[child]"
KINDS = ("years", "aged", "born", "class", "pupil", "praise", "roster")
"""Marks of which a text has one that tells of a child, or a class as it is written: `4b`."""

_BIG = "[A-ZА-ЯЂЃЄІЇЈ-ЏҐΑ-ΩԱ-Ֆ]"
_PART = rf"(?:[OD]['’])?{_BIG}[^\W\d_]+(?:[-'’]{_BIG}?[^\W\d_]+)?"
_PARTICLE = r"(?:[Dd]e|[Dd]a|d[oi]s?|[Dd]el|della|l[ae]|van|von|der|den|ter?|ten|el|al|bin|ibn|af|zu|Mac|Ní|Ni|Ó|O|Mc)"
_NAME = re.compile(rf"(?<![^\W_]){_PART}(?: (?:{_PARTICLE}[ ]){{0,2}}(?:{_PART}|{_BIG}\.)){{0,3}}(?![^\W_])")
_CASELESS = re.compile(
    r"(?<!\w)[\u10a0-\u10ff\u0620-\u064a]{2,}(?: [\u10a0-\u10ff\u0620-\u064a]{2,}){0,5}(?=[,،( ]{0,2}\s?\(?\Z)"
)
"""In scripts without capitals a name is what stands before an age, less the words that are known."""
_MAX_CASELESS = 3
_NO_NAME = re.compile(
    r"(?:exchange|project|programm|mobilit|erasmus|europ|union|etwinning|conference|newspaper|magazine|festival|competition|olymp|austausch"
    r"|projekt|zeitung|echange|proyecto|intercambio|progetto|scambio|projeto|проект)[^\W\d_]{0,5}\Z|(?:school|weeks?|days?|class|classes|clubs?"
    r"|teams?|awards?|students?|groups?|grade|woche|klassen?|gruppen?|turma|january|february|monday|friday|new|los|santa?|real|liebe|hallo|hello"
    r"|dear|класс?|школа|неделя|привет)\Z",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"(?:the|our|my|your|a|an|this|here|and|for|to|from|in|at|of|die|der|das|den|dem|unsere?r?|meine?r?|und|fur|an|la|le|les|notre|mon|ma|et"
    r"|el|los|las|un|una|il|lo|i|gli|o|a|os|as|de|het|een|onze|mijn|nasz|nasza|moj|moja|i|nas|nase|az|egy|es|si|cu|i|и|наш|наша|мой|моя"
    r"|та|o|η|ο|και|var|vart|och|og|vores|var|ja|meie|ir|un|musu|mano|ve|bizim|və|ag|an|l-|it|e|te|ne|with|by)\Z",
    re.IGNORECASE,
)
_NUMBER = r"(?<![\w.,/:–-])(1[0-7]|[3-9])(?!\d)"
_AGE = re.compile(_NUMBER)
_BARE_AGE = re.compile(
    rf"\s?[,(:–-]?\s?[(]?{_NUMBER}(?=[),;\n]|\.?\s*\Z|\.\s+{_BIG}|[ ][a-zа-яα-ω]+[ ]{_BIG})|\s?[(]{_NUMBER}(?=\s?[),;])"
)
_CLASS_CODE = re.compile(
    r"(?<![\w,/])(?:1[0-3]|\d|[IVX]{1,4}|[A-HА-ДΑ-Ζ])(?:[.ºª°oa]{1,2}|th|st|nd|rd|ος|ης|[-–]?(?:ta|os|oji|a|й|го|ma|мо|ти|րդ))?"
    r"(?:\s?[-–/]?\s?[\"„“«']?(?:[A-Ha-hА-Жа-жΑ-Θα-θა-ჰա-ֆأ-ي]|\d))?[\"“”»']?(?![^\W_])"
)
_SURE_CODE = re.compile(
    r"(?<![\w,.])(?:1[0-2]|[1-9])(?:[.ºª°oa]{0,2}\s?[-–/]?\s?[\"„“«']?[A-Ha-hА-Жа-жΑ-Θα-θა-ჰԱ-Հա-ֆأ-ي][\"“”»']?|/\d)(?![^\W_/])|(?<!\w)[IVX]{1,4}\s?[-–/]\s?[\da-zа-я](?!\w)"
    r"|(?<!\w)[Α-Ε]['΄’]?[1-9](?!\w)"
)
"""`4b`, `5.º C`, `3/2`, `III-2`, `Β1`: what can hardly be anything but a class, beside an age."""
_YEAR_OF_BIRTH = re.compile(r"(?<!\d)20(?:0[4-9]|[12]\d)(?!\d)")
"""Of those who may go to school; a teacher is older."""
_YEAR_LONG_AGO = re.compile(r"(?<!\d)(?:1\d{3}|[5-9]\d\d)(?!\d)")
_SENTENCE_END = re.compile(r"[!?…]\s|(?<=[^\W_]{3})\.\s|\n\s*\n")
_PART_END = re.compile(r"[;:!?…]|(?<=[^\W_]{3})\.\s")
_JOINT = re.compile(r"[\s,;•*\d.()–-]{1,8}(?:[^\W\d_]{1,3} )?")
"""Between two names of a list."""


Place = tuple[int, int]


class Child(Struct, frozen=True):
    """A child's name, and what is told besides: `age`, `class`, `contact`; nothing where the name is only to be masked."""

    start: int
    end: int
    told: frozenset[str] = frozenset()


class _Name(Struct, frozen=True):
    """`full`: two parts or more."""

    start: int
    end: int
    full: bool


def told_of_pupils(
    text: str, data: Sequence[PersonalDatum], read_marks: Callable[[str], Marks] = Marks
) -> Iterator[str]:
    """What is told of named pupils besides the name: `age`, `class` or `contact`, each as often as it is told.

    `data` are the personal data of the same text; `read_marks` as in `find_personal_data`.
    """
    for child in find_children(text, data, read_marks):
        yield from sorted(child.told)


def find_children(text: str, data: Sequence[PersonalDatum], read_marks: Callable[[str], Marks] = Marks) -> list[Child]:
    """Names of children in a text, in its order: those told of, and others beside an age or a word for a pupil.

    Linear in the length of the text; a text without digits tells of nobody.
    """
    if not _DIGIT.search(text):
        return []
    marks = read_marks(text)
    folded, plain = marks.folded, marks.plain
    if not marks.any(*KINDS) and not _SURE_CODE.search(plain.text):
        return []
    return [
        Child(*_original(folded, plain, child.start, child.end), child.told)
        for child in _Search(text, folded, plain, marks, data).children()
    ]


def may_be_told(text: str, *, child: bool) -> bool:
    """Whether a text may tell of a child: it takes a digit, and a full name, or letters that have no capitals. `child`:
    whether a word is for a child, its age or class.
    """
    if not _DIGIT.search(text) or not (_MAYBE_NAME.search(text) or _ANY_CASELESS.search(text)):
        return False
    return may_be_named(text, child=child)


def may_be_named(text: str, *, child: bool) -> bool:
    """Whether a text may name a child, of whom nothing need be told; `child` as in `may_be_told`."""
    if not _DIGIT.search(text):
        return False
    return child or _SURE_CODE.search(plain_text(fold(text).text).text) is not None


def _maybe_name() -> re.Pattern[str]:
    """A word that begins with a capital, with or without an accent, before another one or particles."""
    big = re.compile(_BIG)
    capital = f"[{''.join(one for one in map(chr, range(0x3000)) if big.fullmatch(plain_text(one).text))}]"
    letters = r"(?:[^\W\d_]|[\u0300-\u036f])*+"
    rest = rf"{letters}(?:['’-]{letters}){{0,2}} (?:[^\W\d_]{{1,5}} ){{0,2}}(?:[^\W\d_]['’])?"
    # at the beginning of a word, or the rest of a long one would be read from each of its letters on
    return re.compile(rf"{capital}(?<![^\W_].){rest}{capital}")


_DIGIT = re.compile(r"\d")
_MAYBE_NAME = _maybe_name()
_ANY_CASELESS = re.compile(r"[\u10a0-\u10ff\u0620-\u064a]")


def _original(folded: Folded, plain: PlainText, start: int, end: int) -> tuple[int, int]:
    return folded.original(*plain.original(start, end))


class _Search:
    """One text, its names, ages and classes, all of them places in the plain text."""

    def __init__(
        self, text: str, folded: Folded, plain: PlainText, marks: Marks, data: Sequence[PersonalDatum]
    ) -> None:
        self.plain, self.marks = plain.text, marks
        self.contacts = [
            (datum.start, datum.kind)
            for datum in data
            if datum.standing is Standing.PERSONAL and datum.kind is not Kind.IBAN
        ]
        self.text, self.folded, self.whole = text, folded, plain
        self.ages = self._ages()
        self.births = self._births()
        self.classes = list(self._classes())
        self.names = list(islice(self._names(), MAX_NAMES + 1))
        if len(self.names) > MAX_NAMES:
            self.names.pop()
            marks.leaves_out = True

    def children(self) -> Iterator[Child]:
        """In the order of the text."""
        listed = self._listed()
        for index, name in enumerate(self.names):
            next_start = self.names[index + 1].start if index + 1 < len(self.names) else len(self.plain)
            pupil = self._pupil_before(name)
            age = self._age_beside(name)
            told = self._told(name, next_start, pupil, age, listed.get(index))
            if told or pupil or age or index in listed:
                yield Child(name.start, name.end, told)

    # --- what there is ---

    def _ages(self) -> list[tuple[int, int]]:
        found = []
        numbers = [match.span() for match in _AGE.finditer(self.plain)]
        numbers += [(start, end) for digit, start, end, _ in self.marks.numbers() if digit > 2]
        for start, end in sorted(numbers):
            behind = [m for m in self.marks.of("years", start=end, end=end + 16) if m.start - end <= 3]
            before = [m for m in self.marks.of("aged", start=max(0, start - 24), end=start) if start - m.end <= 4]
            if (behind or before) and not self._lasts(max([end, *(m.end for m in behind)])):
                found.append((min([start, *(m.start for m in before)]), max([end, *(m.end for m in behind)])))
        return found

    def _births(self) -> list[Place]:
        """Where it is said that somebody was born in a year in which today's pupils were: from the first of it to the last."""
        found = []
        for mark in self.marks.of("born"):
            year = _YEAR_OF_BIRTH.search(self.plain, max(0, mark.start - _BIRTH), mark.end + _BIRTH)
            if year and not _SENTENCE_END.search(self.plain, mark.end, max(mark.end, year.start())):
                found.append((min(mark.start, year.start()), max(mark.end, year.end())))
        return found

    def _lasts(self, end: int) -> bool:
        """`10 years of experience`: of work, and of nobody's life."""
        return any(mark.start - end <= 14 for mark in self.marks.of("lasting", start=end, end=end + 36))

    def _classes(self) -> Iterator[tuple[int, int]]:
        for mark in self.marks.of("class"):
            behind = _CLASS_CODE.search(self.plain, mark.end, mark.end + 12)
            if behind and behind.start() - mark.end <= 4:
                yield mark.start, behind.end()
            elif self.plain[mark.start : mark.end].lower() in _CLASSES_BY_NAME:
                yield mark.start, mark.end
            else:
                before = list(_CLASS_CODE.finditer(self.plain, max(0, mark.start - 12), mark.start))
                if before and mark.start - before[-1].end() <= 3:
                    yield before[-1].start(), mark.end

    def _names(self) -> Iterator[_Name]:
        for found in _NAME.finditer(self.plain):
            if name := self._trimmed(found.start(), found.end()):
                yield name
        for start, _ in self.ages:
            window = self.plain[max(0, start - 60) : start]
            if (found_ := _CASELESS.search(window)) and (
                name := self._without_known(start - len(window) + found_.start(), start - len(window) + found_.end())
            ):
                yield name

    def _trimmed(self, start: int, end: int) -> _Name | None:
        """The name without the praise and the articles before it; None where it is the name of something else."""
        parts = [(start + part.start(), start + part.end()) for part in re.finditer(r"[^ ]+", self.plain[start:end])]
        while parts and (
            self.marks.any(*_STRIPPED, start=parts[0][0], end=parts[0][1])
            or _LEADING.match(self.plain[parts[0][0] : parts[0][1]])
        ):
            parts.pop(0)
        while parts and not self.plain[parts[-1][0]].isupper():
            parts.pop()
        if not parts:
            return None
        for at, to in parts:
            if _NO_NAME.match(self.plain[at:to]) or self.marks.any("praise", *_THINGS, start=at, end=to):
                return None
        return _Name(parts[0][0], parts[-1][1], len(parts) > 1)

    def _without_known(self, start: int, end: int) -> _Name | None:
        parts = [(start + part.start(), start + part.end()) for part in re.finditer(r"[^ ]+", self.plain[start:end])]
        for index in range(len(parts) - 1, -1, -1):
            if self.marks.any(*_STRIPPED, *_THINGS, start=parts[index][0], end=parts[index][1]):
                parts = parts[index + 1 :]
                break
        parts = parts[-_MAX_CASELESS:]
        return _Name(parts[0][0], parts[-1][1], len(parts) > 1) if parts else None

    # --- whose it is ---

    def _pupil_before(self, name: _Name) -> Mark | None:
        """The word for a pupil that the name belongs to."""
        for mark in reversed(self.marks.of("pupil", start=max(0, name.start - 48), end=name.start)):
            between = self._without_class(mark.end, name.start)
            if len(between) <= _LINK and _NAMED.fullmatch(between):
                return mark
        # öğrencim Ayşe, and Ayşe, my pupil
        for mark in self.marks.of("pupil", start=name.end, end=name.end + _LINK):
            if re.fullmatch(
                r"(?:, |,? (?:is|ist|est|es|e) |, )(?:[^\W\d_]{1,6} ){0,2}", self.plain[name.end : mark.start]
            ):
                return mark
        return None

    def _without_class(self, start: int, end: int) -> str:
        """What stands between a word for a pupil and a name, less the class: `the pupil of 4b …`."""
        classed = next(((a, b) for a, b in self.classes if start <= a and b <= end), None)
        coded = classed or (code.span() if (code := _SURE_CODE.search(self.plain, start, end)) else None)
        if coded is None:
            return self.plain[start:end]
        return self.plain[start : coded[0]].rstrip() + self.plain[coded[1] : end]

    def _age_beside(self, name: _Name) -> tuple[int, int] | None:
        for start, end in self.ages:
            if name.end <= start <= name.end + REACH // 2:
                between = _SURE_CODE.sub("", self.plain[name.end : start])
                if len(between) <= _CLOSE and "." not in between:
                    return start, end
            if 0 <= name.start - end <= _BESIDE:
                return start, end
        if bare := _BARE_AGE.match(self.plain, name.end):
            return bare.span()
        return None

    def _birth_of(self, name: _Name) -> Place | None:
        """Where it is said when the child was born, behind the name or right before it."""
        # months and classes look like names, but not like full ones
        others = (other.start for other in self.names if other.full and other.start > name.start)
        until = min(next(others, len(self.plain)), name.end + REACH)
        for start, end in self.births:
            if name.end <= start < until or (start < name.start <= start + _BORN_BEFORE and end > name.end):
                return start, end
        return None

    def _told(
        self, name: _Name, next_start: int, pupil: Mark | None, age: tuple[int, int] | None, listed: str | None
    ) -> frozenset[str]:
        if not name.full or self._is_a_grown_up(name) or self._is_invented(name, pupil):
            return frozenset()
        until = min(next_start, name.end + REACH)
        aged = age if age and self._is_said(age) else None
        birth = None if aged else self._birth_of(name)
        aged = aged or birth
        told: dict[str, Place | None] = {
            "age": aged or next((a for a in self.ages if name.end <= a[0] < until), None) if pupil or aged else None,
            "class": next((c for c in self.classes if name.end <= c[0] < until), None),
            "contact": self._contact(name),
        }
        if not told["class"] and (aged or pupil or told["contact"]):
            beside = aged if aged and aged[0] > name.end else (name.end, name.end)
            coded = _SURE_CODE.search(self.plain, beside[1], until) or _SURE_CODE.search(
                self.plain, name.end, beside[0]
            )
            # 5/9 is a date as well
            lone = coded and not aged and not pupil and not any(map(str.isalpha, coded[0]))
            told["class"] = coded.span() if coded and not lone else None
        if birth and not self._is_a_pupils(birth, name, told):
            aged = told["age"] = None
        said = {what for what, where in told.items() if where}
        if listed or (age and not aged):
            said.add(listed or "age")
        return frozenset(said) if pupil or listed or self._is_a_child(name, age, aged, told) else frozenset()

    def _is_a_child(self, name: _Name, age: Place | None, aged: Place | None, told: Mapping[str, Place | None]) -> bool:
        """Whether two signs say so where no word for a pupil stands before the name."""
        start, end = max(0, name.start - _AROUND), name.end + _AROUND
        praised = self.marks.any("praise", start=start, end=end)
        classed, contact = told["class"], told["contact"]
        before = any(name.start - to <= _CLASS_BEFORE and to <= name.start for _, to in self.classes)
        if aged:
            return bool(classed or contact or before or praised or self.marks.any("pupil", start=start, end=end))
        if classed and (age or classed[0] - name.end <= 2 * _CLOSE):
            return bool(contact or praised)
        return bool(before and contact)

    def _is_a_pupils(self, birth: Place, name: _Name, told: Mapping[str, Place | None]) -> bool:
        """Whether a class or a contact stands with the birth: those of princes and singers are told as well, before what a
        class made of them.
        """
        before = any(name.start - to <= _CLASS_BEFORE and to <= name.start for _, to in self.classes)
        classed = told["class"]
        beside = classed and not _PART_END.search(self.plain, name.end, max(classed[0], birth[0]))
        return bool(told["contact"] or beside or (before and birth[0] > name.start))

    def _is_said(self, age: tuple[int, int]) -> bool:
        """Whether a word says that it is an age, or brackets do."""
        return age in self.ages or self.plain[age[0] : age[1]].strip().startswith("(")

    def _contact(self, name: _Name) -> tuple[int, int] | None:
        _, end = _original(self.folded, self.whole, name.start, name.end)
        return next(((start, start) for start, _ in self.contacts if end <= start < end + REACH), None)

    def _is_a_grown_up(self, name: _Name) -> bool:
        """Whether a teacher's title stands before the name, or what a teacher is behind it."""
        return any(
            _NAMED.fullmatch(self.plain[mark.end : name.start]) or self.plain[mark.end : name.start] in (" ", ". ")
            for mark in self.marks.of("teacher", start=max(0, name.start - _LINK), end=name.start)
        ) or any(
            re.fullmatch(r"\s?[,(–-]\s?(?:[^\W\d_]{1,12} ){0,2}", self.plain[name.end : mark.start])
            for mark in self.marks.of("teacher", start=name.end, end=name.end + 40)
        )

    def _is_invented(self, name: _Name, pupil: Mark | None) -> bool:
        start, end = self._sentences_around(name)
        if self.marks.any("exercise", start=max(0, name.start - _AROUND), end=name.start):
            return True
        mine = pupil and any(0 <= pupil.start - mark.end <= 12 for mark in self.marks.of("my", end=pupil.start))
        if mine or any(kind is not Kind.ADDRESS for at, kind in self.contacts if start <= at <= end):
            return False
        if self.marks.any("fiction", start=start, end=end) or _YEAR_LONG_AGO.search(self.plain, start, end):
            return not self._is_praised(start, name.start)
        if self._is_of_a_title(name, end) and self.marks.any("fiction", start=end, end=self._sentence_behind(end)):
            return True
        if not self.marks.any("work", start=start, end=end) or self.marks.any("praise", start=start, end=end):
            return False
        return not self._is_registered(name, end)

    def _is_registered(self, name: _Name, end: int) -> bool:
        """Whether a class follows as it is written in a register, with an age or an address: nobody in a book has one."""
        classed = _SURE_CODE.search(self.plain, name.end, end)
        return bool(classed and (self._age_beside(name) or self._contact(name)))

    def _is_of_a_title(self, name: _Name, end: int) -> bool:
        """Whether something in quotation marks follows in the sentence before any class: '…, 14 years old, of “The Rower”'."""
        title = _TITLE.search(self.plain, name.end, end)
        return title is not None and not any(name.end <= at < title.start() for at, _ in self.classes)

    def _sentence_behind(self, end: int) -> int:
        """Where the sentence ends that follows on one that ends at `end`."""
        last = min(len(self.plain), end + _AROUND)
        ended = _SENTENCE_END.search(self.plain, min(end + 2, last), last)
        return ended.start() if ended else last

    def _is_praised(self, start: int, end: int) -> bool:
        """Whether the sentence begins with congratulations: those are for somebody who is there."""
        return any(mark.start - start <= 12 for mark in self.marks.of("praise", start=start, end=end))

    def _sentences_around(self, name: _Name) -> tuple[int, int]:
        start, end = max(0, name.start - _AROUND), min(len(self.plain), name.end + _AROUND)
        for ended in _SENTENCE_END.finditer(self.plain, start, name.start):
            start = ended.end()
        ended_ = _SENTENCE_END.search(self.plain, name.end, end)
        return start, ended_.start() if ended_ else end

    # --- lists ---

    def _listed(self) -> dict[int, str]:
        """Names by their number that stand in a list of children, with what the list tells of them."""
        found: dict[int, str] = {}
        run: list[int] = []
        for index, name in enumerate(self.names):
            if run and not self._go_on(self.names[run[-1]], name):
                self._close(run, found)
                run = []
            if name.full:
                run.append(index)
        self._close(run, found)
        return found

    def _go_on(self, one: _Name, other: _Name) -> bool:
        between = self.plain[one.end : other.start]
        words = re.findall(r"[^\W\d_]+", between)
        return (
            len(between) <= 40
            and len(words) <= 3
            and bool(
                re.search(r"[,;\n•–-]|\d|(?:^| )(?:and|und|et|y|e|i|a|en|och|og|ja|ir|un|ve|és|si|и|і|και) ", between)
            )
        )

    def _close(self, run: list[int], found: dict[int, str]) -> None:
        if len(run) < 2:
            return
        first, last = self.names[run[0]], self.names[run[-1]]
        ages = [index for index in run if self._age_beside(self.names[index])]
        head = max(0, first.start - 64), first.start
        is_class = any(
            head[0] <= start and end <= first.start and _HEADS.search(self.plain[end : first.start])
            for start, end in self.classes
        )
        rostered = self.marks.any("roster", start=head[0], end=head[1])
        grown_up = self.marks.any("teacher", "fiction", "work", start=head[0], end=head[1])
        around = self.marks.any("class", "pupil", "praise", start=head[0], end=last.end + REACH)
        if len(ages) >= 2 and not grown_up and (around or rostered):
            found.update(dict.fromkeys(run, "age"))
        elif len(run) >= LEAST_LISTED and (is_class or rostered) and not grown_up:
            found.update(dict.fromkeys(run, "class"))


_STRIPPED = ("praise", "pupil", "my", "roster", "call")
_THINGS = (
    "institution",
    "office",
    "class",
    "teacher",
    "hotline",
    "number",
    "address",
    "lives",
    "private",
    "exercise",
    "years",
    "aged",
)
_TITLE = re.compile(r"[„“«‘\"][^„“”«»‘’\"\n]{2,60}[“”»’\"]")
"""What a book or a film is called, of which the next sentence may say that it is one."""
_HEADS = re.compile(r"[:\n–-]\s*\Z|\)\s*\Z|^[^\w]*\Z")
_CLASSES_BY_NAME = frozenset(
    ("cp", "ce1", "ce2", "cm1", "cm2", "6e", "5e", "4e", "3e", "sixieme", "cinquieme", "quatrieme", "troisieme")
)
_NAMED = re.compile(
    r"\s?[,:(„\"–-]?\s?(?:(?:who|die|der|qui|que|che|ktora|ktory|se|named|called|is|are|namens|heisst|nommee?|appelee?|s'appelle|llamad[oa]"
    r"|chiamat[oa]|chamad[oa]|genaamd|o|imieniu|jmenem|menom|nevu|pe|nume|по|имени|на|ім'я|με|το|όνομα|ονομα|adli|nimeltaan|nimega|varda"
    r"|vardu|ime|imenom|по|име|с|me|emrin|de|del|da|do|d'|la|le|el|il|lo|o|a|η|ο|an|of|von|ist|est|es|ar|den|der|dem)\s)"
    r"{0,3}[„\"]?"
)
