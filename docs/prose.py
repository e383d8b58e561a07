"""Sentences of the docstrings: mathematics inside them typeset, functions and errors linked, the rest escaped."""

from __future__ import annotations

import re

from equations import EquationError, to_latex

OPERATOR = "[=+−/·<>≤≥←≈]"
ERRORS = r"\b(\w+Error)\b"


def inline(text: str) -> str:
    """A sentence: what reStructuredText would take for markup escaped, functions and errors linked."""
    text = re.sub(r"\x1f", " ", text)
    equation = re.fullmatch(r"([^`]*?)(, see ``functional\.\w+``.*)", text)
    if equation and " = " in equation[1] and _is_whole(equation[1]):
        return f":math:`{to_latex(equation[1])}`{inline(equation[2])}"
    pieces = re.split(r"(``.*?``|(?<!\S)\*\w[^*]*\*(?=\W|$))", text)
    for number in range(0, len(pieces), 2):
        spans = _mathematical(pieces[number])
        plain = [re.sub(ERRORS, _error, re.sub(r"([\\*|_`])", r"\\\1", span)) for span in spans[::2]]
        latex = [f":math:`{to_latex(span)}`" for span in spans[1::2]]
        pieces[number] = "".join(part for pair in zip(plain, [*latex, ""], strict=True) for part in pair)
    for number in range(1, len(pieces), 2):
        pieces[number] = re.sub(r"``functional\.(\w+)``", r":func:`~nnfromscratch.functional.\1`", pieces[number])
    return "".join(pieces)


def _mathematical(text: str) -> list[str]:
    """A sentence cut into prose, mathematics, prose, ..., prose; mathematics is what has an operator and parses."""
    spans = [""]
    words = re.split(r"( +)", text)
    place = 0
    while place < len(words):
        length = _length_of_mathematics(words[place:])
        if length:
            span = "".join(words[place : place + length])
            bare = span.rstrip(".,;:")
            spans += [bare, span[len(bare) :]]
            place += length
        else:
            spans[-1] += words[place]
            place += 1
    return spans


def _length_of_mathematics(words: list[str]) -> int:
    """How many of the words (and spaces) at the beginning are one piece of mathematics; 0 where they are prose."""
    depth, longest = 0, 0
    if not _is_mathematical(words[0]):
        return 0
    for count, word in enumerate(words, start=1):
        if depth == 0 and word.strip() and not re.fullmatch(OPERATOR, word):
            beside = count > 2 and not re.fullmatch(OPERATOR + "|Σ.*", words[count - 3])
            if beside or not _is_mathematical(word):
                break
        depth += sum(map(word.count, "([{")) - sum(map(word.count, ")]}"))
        span = "".join(words[:count]).rstrip(".,;:")
        if depth == 0 and word.strip() and re.search(r"[√∂Σ^²ᵗ·]|\S [=−←≤<>] \S", span) and _is_whole(span):
            longest = count
        if depth == 0 and word[-1:] in (".", ",", ";", ":"):
            break
    goes_on = "".join(words[longest : longest + 2]).strip() in ("=", "+", "−", "/", "·", "←")
    return 0 if goes_on else longest


def _is_mathematical(word: str) -> bool:
    """No word of several letters, but for those that are part of a product or have an argument: lr·c, log(x)."""
    if not re.match(r"[^\W\d_](?![^\W\d_])|[\d(√∂Σ½|−ε]|\w+[·(]", word):
        return False
    return not re.search(r"[^\W\d_]{2,}(?![·(\w])", re.sub(r"∂L|[·_(]\w+|\w+[·(]", "", word))


def _is_whole(span: str) -> bool:
    try:
        to_latex(span)
    except EquationError:
        return False
    return not re.search(r"^[=+/<>≤≥←≈] |^a (?!=)|`", span)


def _error(name: re.Match[str]) -> str:
    room = "gradcheck" if name[1] == "GradientError" else "errors"
    return f":class:`~nnfromscratch.{room}.{name[1]}`"
