"""The tiny GPT against three references of other makes: scalars product by product, NumPy, and PyTorch."""

import math
from random import Random

import numpy
import pytest
from benchmarks.peers import gpt_rows, gpt_train, gpt_weights
from hypothesis import given
from hypothesis import strategies as st

import viz
from demos import gpt

NAMES = ["ada", "bea", "abe", "dabe", "eda", "bead"]
LETTERS = gpt.Alphabet(NAMES)
DOCUMENTS = [LETTERS.encode(name) for name in NAMES]
HEADS = 2
tokens = st.lists(st.integers(0, LETTERS.end), min_size=1, max_size=6)


def small_model(seed=0):
    """A GPT far from its flat start, where an error could hide."""
    model = gpt.GPT(len(LETTERS), d=4, heads=HEADS, length=6, seed=seed)
    for p in model.parameters():
        p.data *= 6
    return model


def numbers(rows):
    return [[z.data for z in row] for row in rows]


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(tokens, tokens)
def test_what_comes_later_changes_nothing_before(read, more):
    model = small_model()
    both = [*read, *more][:6]
    assert numbers(model(both))[: len(read)] == numbers(model(read))


@given(st.text("abde", max_size=9))
def test_names_become_tokens_between_two_ends_and_names_again(name):
    encoded = LETTERS.encode(name)
    assert encoded[0] == encoded[-1] == LETTERS.end == len(LETTERS) - 1
    assert LETTERS.decode(encoded[1:-1]) == name


# ── References ──────────────────────────────────────────────────────────────────────────────────────


def softmax(x):
    e = numpy.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def normalized(x):
    return x / numpy.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5)


def loss_in_matrices(W, tokens):
    """The loss of one document, all positions at once, with a mask in place of lists that grow."""
    read, targets = tokens[:-1], tokens[1:]
    T = len(read)
    x = normalized(W["token"][read] + W["position"][:T])
    q, k, v = (normalized(x) @ W[name].T for name in ("query", "key", "value"))
    mask = numpy.triu(numpy.full((T, T), -numpy.inf), 1)
    heads = [
        softmax(q[:, h] @ k[:, h].T / math.sqrt(q[:, h].shape[1]) + mask) @ v[:, h]
        for h in numpy.split(numpy.arange(q.shape[1]), HEADS)
    ]
    x = x + numpy.hstack(heads) @ W["output"].T
    x = x + numpy.maximum(normalized(x) @ W["up"].T, 0) @ W["down"].T
    return -numpy.log(softmax(x @ W["head"].T)[numpy.arange(T), targets]).mean()


def matrices(model):
    """The weights by name, as arrays."""
    return {name: numpy.array(numbers(rows)) for name, rows in gpt_rows(model).items()}


@given(tokens.filter(lambda tokens: len(tokens) > 1), st.integers(0, 9))
def test_the_loss_is_that_of_matrices(document, seed):
    model = small_model(seed)
    loss = gpt.loss_of(model, document)
    assert loss.data == pytest.approx(loss_in_matrices(matrices(model), document), rel=1e-12)


@pytest.mark.parametrize("document", DOCUMENTS[:2])
def test_the_gradients_are_differences_of_matrices(document):
    model, h = small_model(), 1e-5
    W = matrices(model)
    gpt.loss_of(model, document).backward()
    for name, rows in gpt_rows(model).items():
        matrix = W[name]
        for place, w in numpy.ndenumerate(matrix):
            around = []
            for step in h, -h:
                matrix[place] = w + step
                around.append(loss_in_matrices(W, document))
            matrix[place] = w
            difference = (around[0] - around[1]) / (2 * h)
            assert rows[place[0]][place[1]].grad == pytest.approx(difference, rel=1e-6, abs=1e-8)


def test_the_losses_of_training_are_those_of_scalars_product_by_product():
    model = small_model()
    expected = gpt_train(gpt_weights(model), HEADS, DOCUMENTS)
    losses = [loss.data for loss in gpt.train(model, DOCUMENTS, len(DOCUMENTS))]
    assert losses == pytest.approx(expected, rel=1e-9)
    assert len(set(losses)) == len(DOCUMENTS)


def test_the_losses_of_training_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    model, steps = small_model(), 10
    W = {name: torch.tensor(matrix, requires_grad=True) for name, matrix in matrices(model).items()}
    optimizer = torch.optim.Adam(W.values(), lr=0.01, betas=(0.85, 0.99), eps=1e-8)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    norm, attend = torch.nn.functional.rms_norm, torch.nn.functional.scaled_dot_product_attention
    expected = []
    for step in range(steps):
        *read, _ = document = DOCUMENTS[step % len(DOCUMENTS)]
        x = norm(W["token"][read] + W["position"][: len(read)], (4,), eps=1e-5)
        q, k, v = (norm(x, (4,), eps=1e-5) @ W[name].T for name in ("query", "key", "value"))
        q, k, v = (m.unflatten(1, (HEADS, -1)).transpose(0, 1) for m in (q, k, v))
        mixed = attend(q, k, v, is_causal=True).transpose(0, 1).flatten(1)
        x = x + mixed @ W["output"].T
        x = x + torch.relu(norm(x, (4,), eps=1e-5) @ W["up"].T) @ W["down"].T
        loss = torch.nn.functional.cross_entropy(x @ W["head"].T, torch.tensor(document[1:]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        expected.append(loss.item())
    losses = [loss.data for loss in gpt.train(model, DOCUMENTS, steps)]
    assert losses == pytest.approx(expected, rel=1e-9)


# ── The demo ────────────────────────────────────────────────────────────────────────────────────────


def test_names_drawn_coldly_are_the_likeliest_and_fit_the_length():
    model = small_model()
    past, token, likeliest = model.past(), LETTERS.end, []
    for _ in range(model.length):
        [logits] = numbers([model.read(token, past)])
        token = logits.index(max(logits))
        if token == LETTERS.end:
            break
        likeliest.append(token)
    cold = gpt.sample(model, LETTERS, Random(1), temperature=1e-6)
    assert cold == LETTERS.decode(likeliest)
    warm = [gpt.sample(model, LETTERS, Random(seed), temperature=2.0) for seed in range(9)]
    assert len(set(warm)) > 1 and all(len(name) <= model.length for name in warm)
    assert warm == [gpt.sample(model, LETTERS, Random(seed), temperature=2.0) for seed in range(9)]


def test_names_come_from_the_path_else_the_folder_of_data_else_the_list(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRAD_DATA", raising=False)
    names, source = gpt.read_names()
    assert "anna" in names and "built-in" in source
    assert all(name.isascii() and name.islower() for name in names) and len(set(names)) == len(names)
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path))
    assert gpt.read_names() == (names, f"the built-in list ({tmp_path / 'names.txt'} does not exist)")
    (tmp_path / "names.txt").write_text("ada\nbea\n", encoding="utf-8")
    assert gpt.read_names() == (["ada", "bea"], str(tmp_path / "names.txt"))
    (tmp_path / "others").write_text("eda\n", encoding="utf-8")
    assert gpt.read_names(tmp_path / "others")[0] == ["eda"]


def test_the_parameters_of_the_default_model_and_its_scopes():
    model = gpt.GPT(27, seed=0)
    assert len(model.parameters()) == 27 * 16 + 16 * 16 + 4 * 16 * 16 + 2 * 16 * 64 + 16 * 27 == 4192
    assert {name.split(".")[0] for name in model.state_dict()} == {"token", "position", "blocks", "head"}
    [w, *_] = model.blocks[0].attention.query.parameters()
    [*_, z] = model.read(0, model.past())
    assert (w.scope, z.scope) == ("query.layer2.neuron1", "head.layer2.neuron27")


def test_the_picture_shows_the_parts_of_the_model_and_no_single_numbers():
    loss = gpt.loss_of(small_model(), DOCUMENTS[0])
    drawn = viz.draw(loss, group=1).text()
    parts = ["query", "key", "value", "attention", "output", "up", "relu", "down", "head", "cross_entropy"]
    assert all(f"{part}:" in drawn for part in [*parts, "embedding", "add 3/3", "norm 2/2"])
    assert "dot" not in drawn


def test_heads_that_cannot_share_the_width_are_refused():
    with pytest.raises(ValueError, match="3 heads cannot share a width of 16 evenly"):
        gpt.GPT(27, heads=3)


def test_a_short_run_says_what_it_claims_and_the_command_reads_its_options(tmp_path, capsys):
    (tmp_path / "names").write_text("ada\nabe\n" * 3, encoding="utf-8")
    assert gpt.main(["--steps", "8", "--names", str(tmp_path / "names"), "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "6 names" in shown and "step    8 of 8" in shown and "✗" not in shown
    assert (tmp_path / "gpt.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_run_that_learns_nothing_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gpt.optim, "Adam", lambda parameters, lr, betas: gpt.optim.SGD(parameters, lr=0))
    (tmp_path / "names").write_text("ada", encoding="utf-8")
    assert gpt.main(["--steps", "2", "--names", str(tmp_path / "names"), "--out", str(tmp_path)]) == 1
    assert "✗ the loss has fallen" in capsys.readouterr().out


def test_a_file_without_a_readable_name_is_refused(tmp_path):
    (tmp_path / "names").write_text("a" * 16, encoding="utf-8")
    with pytest.raises(ValueError, match="there is no name of less than 16 letters"):
        gpt.run(tmp_path, path=tmp_path / "names")
