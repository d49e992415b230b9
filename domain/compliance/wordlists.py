"""Word lists and their exceptions as data, and what of them a text holds.

    lists = WordLists([Word("absolute", "国家级"), …], [Exemption(…), …])
    lists.hits("本店的国 家 级品质")       # one Hit: 国家级, from 3 to 8 of the text

Matching   letters.py says what of a text is read; at each place the longest word counts. 「转发…领」 is 转发, at most
           eight letters of anything, and 领
Files      *.txt: words between white space, `#` begins a comment. exceptions.yaml: where a word means no harm, and why
Raises     WordsRefused with file line, key and what is allowed
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from domain.compliance.letters import Letters, read, spelling
from domain.document import Fault, Form, Node, Refused, Wrong, each, flag, from_yaml, one_of, text

GAP = "…"
LONGEST_GAP = 8
AROUND = 12  # letters on either side that an exception may look at
SHORTEST, LONGEST = 2, 30
NUMBER = "#"  # in an exception's words: any number

# The grounds on which an absolute word may stand (compliance.md §7), and that it is another word altogether.
GROUNDS: Mapping[str, str] = {
    "time_or_stock": "时间或库存事实",
    "own_range": "自家规格比较",
    "use_advice": "使用建议",
    "registered_name": "注册名称",
    "other_meaning": "不是这个意思",
}
_GROUND_OF = {title: ground for ground, title in GROUNDS.items()}
RECORDED = tuple(title for ground, title in GROUNDS.items() if ground != "other_meaning")


class WordsRefused(Refused):
    code = "words.refused"


@dataclass(frozen=True, slots=True)
class Word:
    """`list` is the name of its list; `own`: added by the merchant."""

    list: str
    text: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """`start` and `end` are places in the text that was checked, `said` what stands there."""

    word: Word
    start: int
    end: int
    said: str


@dataclass(frozen=True, slots=True)
class Exemption:
    """Where words mean no harm: with one of `before` in front, one of `behind` after them, one of `near` close by
    (in another part of the sentence as well).

    within      as part of one of these phrases
    across      where a sentence ends within the word
    everywhere  in the one text that it was recorded for
    """

    words: frozenset[str]  # as spelt by letters.spelling
    ground: str
    reason: str
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    within: tuple[str, ...] = ()  # spelt
    across: bool = False
    everywhere: bool = False
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, words, form in (("before", self.before, "(?:%s)$"), ("behind", self.behind, "(?:%s)"),
                                  ("near", self.near, "(?:%s)")):  # fmt: skip
            if words:
                self._patterns[name] = re.compile(form % "|".join(map(_pattern, words)))

    def holds(self, letters: Letters, start: int, end: int) -> bool:
        if self.everywhere or (self.across and letters.spans_break(start, end)):
            return True
        if self.within and any(_is_within(letters.text, start, end, phrase) for phrase in self.within):
            return True
        before, behind = letters.before(start, AROUND), letters.behind(end, AROUND)
        around = f"{letters.text[max(0, start - AROUND) : start]}\n{letters.text[end : end + AROUND]}"
        patterns = self._patterns
        return (
            ("before" in patterns and patterns["before"].search(before) is not None)
            or ("behind" in patterns and patterns["behind"].match(behind) is not None)
            or ("near" in patterns and patterns["near"].search(around) is not None)
        )


def recorded(word: str, ground: str, reason: str) -> Exemption:
    """An exception for one text, on one of the grounds of the law."""
    return Exemption(frozenset((spelling(word),)), ground, reason, everywhere=True)


def kept(word: str, phrase: str, ground: str, reason: str) -> Exemption:
    """An exception for a phrase, wherever it stands: a registered name."""
    return Exemption(frozenset((spelling(word),)), ground, reason, within=(spelling(phrase),))


def _is_within(said: str, start: int, end: int, phrase: str) -> bool:
    at = phrase.find(said[start:end])
    return at >= 0 and said[max(0, start - at) : start - at + len(phrase)] == phrase


def _pattern(words: str) -> str:
    return r"\d+".join(re.escape(spelling(part)) for part in words.split(NUMBER))


_Trie: TypeAlias = dict[str | None, Any]


class WordLists:
    """All lists, ready to look; immutable and shared by threads."""

    def __init__(self, words: Iterable[Word], exceptions: Iterable[Exemption]) -> None:
        self.words = tuple(words)
        self.exceptions = tuple(exceptions)
        self._excepted: dict[str, list[Exemption]] = {}
        for exception in self.exceptions:
            for word in exception.words:
                self._excepted.setdefault(word, []).append(exception)
        self._trie: _Trie = {}
        self._gaps: list[tuple[Word, str, re.Pattern[str]]] = []
        for listed in self.words:
            if GAP in listed.text:
                parts = listed.text.split(GAP)
                pattern = re.compile(f".{{0,{LONGEST_GAP}}}?".join(map(_pattern, parts)))
                self._gaps.append((listed, spelling(parts[0]), pattern))
            else:
                self._plant(listed)

    def _plant(self, word: Word) -> None:
        branch = self._trie
        for letter in spelling(word.text):
            branch = branch.setdefault(letter, {})
        branch.setdefault(None, word)

    def hits(self, text: str, exceptions: Iterable[Exemption] = ()) -> list[Hit]:
        """What the text holds of the lists, in order; `exceptions` are those recorded for this text."""
        letters = read(text)
        own = tuple(exceptions)
        found = [
            (start, end, word)
            for start, end, word in (*self._whole(letters, own), *self._with_gaps(letters))
            if not self._is_excepted(letters, start, end, spelling(word.text), own)
        ]
        found.sort(key=lambda hit: (hit[0], -hit[1]))
        return [self._hit(text, letters, start, end, word) for start, end, word in found]

    def _hit(self, text: str, letters: Letters, start: int, end: int, word: Word) -> Hit:
        first, last = letters.span(start, end)
        return Hit(word, first, last, text[first:last])

    def _whole(self, letters: Letters, own: tuple[Exemption, ...]) -> Iterator[tuple[int, int, Word]]:
        said, at = letters.text, 0
        while at < len(said):
            branch: _Trie | None = self._trie.get(said[at])
            if branch is None:
                at += 1
                continue
            end, word, place = 0, None, at + 1
            while branch is not None:
                if None in branch:
                    end, word = place, branch[None]
                branch = branch.get(said[place]) if place < len(said) else None
                place += 1
            if word is None:
                at += 1
                continue
            yield at, end, word
            at = at + 1 if self._is_excepted(letters, at, end, said[at:end], own) else end

    def _with_gaps(self, letters: Letters) -> Iterator[tuple[int, int, Word]]:
        for word, beginning, pattern in self._gaps:
            for match in pattern.finditer(letters.text) if beginning in letters.text else ():
                yield match.start(), match.end(), word

    def _is_excepted(self, letters: Letters, start: int, end: int, spelt: str, own: tuple[Exemption, ...]) -> bool:
        listed = (*self._excepted.get(spelt, ()), *(it for it in own if spelt in it.words))
        return any(exception.holds(letters, start, end) for exception in listed)


# ---------------------------------------------------------------------------------------------------------------
# Files


def parse_list(name: str, source: str, *, own: bool = False) -> list[Word]:
    """The words of one list file."""
    found: dict[str, Word] = {}
    faults: list[Fault] = []
    for number, line in enumerate(source.splitlines(), start=1):
        for told in line.split("#", maxsplit=1)[0].split():
            if said := word_fault(told):
                faults.append(Fault(number, told, *said))
            else:
                found.setdefault(told, Word(name, told, own))
    if faults:
        raise WordsRefused(faults)
    return list(found.values())


def word_fault(told: str) -> tuple[str, str] | None:
    """What is wrong with a word, in Chinese and English; None for a good one."""
    parts = told.split(GAP)
    letters = sum(len(spelling(part)) for part in parts)
    if len(parts) > 1 and not all(map(spelling, parts)):
        return "「…」的前后都要有字", "letters are expected on both sides of …"
    if not SHORTEST <= letters <= LONGEST:
        return (
            f"一个词要有 {SHORTEST} 到 {LONGEST} 个字（标点不算）",
            f"a word has {SHORTEST} to {LONGEST} letters, punctuation not counted",
        )
    return None


def parse_exceptions(source: str) -> tuple[Exemption, ...]:
    """The exceptions of a YAML file: `exceptions: [{words: […], behind: […], kind: …, reason: …}]`."""
    try:
        root = from_yaml(source)
    except Refused as refused:
        raise WordsRefused(refused.faults) from None
    form = Form(root)
    found = form.done(form.need("exceptions", each(_read_exception)))
    if root.faults:
        raise WordsRefused(sorted(root.faults, key=lambda fault: fault.line or 0))
    return found


def _read_exception(node: Node) -> Exemption:
    form = Form(node)
    words = form.need("words", each(_listed_word, at_least=1)) or ()
    ground = form.need("kind", one_of(*GROUNDS.values()))
    exception = Exemption(
        words=frozenset(map(spelling, words)),
        ground=_GROUND_OF.get(ground, ""),
        reason=form.need("reason", text(120)),
        before=form.may("before", each(text(20)), ()),
        behind=form.may("behind", each(text(20)), ()),
        near=form.may("near", each(text(20)), ()),
        across=form.may("across", flag, False),
    )
    if not (exception.before or exception.behind or exception.near or exception.across):
        node.wrong(
            "要写 before、behind、near 或 across：什么情况下不算",
            "one of before, behind, near or across is expected: where the word is none",
        )
    return form.done(exception)


def _listed_word(node: Node) -> str:
    told: str = text(LONGEST)(node)
    if said := word_fault(told):
        raise Wrong(*said)
    return told
