"""From the equations of the docstrings, which are plain text, to LaTeX: ``y = x·W + b`` becomes ``y = x \\cdot W + b``.

A small recursive-descent parser. Its grammar, from the loosest to the tightest binding:

    sequence   sums, and between them relations (=, ←, ≤), commas and words
    sum        products, and between them + and −
    product    factors, and between them · and /; a tight a·b (without spaces) binds tighter than a spaced /
    factor     √, Σ, ∂ and log with what they apply to, or an atom with its subscripts, superscripts and arguments
    atom       a number, a letter, a word, or a sequence in brackets

Words of several letters are set upright, as names or as text; single letters are variables.
"""

from __future__ import annotations

import re
import unicodedata

LETTERS = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "ε": r"\varepsilon", "η": r"\eta", "θ": r"\theta",
    "λ": r"\lambda", "μ": r"\mu", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "ℓ": r"\ell",
    "∞": r"\infty", "½": r"\tfrac{1}{2}", "…": r"\dots",
}  # fmt: skip
RELATIONS = {
    "=": "=", "←": r"\leftarrow", "≈": r"\approx", "≤": r"\le", "≥": r"\ge", "<": "<", ">": ">", "~": r"\sim",
    "→": r"\to", "∈": r"\in", "≠": r"\ne",
}  # fmt: skip
SIGNS = {"+": "+", "−": "-", "-": "-"}
TIMES = {"·": r"\cdot", "⊙": r"\odot", "×": r"\times"}
PUNCTUATION = {",": ",", ";": ";", ":": r"\colon", ".": "."}
BRACKETS = {"(": (")", "(", ")"), "[": ("]", "[", "]"), "⌊": ("⌋", r"\lfloor", r"\rfloor"),
            "⌈": ("⌉", r"\lceil", r"\rceil")}  # fmt: skip
BARS = {"|": "|", "‖": r"\|"}
FUNCTIONS = {name: "\\" + name for name in ("log", "exp", "max", "min", "cos", "sin", "tanh")}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᵗˣⁿ", "0123456789+-Ttxn", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₙ", "0123456789ijn", strict=True))
THIN = r"\,"  # the space after a comma in a subscript
HAT = "\N{COMBINING CIRCUMFLEX ACCENT}"

_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?(?:e-?\d+)?)
    |(?P<hat>[A-Za-z]{HAT})
    |(?P<code>``[^`]+``)
    |(?P<word>[A-Za-z][A-Za-z0-9]+(?:_[A-Za-z0-9]{{2,}})*(?:'[a-z]+)?)
    |(?P<own>'s\b)
    |(?P<raised>[{"".join(RAISED)}]+)
    |(?P<lowered>[{"".join(LOWERED)}]+)
    |(?P<dots>\.\.\.)
    |(?P<symbol>.)""",
    re.VERBOSE,
)


class EquationError(ValueError):
    """The text is no equation that can be set."""


def to_latex(text: str) -> str:
    """LaTeX for one equation.

    >>> to_latex("∂L/∂x = γ / √(σ² + ε)")
    '\\\\frac{\\\\partial L}{\\\\partial x} = \\\\frac{\\\\gamma}{\\\\sqrt{\\\\sigma^{2} + \\\\varepsilon}}'
    """
    parser = _Parser(text)
    latex = parser.sequence(None)
    if parser.kind:
        raise EquationError(f"{text!r}: unexpected {parser.text!r}")
    return latex


class _Parser:
    def __init__(self, text: str) -> None:
        self.source = text
        # A letter with a hat becomes two characters; a struck = would too.
        decomposed = unicodedata.normalize("NFD", text).replace(unicodedata.normalize("NFD", "≠"), "≠")
        self.tokens = [(match.lastgroup, match.group()) for match in _TOKEN.finditer(decomposed)]
        self.place = 0
        self.spaced = False
        self._read()

    def _read(self) -> None:
        """The next token; ``spaced`` says whether there was a space before it."""
        self.spaced = False
        while self.place < len(self.tokens) and self.tokens[self.place][0] == "space":
            self.place, self.spaced = self.place + 1, True
        self.kind, self.text = self.tokens[self.place] if self.place < len(self.tokens) else (None, "")

    def take(self) -> str:
        text = self.text
        self.place += 1
        self._read()
        return text

    def _space_follows(self) -> bool:
        return self.place + 1 < len(self.tokens) and self.tokens[self.place + 1][0] == "space"

    def sequence(self, closer: str | None, space: str = r"\ ") -> str:
        parts: list[str] = []
        while self.kind and self.text != closer:
            if self.text in RELATIONS:
                parts.append(f" {RELATIONS[self.take()]} ")
            elif self.text in PUNCTUATION:
                parts.append(PUNCTUATION[self.take()] + (space if self.spaced else ""))
            else:
                if parts and self.spaced and not parts[-1].endswith((" ", space)):
                    parts.append(space)
                parts.append(self.sum())
        return "".join(parts).strip()

    def sum(self) -> str:
        parts = [f"{SIGNS[self.take()]}" if self.text in SIGNS else "", self.product()]
        while self.text in SIGNS:
            parts += [f" {SIGNS[self.take()]} ", self.product()]
        return "".join(parts)

    def product(self) -> str:
        """Factors from left to right; a/b is set as a fraction of the factors beside the stroke."""
        parts, last = [], self.tight()
        while self.text in TIMES or self.text == "/":
            if self.text == "/":
                self.take()
                if not re.search(r"[({]|sum", "".join([*parts, last])):  # a plain product is divided as a whole
                    parts, last = [], "".join([*parts, last])
                last = rf"\frac{{{_bare(last)}}}{{{_bare(self.tight())}}}"
            else:
                parts += [last, f" {TIMES[self.take()]} "]
                last = self.tight()
        return "".join([*parts, last])

    def tight(self) -> str:
        """Factors without a space between them: 2h, lr·m̂; before a spaced stroke they are one numerator."""
        parts = [self.factor()]
        while self.kind and not self.spaced:
            if self.text in TIMES and self._tight_product_divided():
                parts.append(f" {TIMES[self.take()]} ")
            elif not self._begins_factor():
                break
            parts.append(self.factor())
        return "".join(parts)

    def _tight_product_divided(self) -> bool:
        """Whether the tight · here belongs to a product that a stroke with spaces around it divides."""
        rest = "".join(text for _, text in self.tokens[self.place :])
        return re.match(r"[·⊙×][^\s·/()\[\]]+ / ", rest) is not None

    def _begins_factor(self) -> bool:
        known = self.text in LETTERS or self.text in ("(", "√", "⌊", "⌈")
        return known or self._is_letter() or self.kind in ("number", "word", "hat")

    def _is_letter(self) -> bool:
        return len(self.text) == 1 and self.text.isascii() and self.text.isalpha()

    def factor(self) -> str:
        if self.text == "√":
            self.take()
            return rf"\sqrt{{{_bare(self.factor())}}}"
        if self.text == "∂":
            self.take()
            return rf"\partial {self.factor()}"
        if self.text == "Σ":
            self.take()
            below = self._below()
            if self.kind == "word" and self.spaced:
                return rf"\sum{below}\ "
            wide = r"\;" if len(below) > 12 else ""  # room for what stands below
            return rf"\sum{below}{wide} {self.product()}"
        if self.text in FUNCTIONS and self.kind == "word":
            name = FUNCTIONS[self.take()]
            name += self._below()
            return name + (self._postfix("") if self.text == "(" and not self.spaced else f" {self.factor()}")
        return self._postfix(self.atom())

    def _below(self) -> str:
        """What stands under Σ or max."""
        if self.text != "_" or self.spaced:
            return ""
        self.take()
        return f"_{{{self._script()}}}"

    def _script(self) -> str:
        return self._group() if self.text == "{" else self.atom()

    def _group(self) -> str:
        self.take()
        inside = self.sequence("}", THIN)
        self._close("}")
        return inside

    def atom(self) -> str:
        kind, text = self.kind, self.text
        if kind == "number":
            return self.take()
        if kind == "hat":
            return rf"\hat{{{self.take()[0]}}}"
        if kind == "word":
            return rf"\text{{{self.take()}}}"
        if kind == "code":
            return rf"\texttt{{{self.take().strip('`')}}}"
        if kind == "dots":
            self.take()
            return r"\dots"
        if text in LETTERS:
            return LETTERS[self.take()]
        if self._is_letter():
            return self.take()
        if text in BARS:
            self.take()
            inside = self.sequence(text)
            self._close(text)
            return rf"\left{BARS[text]}{inside}\right{BARS[text]}"
        if text in BRACKETS:
            return self.bracket()
        raise EquationError(f"{self.source!r}: unexpected {text or 'end'!r}")

    def bracket(self) -> str:
        closer, left, right = BRACKETS[self.take()]
        inside = self.sequence(closer)
        self._close(closer)
        if re.search(r"\\frac|\\sum|\\left", inside):
            return rf"\left{left} {inside} \right{right}"
        return f"{left}{' ' if len(left) > 1 else ''}{inside}{right}"

    def _close(self, closer: str) -> None:
        if self.text != closer:
            raise EquationError(f"{self.source!r}: {closer!r} is missing")
        self.take()

    def _postfix(self, base: str) -> str:
        """Subscripts, superscripts and arguments, which follow without a space."""
        word = base.startswith(r"\text")
        while self.kind and not self.spaced:
            if self.kind == "raised":
                raised = "".join(RAISED[c] for c in self.take())
                base += r"^{\top}" if raised == "T" else f"^{{{raised}}}"
            elif self.kind == "own":
                base += rf"\text{{{self.take()}}}"
            elif self.kind == "lowered":
                base += f"_{{{''.join(LOWERED[c] for c in self.take())}}}"
            elif self.text in ("^", "_"):
                base += f"{self.take()}{{{self._script()}}}"
            elif self.text == "[" and word and not base.endswith(")"):
                base += self.bracket()  # Var[w]
            elif self.text == "[":
                self.take()
                base += f"_{{{self.sequence(']', THIN)}}}"
                self._close("]")
            elif self.text == "(" and (base == "" or base[-1].isalpha() or base[-1] == "}"):
                base += self.bracket()
            else:
                break
        return base


def _bare(latex: str) -> str:
    """Without the parentheses around the whole: a fraction and a root need none."""
    whole = re.fullmatch(r"(?:\\left)?\((.*?)(?:\\right)?\)", latex)
    if not whole:
        return latex
    depth = 0
    for character in whole[1]:
        depth += (character == "(") - (character == ")")
        if depth < 0:  # the first parenthesis closes before the end, as in (a)·(b)
            return latex
    return whole[1].strip()
