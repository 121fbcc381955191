"""naming: names are read from markup and from text, and never lose a letter."""

import re
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd.naming import ACCENTS, GREEK, HIGH, LETTER, LOW, Name, Run, latex_name, parse, runs, typeset
from autograd.parse import is_name

WORDS = [*GREEK, *ACCENTS, "net", "train", "min", "ijk", "alphabet"]
pieces = st.sampled_from([*"wxyαδéñ苹ŷ12_^{}_^(),+-−=*[]. \\$%/\u0302\u0304", *HIGH, *LOW, *WORDS])
names = st.lists(pieces, max_size=8).map("".join) | st.text(max_size=12)
letters = st.sampled_from([*"wWxyij", "α", "Δ"])
scripts = st.sampled_from(
    ["", *"12jklTqαy", "13", "bq", "ij", "ijk", "train", "1,3", "1,13", "l−1", "(i)", "[1]", "1b", "hy", "苹"]
)
parts = st.builds(Name, letters, st.sampled_from(["", *ACCENTS]), scripts, scripts) | st.builds(
    Name, st.sampled_from(["net", "apple", "苹果", "é", "苹"]), st.just(""), scripts, scripts
)


def spelled(parts):
    """The name in markup with all its braces."""
    base, accent, raised, lowered = parts
    return (
        base
        + f"_{accent}" * bool(accent)
        + f"^{{{raised}}}" * bool(raised)
        + f"_{{{lowered}}}" * bool(lowered)
    )


@given(parts)
def test_every_name_is_read_from_its_markup_and_from_its_text(parts):
    assert parse(spelled(parts)) == parts == parse(parts.text())


@given(names)
@example("é_hat")
@example("x₁²")
def test_typesetting_is_done_once_and_never_loses_a_letter(name):
    text = typeset(name)
    assert typeset(text) == text and parse(text) == parse(name)
    if parse(name) is None:
        assert text == name
    shown = [x for run in runs(text) for x in normalize("NFD", run.text)]
    greek = re.sub(rf"^(?:{'|'.join(GREEK)})(?!{LETTER})", lambda m: GREEK[m[0]], normalize("NFC", name))
    plain = normalize("NFD", greek)
    for accent, mark in ACCENTS.items():
        plain = re.sub(f"_{accent}(?![^\\W_])", mark, plain)
    wanted = [x for x in plain.replace("-", "−") if x.isalnum() and x not in HIGH + LOW]
    assert all(x in shown for x in wanted) or parse(name) is None


@given(names)
def test_what_is_no_name_of_letters_stays(name):
    if re.search(r"[./\\$%]|\s|__|_.*_.*_|^_|^\d", name):
        assert parse(name) is None and typeset(name) == name


@given(names, st.sampled_from([" × ", " · ", "/∂", " − (", ") = ", ", "]), names)
def test_the_runs_of_a_text_are_the_text(one, between, other):
    text = typeset(one) + between + typeset(other)
    found = runs(text)
    assert all(run.text and run.level in (-1, 0, 1) for run in found)
    kept = [x for run in found for x in run.text]
    gone = [x for x in text if x not in kept and x not in "^_{}-" + HIGH + LOW]
    assert not gone
    if not re.search(rf"[\^_{HIGH}{LOW}]", text):
        assert found == ((Run(text),) if text else ())


@given(parts)
def test_the_runs_of_a_name_are_its_parts(parts):
    level = dict(zip((0, 1, -1), (Name(parts.base, parts.accent).text(), *parts[2:]), strict=True))
    assert runs(parts.text()) == tuple(Run(level[i], i) for i in (0, 1, -1) if level[i])
    product = runs(f"−∂L/∂{parts.text()} · y")
    assert [run for run in product if run.level] == [run for run in runs(parts.text()) if run.level]


@given(names)
def test_a_name_in_latex_is_balanced_and_without_bare_markup(name):
    text = re.sub(r"\\[\\{}$_&#%^]", "", latex_name(name))
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0 and not re.search(rf"[{HIGH}{LOW}]", text)


EXAMPLES = """
    w^2_{13}       w²₁₃       w^{2}_{13}
    w^2_{1,13}     w²₁,₁₃     w^{2}_{1,13}
    w_1            w₁         w_{1}
    x_{12}         x₁₂        x_{12}
    w_ij           wᵢⱼ        w_{ij}
    w_{ij}^{(l)}   w⁽ˡ⁾ᵢⱼ     w^{(l)}_{ij}
    a^{l-1}_{k}    aˡ⁻¹ₖ      a^{l-1}_{k}
    y_hat          ŷ          \\hat{y}
    y_hat_1        ŷ₁         \\hat{y}_{1}
    alpha          α          \\alpha
    theta_bar      θ̄          \\bar{\\theta}
    theta_1        θ₁         \\theta_{1}
    theta1         θ1         \\theta_{1}
    δ^l_j          δˡⱼ        \\delta^{l}_{j}
    Delta          Δ          \\Delta
    w_{bq}         w_bq       w_{bq}
    w^q            w^{q}      w^{q}
    w^{q}_1        w^{q}₁     w^{q}_{1}
    h_prev         h_prev     h_{\\mathrm{prev}}
    x_{max}        x_max      x_{\\mathrm{max}}
    net_1          net₁       \\mathit{net}_{1}
    net_{h1}       netₕ₁      \\mathit{net}_{h1}
    x_α            x_α        x_{\\alpha}
    w_{αi}         w_αi       w_{\\alpha i}
    苹果_1         苹果₁      \\text{苹果}_{1}
    x1             x1         x_{1}
    apple          apple      \\mathit{apple}
    apple2         apple2     \\mathit{apple2}
    learning_rate  learning_rate  \\mathit{learning\\_rate}
    net_h1         netₕ₁      \\mathit{net}_{h1}
    net_b1         net_b1     \\mathit{net}_{b1}
    net_1b         net_1b     \\mathit{net\\_1b}
    __x__          __x__      \\mathit{\\_\\_x\\_\\_}
    layer1.w_1     layer1.w_1  \\text{layer1.w\\_1}
    x₁²            x₁²        \\text{x$_{1}$$^{2}$}
    1              1          1
"""


ROWS = [line.split(maxsplit=2) for line in EXAMPLES.strip().split("\n")]


@pytest.mark.parametrize(("name", "text", "latex"), ROWS)
def test_examples(name, text, latex):
    assert (typeset(name), latex_name(name)) == (text, latex)
    assert latex_name(text) == latex


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("∂L/∂w²₁₃ · y(1 − y)", [0, 1, -1, 0]),
        ("w₁²", [0, -1, 1]),  # the square of w₁: the superscript comes second, and stands behind
        ("a^b²", [0, 1]),
        ("a_b^(c − 1)", [0, -1, 0]),
        ("(a²₁)²", [0, 1, -1, 0, 1]),
        ("a_b.txt", [0]),
        ("…t_bq", [0]),
        ("layer.t_bq", [0]),
        ("learning_rate", [0]),
        ("w_ij", [0]),  # is not typeset yet
        ("6.022×10²³", [0, 1]),
        ("", []),
    ],
)
def test_runs_of_formulas(text, levels):
    assert [run.level for run in runs(text)] == levels


@given(st.from_regex(r"[a-z]+_[a-z]{2,}", fullmatch=True))
def test_words_of_python_stay_but_after_one_letter(name):
    first = name.partition("_")[0]
    assert is_name(name) and ((typeset(name) == name) or len(first) == 1 or first in GREEK)
