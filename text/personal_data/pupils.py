"""Children who are told of by name together with their age, their class or how to reach them.

A name alone is praise for a drawing; a class alone is every second post of a teacher. Only where a word for a pupil, a full
name and one of the others stand together can somebody outside know which child it is.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from text.personal_data.kinds import PersonalDatum, Standing

MAX_CANDIDATES = 100
"""Words for a pupil that are looked at in one text."""
_REACH = 80
"""Characters after a name in which an age, a class or a contact is the child's."""
_DIGIT = re.compile(r"\d")
_AGES = r"(?:[3-9]|1[0-8])"

_PUPIL = re.compile(
    r"""(?<![^\W_])(?:
        pupils? | students? | schoolboy | schoolgirl | classmate | (?:mein|unser|der|die|eine?)(?:e|en|er)?[ ]schüler(?:in)?
      | schülerin | élèves? | écolier | écolière | alumn[oa]s? | estudiante | alunn[oa] | studente | studentessa | alun[oa]s?
      | leerling | uczeń | ucznia | uczniem | uczniowi | uczennic[aęyąi] | žáka? | žákyn[ěi] | žiaka? | žiačk[auy]
      | tanuló(?:m|nk)? | diák(?:om|unk)? | elev(?:a|ul|en|ă)? | učeni[kc]a? | učenec | učenka | učenca | ученик(?:а|ът)?
      | учени[цч]к?а | школьни[кц]а? | учень | учениця | учня | школяр(?:ка)? | вучань | вучаніца | μαθητής | μαθήτρια | μαθητή
      | μαθήτριας? | öğrenci(?:m|miz|si)? | şagird(?:im)? | oppilas | oppilaani | oppilaamme | õpilane | skolēn[sei]
      | skolniece | audzēkn(?:is|e) | mokin(?:ys|ė|io|ės) | nemandi | nemandinn | dalta | nxënës(?:i|ja|e)? | աշակերտ(?:ուհի)?
    )(?![^\W_])""",
    re.VERBOSE | re.IGNORECASE,
)
_LINK = (
    r"(?:[ ]?[,:(-][ ]?|[ ]+)(?:(?:named|called|is|namens|heißt|heisst|nommée?|appelée?|llamad[oa]|chiamat[oa]|chamad[oa]"
    r"|genaamd|o[ ]imieniu|jménem|menom|nevű|pe[ ]nume|по[ ]имени|на[ ]ім'я|με[ ]το[ ]όνομα|adlı)[ ]+)?"
)
_CAPITAL = "[A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŔŘŚŞŠȘŢŤȚŪŮŰŲŴŶŹŻŽƏΑ-ΩΆΈ-ΏА-ЯЁЄІЇҐЂЃЈ-ЏԱ-Ֆ]"
_FIRST = rf"{_CAPITAL}[^\W\d_]+(?:-{_CAPITAL}[^\W\d_]+)?"
_LAST = rf"{_CAPITAL}(?:\.|[^\W\d_'’-]+(?:[-'’][^\W\d_]+)?)"
_NAME = rf"(?P<name>{_FIRST}(?:[ ]{_LAST}){{1,2}})"
_NAMED_PUPIL = re.compile(rf"{_LINK}{_NAME}(?![^\W_])")
_NO_NAME = re.compile(
    r"(?:exchange|project|programm|council|school|week|day|mobilit|erasmus|class|club|team|award|europe|union|etwinning|union"
    r"|conference|parliament|association|newspaper|magazine|academy|college|university|group|festival|competition|olymp|grade"
    r"|austausch|projekt|schule|woche|gruppe|klasse|parlament|rat$|zeitung|echange|échange|école|lycée|collège|classe|colegio"
    r"|escuela|instituto|proyecto|intercambio|liceo|istituto|scuola|progetto|scambio|clase|turma|escola|projeto)",
    re.IGNORECASE,
)

_YEARS_OLD = (
    r"years?[ ]old|year-old|yrs?\b|y\.?o\.?\b|jahre|jährig|ans\b|años|anni\b|anos\b|jaar|lat\b|letni|let\b|letá|letý|rokov"
    r"|ročn|éves|ani\b|godin|годин|лет\b|років|роки|гадоў|ετών|χρονών|yaş|år\b|årig|vuotias|vuotta|aasta|gad[iu]|metų|ára\b"
    r"|bliain|vjeç|տարեկան|წლის"
)
_AGED = "aged?|im Alter von|âgée? de|edad|età|idade|wiek|věk|vek|vârsta|yaşı|ηλικία|возраст|вік"
_AGE = re.compile(
    rf"(?<![\w.,/-]){_AGES}[ -]?(?:{_YEARS_OLD})|\b(?:{_AGED})[ :]{{1,2}}{_AGES}(?!\d)|\({_AGES}\)", re.IGNORECASE
)
_CLASS_WORD = (
    r"class|grade|form|year|klasse|classe|clase|turma|curso|groep|klas|klasa|klasy|klasie|třída|třídy|třídě|trieda|triedy|osztály"
    r"|clasa|razred|разред|клас|класс|класа|классе|класі|τάξη|τάξης|sınıf|sinif|klass|klassen|luokka|luokan|klase|klasē|klasė"
    r"|klasės|bekkur|bekk|rang|դասարան|კლასი"
)
_CLASS = re.compile(
    rf"(?<![^\W_])(?:{_CLASS_WORD})[ :]{{1,2}}(?:nr\.? ?|a )?(?:1?\d[ .ºª-]?[a-zα-ωа-я]?|[ivx]{{1,4}}(?:-[a-z])?)(?![^\W_])"
    rf"|(?<![\w,.])1?\d(?:\.|º|ª|th|-[а-яa-z]|[a-zа-я])?[ -]{{0,2}}(?:[a-zа-я][ ])?(?:{_CLASS_WORD})(?![^\W_])",
    re.IGNORECASE,
)


def told_of_pupils(text: str, data: Sequence[PersonalDatum]) -> Iterator[str]:
    """What is told of named pupils besides the name: `age`, `class` or `contact`, each as often as it is told.

    `data` are the personal data of the same text.
    """
    if not data and not _DIGIT.search(text):
        return
    for word in islice(_PUPIL.finditer(text), MAX_CANDIDATES):
        named = _NAMED_PUPIL.match(text, word.end())
        if not named or any(_NO_NAME.match(part) for part in named["name"].split()):
            continue
        after = text[named.end() : named.end() + _REACH]
        yield from _told(text, word, after, named.end(), data)


def _told(text: str, word: re.Match[str], after: str, start: int, data: Sequence[PersonalDatum]) -> Iterator[str]:
    if any(start <= datum.start < start + _REACH and datum.standing is Standing.PERSONAL for datum in data):
        yield "contact"
    for what, pattern in (("age", _AGE), ("class", _CLASS)):
        found = pattern.search(after)
        # a headline writes every word large, and then only what follows at once is the child's
        if found and (word[0][0].islower() or found.start() <= 3 or " " in word[0]):
            yield what
