"""Every public docstring has the order that the project promises, and the documentation can typeset it."""

import importlib
import inspect
import re

import pytest
from docstrings import arguments_of, is_equation, to_rst

from nnfromscratch import functional, initializers, layers, optimizers, schedules

MODULES = (
    "functional", "layers", "optimizers", "schedules", "initializers", "data", "models", "training", "plotting",
    "gradcheck", "kernels", "gan", "semi",
)  # fmt: skip


def _public(module):
    """The functions and classes that a module offers, by name."""
    names = getattr(module, "__all__", None) or [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
    ]
    things = {name: getattr(module, name) for name in names}
    return {name: thing for name, thing in things.items() if inspect.isfunction(thing) or inspect.isclass(thing)}


ROOMS = {name: importlib.import_module(f"nnfromscratch.{name}") for name in MODULES}
ROOMS["kernels.loops"] = importlib.import_module("nnfromscratch.kernels.loops")
PUBLIC = {f"{room}.{name}": thing for room, module in ROOMS.items() for name, thing in _public(module).items()}
DOCUMENTED = {name: thing for name, thing in PUBLIC.items() if inspect.getdoc(thing)}


def _rst(thing):
    return to_rst(inspect.getdoc(thing).splitlines(), arguments_of(thing))


def _mathematics(rst):
    """The LaTeX of the displayed and the inline equations."""
    text = "\n".join(rst)
    return re.findall(r"\\begin\{aligned\}(.*?)\\end\{aligned\}", text, re.DOTALL) + re.findall(r":math:`(.*?)`", text)


def test_there_is_something_to_look_at():
    assert len(DOCUMENTED) > 70


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_a_docstring_with_one_sentence_first(name):
    assert name in DOCUMENTED
    first = inspect.getdoc(PUBLIC[name]).split("\n\n")[0]
    assert first.rstrip().endswith((".", ":", "²).")) or is_equation(first.splitlines()[0]), first


@pytest.mark.parametrize("name", DOCUMENTED)
def test_equations_are_translated_completely(name):
    for latex in _mathematics(_rst(DOCUMENTED[name])):
        assert latex.isascii(), [character for character in latex if not character.isascii()]
        for opening, closing in (("{", "}"), (r"\left", r"\right")):
            bare = latex.replace(r"\leftarrow", "").replace(r"\{", "").replace(r"\}", "")
            assert bare.count(opening) == bare.count(closing)
        assert not re.search(r"\\text\{\}|\\frac\{\}|\{\}\{", latex)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_nothing_looks_like_an_equation_and_is_not_set(name):
    """A line that begins like an equation but cannot be translated would appear as plain text behind "::"."""
    rst = _rst(DOCUMENTED[name])
    starts = [k for k, line in enumerate(rst) if line == "::"]
    assert not [rst[k + 2] for k in starts if is_equation(rst[k + 2])]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_are_untouched(name):
    lines = inspect.getdoc(DOCUMENTED[name]).splitlines()
    rst = _rst(DOCUMENTED[name])
    assert [line for line in rst if line.startswith(">>>")] == [line for line in lines if line.startswith(">>>")]


@pytest.mark.parametrize("name", functional.__all__)
def test_an_operation_has_equation_gradient_shapes_and_source(name):
    rst = "\n".join(_rst(getattr(functional, name)))
    latex = " ".join(_mathematics(rst.splitlines()))
    assert r"\frac{\partial" in latex, "the derivative is missing"
    assert re.search(r"(y|\\ell|\\hat\{x\}).* &?=", latex), "the forward equation is missing"
    assert ".. list-table::" in rst, "the shapes are missing"
    assert "Source: " in rst or name in ("reshape", "flatten")
    assert ">>> " in rst


NOT_LAYERS = {"Layer", "Parameters", "initialize_from_data", "unfused"}


@pytest.mark.parametrize("name", sorted(set(layers.__all__) - NOT_LAYERS))
def test_a_layer_names_its_operation_and_its_shapes(name):
    docstring = inspect.getdoc(getattr(layers, name))
    assert "see ``functional." in docstring or name == "Sequential"
    if name in ("Dense", "Conv2d", "ConvTranspose2d", "BatchNorm", "LayerNorm"):
        assert ".. list-table::" in "\n".join(_rst(getattr(layers, name)))
        assert "Raises " in docstring


@pytest.mark.parametrize("name", ["SGD", "Momentum", "RMSProp", "Adam", "clip_by_norm"])
def test_an_optimizer_has_its_update_and_its_source(name):
    docstring = inspect.getdoc(getattr(optimizers, name))
    assert r"\leftarrow" in " ".join(_mathematics(_rst(getattr(optimizers, name))))
    assert "Source: " in docstring
    assert ">>> " in docstring


@pytest.mark.parametrize("name", ["Constant", "StepDecay", "Cosine", "LinearToZero"])
def test_a_schedule_has_its_equation(name):
    assert "s(t) &=" in " ".join(_mathematics(_rst(getattr(schedules, name))))


@pytest.mark.parametrize("name", ["he", "glorot", "lecun"])
def test_an_initializer_has_its_variance_and_its_source(name):
    docstring = inspect.getdoc(getattr(initializers, f"{name}_normal"))
    assert r"\text{Var}[w] &=" in " ".join(_mathematics(_rst(getattr(initializers, f"{name}_normal"))))
    assert "Source: " in docstring


def test_the_parts_of_a_docstring():
    docstring = """Every output is a weighted sum.

    y = x·W + b                    ∂L/∂b = Σ_n ∂L/∂y[n]

    x: (N, D)   weight W: (D, K), any order
    padding: a number, "same" or "valid". eps ε: above 0
    and below 1. A last *word* with a | bar.
    Raises ShapeError where D disagrees,
    as ``functional.dense`` does.
    Source: Somebody (1999), section_1.

    >>> 1 | 1
    1
    """
    rst = to_rst(inspect.cleandoc(docstring).splitlines(), ["x", "weight", "padding", "eps"])
    assert rst[0] == "Every output is a weighted sum."
    assert (
        r"   y &= x \cdot W + b \qquad \frac{\partial L}{\partial b} = \sum_{n} \frac{\partial L}{\partial y_{n}}"
        in rst
    )
    assert "     - ``(N, D)``" in rst
    assert "   * - ``weight`` :math:`W`" in rst
    assert "     - ``(D, K)``, any order" in rst
    assert '     - a number, ``"same"`` or ``"valid"``.' in rst
    assert r"   * - ``eps`` :math:`\varepsilon`" in rst
    text = "\n".join(rst)
    assert r"A last *word* with a \| bar." in text
    assert "   Raises :class:`~nnfromscratch.errors.ShapeError` where D disagrees," in text
    assert ":func:`~nnfromscratch.functional.dense`" in text
    assert r"   Source: Somebody (1999), section\_1." in rst
    assert rst[-3:-1] == [">>> 1 | 1", "1"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("∂L/∂W[f, c, p, q] = Σ_n x[n]", True),
        ("v ← μ·v + g", True),
        ("recall[k]    = M[k, k] / Σ_j M[k, j]            of what is k, the share that was found", True),
        ("s(t) = 1", True),
        ("At x = 0, where the slope jumps, the gradient is 0.", False),
        ("lr >= 0, weight_decay >= 0, else RangeError.", False),
        ("Raises RangeError where steps < 1.", False),
        ("x: (N, D)   weight: (D, K)", False),
    ],
)
def test_what_is_an_equation(line, expected):
    assert is_equation(line) == expected


def test_matrices_in_two_lines_become_matrices():
    lines = ["A = s · [cos α  −sin α] · [1  0]       |α| ≤ 1", "        [sin α   cos α]   [k  1]"]
    text = "\n".join(to_rst(["Turns.", "", *lines]))
    assert r"\begin{pmatrix} \cos \alpha & -\sin \alpha \\ \sin \alpha & \cos \alpha \end{pmatrix}" in text
    assert r"\begin{pmatrix} 1 & 0 \\ k & 1 \end{pmatrix}" in text


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "It is computed as log(1 + e^{−|x|}), which is finite.",
            r"as :math:`\log\left( 1 + e^{-\left|x\right|} \right)`,",
        ),
        ("These are constants: ∂L/∂x = g · 2.", r": :math:`\frac{\partial L}{\partial x} = g \cdot 2`."),
        ("At x = 0 a kink, a = b there.", r"At :math:`x = 0` a kink, :math:`a = b` there."),
        ("A number from 0 to 1 of N images.", "A number from 0 to 1 of N images."),
        ("Then OH = (H − 1)·s − top rows.", "Then OH = (H − 1)·s − top rows."),
    ],
)
def test_mathematics_inside_a_sentence(sentence, expected):
    assert expected in "\n".join(to_rst([sentence]))
