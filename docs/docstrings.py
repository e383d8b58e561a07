"""From the package's docstrings, which are plain text for ``help()``, to pages with typeset equations.

Every docstring has the same order: one sentence; equations; shapes and settings; errors; source; an example. What a
line is can be seen from how it begins, so ``to_rst`` needs no markup in the docstring:

    y = x·W + b                    ∂L/∂b = Σ_n ∂L/∂y[n]         equations (equations.py makes LaTeX of them)
    x: (N, D)   weight: (D, K)     eps ε: a finite number       a table; the names are the function's arguments
    Raises ShapeError where ...    Source: ...                  paragraphs of their own
    >>> ...                                                     the example, untouched
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable

from equations import EquationError, to_latex
from prose import inline

WIDTH = 112  # a line that has no room left for the next word was wrapped; a shorter one ends where its author wanted
ROOM = 58  # characters of an equation that fit beside another one
ALWAYS = ("x", "y", "weight", "bias", "images", "labels", "ℓ", "μ", "σ²", "state", "params", "out", "pixels", "weights")


def to_rst(docstring: Iterable[str], arguments: Iterable[str] = ()) -> list[str]:
    """reStructuredText for the lines of a docstring; ``arguments`` are the names that may head a line of shapes."""
    is_entry = _entry_pattern([*arguments, *ALWAYS])
    blocks: list[tuple[str, list[str]]] = []
    for number, paragraph in enumerate(_paragraphs(docstring)):
        for kind, lines in _split(paragraph, is_entry, first=number == 0):
            if blocks and kind == "equations" == blocks[-1][0]:
                blocks[-1][1].extend(lines)
            else:
                blocks.append((kind, list(lines)))
    return [line for kind, lines in blocks for line in (*_RENDER[kind](lines, is_entry), "")]


def arguments_of(thing: object) -> list[str]:
    """The names of a function's or a class's arguments, as far as it tells."""
    try:
        return [name for name in inspect.signature(thing).parameters if name != "self"]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return []


def is_equation(line: str) -> bool:
    """Whether a line begins with something short and mathematical, then a sign of relation.

    >>> is_equation("∂L/∂W[f, c, p, q] = Σ_n x[n] · ∂L/∂y[n]"), is_equation("On L = ½·c·θ² it follows a line.")
    (True, False)
    """
    first = re.split(r"\s{2,}", _unaligned(line))[0]
    left, sign, _ = _partition(first)
    plain = re.sub(r"\[.*?\]|\(.*?\)|∂L|_\w+", "", left)
    words = re.findall(r"[^\W\d_]{2,}", plain)
    prose = len(words) > 1 or re.match(r"[A-Z][a-z]+ ", left) or "," in plain or ". " in first
    return bool(sign) and not prose and len(left) <= 40


def _unaligned(line: str) -> str:
    """Without the spaces that put signs of relation below each other."""
    return re.sub(r"\s+(?=[=←≈])", " ", line.strip())


def _partition(text: str) -> tuple[str, str, str]:
    """Left side, sign and right side at the first relation outside brackets."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character in "([{⌊") - (character in ")]}⌋")
        if depth == 0 and (character in "←≈" or (character == "=" and text[place - 1] not in "<>=!")):
            return text[:place].strip(), character, text[place + 1 :].strip()
    return text, "", ""


def _entry_pattern(names: list[str]) -> re.Pattern[str]:
    """``weight γ, bias β: ``, ``padding, whose pixels count as zeros: `` at the beginning of a sentence or a column."""
    name = rf"(?:{'|'.join(map(re.escape, sorted(set(names), key=len, reverse=True)))})(?: [^\W\d_](?=[:,]))?"
    known = rf"(?:(?<=\x1f)|(?<=[.;] )|^)(?:{name}(?:(?:, | and ){name})*)"
    return re.compile(rf"({known}|(?<=\x1f)\w[\w ]{{1,20}})(, whose [^:.]+)?: ")


def _paragraphs(docstring: Iterable[str]) -> list[list[str]]:
    paragraphs: list[list[str]] = [[]]
    for line in docstring:
        if line.strip():
            paragraphs[-1].append(line.rstrip())
        elif paragraphs[-1]:
            paragraphs.append([])
    return [paragraph for paragraph in paragraphs if paragraph]


def _split(paragraph: list[str], is_entry: re.Pattern[str], *, first: bool) -> list[tuple[str, list[str]]]:
    """The blocks of one paragraph: (kind, lines)."""
    if paragraph[0].lstrip().startswith(">>>"):
        return [("example", paragraph)]
    if _matrices(paragraph):
        return [("equations", [_matrices(paragraph)])]
    if all(line.startswith("    ") for line in paragraph):
        kind = "equations" if all(map(is_equation, paragraph)) else "literal"
        return [(kind, [line[4:] for line in paragraph])]
    blocks: list[tuple[str, list[str]]] = []
    for number, line in enumerate(paragraph):
        previous = paragraph[number - 1] if number else ""
        following = paragraph[number + 1] if number + 1 < len(paragraph) else ""
        begins = re.match(r"(Raises(?=[ ,])|Errors(?=:)|Source(?=:| of))", line)
        full = len(previous) + 1 + len(line.split()[0]) > WIDTH
        wrapped = bool(previous) and full and blocks[-1][0] != "equations"
        runs_on = len(line) > WIDTH - 12 and following and not is_equation(following)
        if begins:
            blocks.append((begins[1].lower(), [line]))
        elif wrapped:
            blocks[-1][1].append(line)
        elif is_equation(line) and not runs_on and not (first and not _sets(line)):
            blocks.append(("equations", [line]))
        elif is_entry.match(line) and blocks and blocks[-1][0] == "text" and is_entry.search(" ".join(blocks[-1][1])):
            blocks[-1][1].append("\x1f" + line)
        else:
            blocks.append(("text", [line]))
    return blocks


def _sets(line: str) -> bool:
    """Whether a first sentence is an equation and nothing else."""
    try:
        to_latex(line.rstrip("."))
    except EquationError:
        return False
    return ", see " not in line


def _matrices(lines: list[str]) -> str:
    """Two lines with matrices in them as one line, a matrix being \x02a\x1fb\x1fc\x1fd\x03; "" where there are none."""
    if len(lines) != 2:
        return ""
    places = list(re.finditer(r"\[(\S.*?) {2,}(\S.*?)\]", lines[0]))
    below = [re.match(r"\[ ?(\S.*?) {2,}(\S.*?)\]", lines[1][place.start() :]) for place in places]
    if not places or not all(below):
        return ""
    line, rest = lines[0], lines[1]
    for place, under in reversed(list(zip(places, below, strict=True))):
        matrix = f"\x02{place[1]}\x1f{place[2]}\x1f{under[1]}\x1f{under[2]}\x03"  # type: ignore[index]
        line = line[: place.start()] + matrix + line[place.end() :]
        rest = rest[: place.start()] + " " * len(under[0]) + rest[place.start() + len(under[0]) :]  # type: ignore[index]
    return line + "   " + rest.strip()


def _latex(text: str) -> str:
    pieces = re.split(r"\x02(.*?)\x03", text)
    for number in range(1, len(pieces), 2):
        a, b, c, d = (to_latex(cell) for cell in pieces[number].split("\x1f"))
        pieces[number] = rf"\begin{{pmatrix}} {a} & {b} \\ {c} & {d} \end{{pmatrix}}"
    for number in range(0, len(pieces), 2):
        pieces[number] = _around_matrices(pieces[number]) if len(pieces) > 1 else to_latex(pieces[number])
    return " ".join(pieces)


def _around_matrices(text: str) -> str:
    """What stands before or between matrices ends with, or is, a · that has lost its factor."""
    body = text.strip().removesuffix("·").strip()
    return (to_latex(body) if body else "") + (r" \cdot " if text.strip().endswith("·") else "")


def equation_rows(lines: list[str]) -> list[str]:
    """LaTeX rows: equations that stand beside each other stay so where there is room; & marks the sign of relation."""
    rows = []
    for line in lines:
        row: list[str] = []
        used = 0
        for segment in re.split(r"\s{2,}", _unaligned(line)):
            if row and used + len(segment) > ROOM:
                rows.append(r" \qquad ".join(row))
                row, used = [], 0
            left, sign, right = _partition(segment)
            if row or not sign or re.match(r"[a-z]{2,} ", left):
                row.append(("" if row else "& ") + _latex(segment))
            else:
                row.append(f"{_latex(left) if left else ''} &{_latex(sign + ' ' + right)}")
            used += len(segment)
        rows.append(r" \qquad ".join(row))
    return rows


def _equations(lines: list[str], _: re.Pattern[str]) -> list[str]:
    try:
        rows = equation_rows(lines)
    except EquationError:
        return _literal(lines, _)
    body = [row + (r" \\[6pt]" if row is not rows[-1] else "") for row in rows]
    return [".. math::", "   :no-wrap:", "", r"   \[\begin{aligned}", *(f"   {row}" for row in body),
            r"   \end{aligned}\]"]  # fmt: skip


def _literal(lines: list[str], _: re.Pattern[str]) -> list[str]:
    return ["::", "", *("   " + line.replace("``", "") for line in lines)]


def _example(lines: list[str], _: re.Pattern[str]) -> list[str]:
    return lines


def _source(lines: list[str], _: re.Pattern[str]) -> list[str]:
    return [".. container:: source", "", "   " + inline(" ".join(lines))]


def _raises(lines: list[str], _: re.Pattern[str]) -> list[str]:
    return [".. container:: raises", "", "   " + inline(" ".join(lines))]


def _text(lines: list[str], is_entry: re.Pattern[str]) -> list[str]:
    """Paragraphs, and tables where arguments are explained."""
    text = re.sub(r"\s{3,}", "\x1f", " ".join(lines)).replace(" \x1f", "\x1f")
    found = list(is_entry.finditer(text))
    if not found:
        return [inline(text.replace("\x1f", "   "))]
    result = [inline(text[: found[0].start()].strip()), ""] if found[0].start() else []
    result += [".. list-table::", "   :class: shapes", "   :widths: auto", ""]
    for entry, following in zip(found, [*found[1:], None], strict=True):
        said = text[entry.end() : following.start() if following else None].strip(" \x1f;")
        whose = entry[2].removeprefix(", ") + ": " if entry[2] else ""
        result += [f"   * - {_names(entry[1])}", f"     - {_shapes(whose + said)}"]
    return result


def _names(names: str) -> str:
    """Arguments as code, the letters that stand for them in the equations as mathematics."""
    parts = []
    for part in re.split(r"(, | and )", names):
        name, _, letter = part.strip().partition(" ")
        if part.strip() in ("and", ",") or len(letter) > 2:
            parts.append(part)
        elif name.isascii():
            parts.append(f"``{name}``" + (f" :math:`{to_latex(letter)}`" if letter else ""))
        else:
            parts.append(f":math:`{to_latex(name)}`")
    return "".join(parts)


def _shapes(text: str) -> str:
    """Shapes such as (N, C, H, W), and choices such as "same", as code."""
    item = r"(?:[^()\s,]+|\([^()\s,]+, [^()\s,]+\))"
    pieces = re.split(rf"(``.*?``|\"\w+\"|\({item}(?:, {item})*,?\)(?=[\s.,;]|$))", text)
    code = [piece.startswith('"') or (piece.startswith("(") and "," in piece) for piece in pieces]
    literal = [f"``{piece}``" if is_code else inline(piece) for piece, is_code in zip(pieces, code, strict=True)]
    return "".join(literal)


_RENDER: dict[str, Callable[[list[str], re.Pattern[str]], list[str]]] = {
    "equations": _equations, "literal": _literal, "example": _example, "text": _text,
    "raises": _raises, "errors": _raises, "source": _source,
}  # fmt: skip
