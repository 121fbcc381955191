"""latex: what a picture says, in mathematics."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_naming import names

from autograd import Value, exp, formula, grad, tanh
from autograd.naming import HIGH, LOW, typeset
from viz.latex import mathematics, operation, words

signs = st.sampled_from(
    [" ", " × ", " · ", "^", "(", ")", "²", "₁", "∂", "/", "…", ", ", "12", "1e−5", "&", "$"]
)
texts = st.lists(names | names.map(typeset) | signs, max_size=6).map("".join)


@given(texts)
def test_any_text_is_balanced_and_without_what_means_something_to_latex(text):
    for write in mathematics, operation, words:
        written = write(text)
        plain = re.sub(r"\\[\\{}$_&#%^]", "", written)
        inside = re.sub(r"\$[^$]*\$", "", plain)  # mathematics in words: $\times$
        depth = 0
        for sign in plain:
            depth += (sign == "{") - (sign == "}")
            assert depth >= 0
        assert depth == 0 and not re.search(rf"[{HIGH}{LOW}]", written)
        assert not re.search("[$&#%~]", inside)


EXAMPLES = [
    ("∂L/∂w²₁₃ · y(1 − y)", r"\partial L/\partial w^{2}_{13} \cdot y(1 - y)"),
    ("exp(−x)", r"\exp (-x)"),
    ("sigmoid(z) × (1 − z)", r"\operatorname{sigmoid}(z) \times (1 - z)"),
    ("price(1 − price)", r"\mathit{price}(1 - \mathit{price})"),
    ("w₁² + (a²₁)²", "w_{1}^{2} + (a^{2}_{1})^{2}"),
    ("a^b² · k^(k − 1)", r"a^{b^{2}} \cdot k^{k - 1}"),
    ("w_bq + h_prev + w^{q}₁ + x²₁,₁₃", r"w_{bq} + h_{\mathrm{prev}} + w^{q}_{1} + x^{2}_{1,13}"),
    ("ŷ − α₁", r"\hat{y} - \alpha_{1}"),
    ("6.022×10²³", r"6.022\times 10^{23}"),
    ("−1.5e−05", r"-1.5 \times 10^{-5}"),
    ("−∞", r"-\infty"),
    ("nan", r"\mathrm{nan}"),
    ("1/3", "1/3"),
    ("5,000 × +", r"5{,}000 \times +"),
    ("dot([a, b], [x, 4])", r"\operatorname{dot}([a, b], [x, 4])"),
    ("now 100", r"\mathit{now}\ 100"),
    ("(2,)   (3,)", r"(2,)\ \ \ (3,)"),
    ("a mod b", r"a \bmod b"),
    ("a / (x × ln 2)", r"a / (x \times \ln 2)"),
    ("苹果 × 税", r"\text{苹果} \times \text{税}"),
    ("no contribution", r"\text{no contribution}"),
    ("layer1.neuron3 ▸14", r"\text{layer1.neuron3} \triangleright 14"),
    ("a.b…weight_1", r"\text{a.b$\dots$weight\_1}"),
    ("relu", r"\operatorname{relu}"),
    (r"\input{x}", r"\text{\textbackslash{}}\mathit{input}\text{\{}x\text{\}}"),
]


@pytest.mark.parametrize(("text", "latex"), EXAMPLES)
def test_examples(text, latex):
    assert mathematics(text) == latex


def test_a_sentence_is_words_with_its_names_in_mathematics():
    text = "showing 3 of 5,000 values: w²₁₃, net_{h1} and a_b.txt"
    math = r"$w^{2}_{13},$ $\mathit{net}_{h1}$"
    assert words(text) == rf"showing 3 of 5,000 values: {math} and $\text{{a\_b.txt}}$"


def _bare(latex):
    return re.sub(r"\\left|\\right|\s", "", latex).replace(r"\times", r"\cdot")


@pytest.mark.parametrize("build", [
    lambda x, y: exp(-x) * y + x * 0, lambda x, y: (x - y) ** 2 * x**3, lambda x, y: tanh(x) - y * -3,
    lambda x, y: grad(lambda t: t * exp(t * y))(x),
])  # fmt: skip
def test_a_formula_without_fractions_is_the_one_that_autograd_writes(build):
    y = build(Value(0.5, "w^2_{13}"), Value(2.0, "y_hat"))
    written = formula(y, latex=True)
    assert _bare(mathematics(formula(y))) == _bare(written).replace("\\\\", "")
