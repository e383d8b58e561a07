"""Unicode equations become the LaTeX that a person would write."""

import pytest
from equations import EquationError, to_latex


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("y = x·W + b", r"y = x \cdot W + b"),
        ("y[n, k] = Σ_d x[n, d]", r"y_{n,\,k} = \sum_{d} x_{n,\,d}"),
        ("∂L/∂x = ∂L/∂y · Wᵀ", r"\frac{\partial L}{\partial x} = \frac{\partial L}{\partial y} \cdot W^{\top}"),
        ("y = 1 / (1 + e⁻ˣ)", r"y = \frac{1}{1 + e^{-x}}"),
        ("θ − lr·m̂ / (√v̂ + ε)", r"\theta - \frac{\text{lr} \cdot \hat{m}}{\sqrt{\hat{v}} + \varepsilon}"),
        ("γ / √(σ² + ε) · z", r"\frac{\gamma}{\sqrt{\sigma^{2} + \varepsilon}} \cdot z"),
        ("(a + b)·(c + d) / e", r"(a + b) \cdot \frac{c + d}{e}"),
        ("2 · a · b / (a + b)", r"\frac{2 \cdot a \cdot b}{a + b}"),
        ("γ / √σ · z / M", r"\frac{\gamma}{\sqrt{\sigma}} \cdot \frac{z}{M}"),
        ("f(a) / 2h", r"\frac{f(a)}{2h}"),
        ("1/M Σ (x − μ)²", r"\frac{1}{M}\ \sum (x - \mu)^{2}"),
        ("max_{p, q} x[p]", r"\max_{p,\,q} x_{p}"),
        ("−log softmax(z)[t]", r"-\log \text{softmax}(z)_{t}"),
        ("z − [k = t[n]]", r"z - [k = t_{n}]"),
        ("e^{−|z|}", r"e^{-\left|z\right|}"),
        ("v = Wᵀ·u / ‖Wᵀ·u‖", r"v = \frac{W^{\top} \cdot u}{\left\|W^{\top} \cdot u\right\|}"),
        ("factor^⌊t / every⌋", r"\text{factor}^{\left\lfloor \frac{t}{\text{every}} \right\rfloor}"),
        ("x where x > 0, otherwise 0", r"x\ \text{where}\ x > 0,\ \text{otherwise}\ 0"),
        ("v ← β₁·v", r"v \leftarrow \beta_{1} \cdot v"),
        ("x_{i−1}", "x_{i - 1}"),
        ("Σ_{j≠n} ŝ[j]", r"\sum_{j \ne n} \hat{s}_{j}"),
        ("x's shape", r"x\text{'s}\ \text{shape}"),
        ("OH = ⌈H / s⌉", r"\text{OH} = \left\lceil \frac{H}{s} \right\rceil"),
        ("weight_decay", r"\text{weight_decay}"),
        ("½·(1 + cos(π·u))", r"\tfrac{1}{2} \cdot (1 + \cos(\pi \cdot u))"),
    ],
)
def test_equations(text, latex):
    assert to_latex(text) == latex


@pytest.mark.parametrize("text", ["x = (1", "x = 1)", "x = ☃", "x +", "[1, 2"])
def test_what_is_no_equation_is_refused(text):
    with pytest.raises(EquationError):
        to_latex(text)
