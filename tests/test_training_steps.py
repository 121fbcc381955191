"""fit(compiled=…): the numbers of the eager steps but for rounding, and the same bits in every run."""

import gc
import math
import random
import re
import signal
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interruptions import assert_all_or_nothing, by_signal, interrupted
from processes import outputs
from refusals import assert_refused
from test_training import OPTIMIZERS, CrashError, crash, ctrl_c, ctrl_c_now  # noqa: F401 (a fixture)

import nn
from autograd import Value, sqrt
from nn import Checkpoint, Stop, checkpoints, commit, optim, steps, training
from nn.data import Dataset, moons
from nn.losses import binary_cross_entropy, cross_entropy, l2, mse
from nn.optim import SGD, Adam
from nn.steps import CompiledStep

MOONS = moons(24, noise=0.1, seed=0)
X, CLASSES = MOONS.x, MOONS.y
TARGETS = {  # loss: (outputs of the model, targets)
    "mse": (2, [[t, 0.5 - t] for t in CLASSES]),
    "quadratic": (2, [[1 - t, t] for t in CLASSES]),
    "binary_cross_entropy": (1, CLASSES),
    "cross_entropy": (2, CLASSES),
    "hinge": (2, CLASSES),
}
APPROXIMATELY = {"rel": 1e-9, "abs": 1e-12}


def sets(loss="binary_cross_entropy", arrays=False):
    """Data to train and to validate with."""
    data = Dataset(X, TARGETS[loss][1])
    if arrays:
        data = Dataset(np.array(data.x), np.array(data.y))
    return data[:17], data[17:]


DATA, VALIDATION = sets()


def parts(optimizer="SGD", outputs=1, seed=0):
    model = nn.MLP(2, [3, outputs], "tanh", seed=seed)
    return model, OPTIMIZERS[optimizer](model.parameters())


# ── The numbers ─────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25)
@given(
    name=st.sampled_from([*OPTIMIZERS]),
    loss=st.sampled_from([*TARGETS]),
    arrays=st.booleans(),
    size=st.integers(1, 18) | st.none(),
    penalized=st.booleans(),
    clip_norm=st.none() | st.floats(0.01, 10),
    metrics=st.sampled_from([[], ["accuracy"]]),
)
def test_compiled_and_eager_training_agree(name, loss, arrays, size, penalized, clip_norm, metrics):
    def train(compiled):
        model, optimizer = parts(name, TARGETS[loss][0])
        data, validation = sets(loss, arrays)
        history = nn.fit(
            model,
            data,
            loss,
            optimizer,
            epochs=2,
            batch_size=size,
            validation=validation,
            metrics=metrics,
            penalty=(lambda: l2(model.parameters(), 0.1)) if penalized else None,
            clip_norm=clip_norm,
            compiled=compiled,
        )
        return history, model.state_dict(), optimizer

    history, state, optimizer = train(True)
    eager_history, eager_state, eager_optimizer = train(False)
    assert history.columns == eager_history.columns
    for name, curve in history.history.items():
        assert curve == pytest.approx(eager_history.history[name], **APPROXIMATELY)
    assert state == pytest.approx(eager_state, **APPROXIMATELY)
    assert optimizer.steps == eager_optimizer.steps
    assert all(type(x) is float for x in state.values())


def test_metrics_get_the_targets_that_were_given_and_outputs_as_floats():
    given_, seen = sets("quadratic")[0], []
    model, optimizer = parts(outputs=2)
    look = lambda y, t: seen.append((y, t)) or 0
    for data in given_, sets("quadratic", arrays=True)[0]:
        nn.fit(
            model,
            data,
            "quadratic",
            optimizer,
            epochs=1,
            validation=data,
            metrics=[look],
            compiled=True,
        )
    assert {type(y) for y, _ in seen} == {list} and {type(yi) for y, _ in seen for yi in y} == {float}
    assert [type(t) for _, t in seen] == [list] * 34 + [np.ndarray] * 34
    assert [list(t) for _, t in seen] == given_.y * 4


def test_an_embedding_takes_whole_numbers_and_what_the_optimizer_leaves_out_stays():
    class Bigram(nn.Module):
        def __init__(self, seed):
            self.embedding, self.layer = nn.Embedding(5, 2, seed=seed), nn.Layer(2, 5, "linear", seed=seed)

        def __call__(self, i):
            return self.layer(self.embedding(i))

    data = Dataset([0, 1, 2, 3, 4, 1], [1, 2, 3, 4, 0, 3])

    def train(compiled):
        model = Bigram(0)
        optimizer = Adam(model.layer.parameters(), 0.1)
        nn.fit(model, data, "cross_entropy", optimizer, epochs=3, batch_size=2, compiled=compiled)
        return model

    model, eager = train(True), train(False)
    assert model.state_dict() == pytest.approx(eager.state_dict(), **APPROXIMATELY)
    assert model.embedding.state_dict() == Bigram(0).embedding.state_dict()


def test_means_come_in_chunks_and_are_those_of_evaluate(monkeypatch):
    monkeypatch.setattr(steps, "CHUNK", 3)
    model, optimizer = parts()
    step = CompiledStep(model, binary_cross_entropy, optimizer, lambda: l2(model.parameters(), 9))
    for i in 0, 5:
        step(X[i : i + 5], CLASSES[i : i + 5])
    measures = {"loss": binary_cross_entropy, "accuracy": nn.accuracy, "mse": mse}
    means = step.means(measures, VALIDATION)
    step.settle()
    expected = nn.evaluate(model, VALIDATION, ["binary_cross_entropy", "accuracy", "mse"])
    assert [*means] == [*measures] and [*means.values()] == pytest.approx([*expected.values()], rel=1e-13)


# ── The same bits ───────────────────────────────────────────────────────────────────────────────────

OPTIONS = {"epochs": 4, "batch_size": 5, "validation": VALIDATION, "metrics": ["accuracy"], "seed": 3}
BATCHES = math.ceil(len(DATA) / 5)


class Interrupted(CompiledStep):
    """A step after whose n-th call something happens."""

    def __init__(self, *args, at, act):
        super().__init__(*args)
        self.at, self.act = at, act

    def __call__(self, x, y):
        result = super().__call__(x, y)
        if self.optimizer.steps == self.at:
            self.act()
        return result


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("steps") / "run.safetensors"


@pytest.fixture(autouse=True)
def nothing_there(path):
    """No test goes on from the checkpoint of another."""
    path.unlink(missing_ok=True)


@settings(max_examples=15)
@given(
    name=st.sampled_from([*OPTIMIZERS]),
    at=st.integers(1, 4 * BATCHES),
    act=st.sampled_from([crash, ctrl_c_now]),
    keep_best=st.booleans(),
    frozen=st.booleans(),
)
def test_a_run_resumed_after_any_batch_gives_the_same_bits(path, name, at, act, keep_best, frozen):
    def start(seed=0):
        model, _ = parts(seed=seed)
        return model, OPTIMIZERS[name](model.layers[-1].parameters() if frozen else model.parameters())

    def train(model, optimizer, **options):
        options = {**OPTIONS, "stop": Stop(keep_best=keep_best), **options}
        history = nn.fit(model, DATA, "binary_cross_entropy", optimizer, **options)
        return history, model.state_dict(), optimizer.state_dict()

    path.unlink(missing_ok=True)
    model, optimizer = start()
    step = Interrupted(model, binary_cross_entropy, optimizer, at=at, act=act)
    try:
        train(model, optimizer, checkpoint=path, step=step)
        assert optimizer.steps == at
    except CrashError:
        assert act is crash
    if not keep_best:
        assert [p.data for p in optimizer.parameters] == step.theta.tolist()
    # All that it needs is in the file, even the parameters that the optimizer leaves alone.
    resumed = train(*start(seed=1), checkpoint=Checkpoint(path, resume=True), compiled=True)
    assert resumed == train(*start(), compiled=True)


def test_the_same_history_in_every_process():
    script = (
        "import nn; from nn.data import moons; from nn.optim import Adam; m = nn.MLP(2, [3, 1], seed=0)\n"
        "h = nn.fit(m, moons(9, noise=0.1, seed=1), 'mse', Adam(m.parameters()), epochs=3, batch_size=4,\n"
        "           compiled=True)\n"
        "print(h.history, m.state_dict())"
    )
    assert len(outputs(script)) == 1


@pytest.mark.parametrize("at", [1, 3])
def test_a_second_ctrl_c_anywhere_leaves_a_whole_step(at):
    """The first one comes in a batch, after which the Values have yet to be given the numbers of theta."""
    data = Dataset([[1.0], [2.0]], [1.0, 0.5])

    def make():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which fit's last lines might have kept
        model = nn.Neuron(1, init=0.5, bias=False)
        return model, Adam(model.parameters(), 0.05)

    def state(world):
        return repr([each.state_dict() for each in world])

    def run(world, *, at=at, noted=None):
        class Counted(CompiledStep):
            def __call__(self, x, y):
                result = super().__call__(x, y)
                if world[1].steps == at:
                    ctrl_c_now()
                if noted is not None:
                    self.settle()
                    noted.append(state(world))
                return result

        step = Counted(world[0], mse, world[1])
        nn.fit(world[0], data, "mse", world[1], epochs=2, batch_size=1, step=step)

    world = make()
    whole = [state(world)]
    run(world, at=None, noted=whole)
    files = [module.__file__ for module in (commit, optim, steps, training)]
    found = {state(world) for world in interrupted(make, run, *files, bytecodes=False, by=by_signal)}
    gc.enable()  # which fit's last lines might have left to do
    assert len(whole) == 5 and found <= {*whole} and len(found) > 1


@pytest.mark.parametrize("compiled", [True, False])
def test_a_checkpoint_of_the_other_kind_is_refused(compiled, path):
    model, optimizer = parts()
    nn.fit(model, DATA, "mse", optimizer, epochs=1, checkpoint=path, compiled=compiled)
    model, optimizer = parts(seed=1)
    before = model.state_dict()
    kept = Checkpoint(path, resume=True)
    with pytest.raises(ValueError, match=rf"compiled is {compiled} there.*; give compiled={compiled}$"):
        nn.fit(model, DATA, "mse", optimizer, epochs=2, checkpoint=kept, compiled=not compiled)
    assert model.state_dict() == before


# ── The Values ──────────────────────────────────────────────────────────────────────────────────────


def test_the_values_are_current_after_settle_which_may_be_called_twice():
    model, optimizer = parts()
    step = CompiledStep(model, binary_cross_entropy, optimizer)
    before = model.state_dict()
    step(DATA.x, DATA.y)
    assert model.state_dict() == before
    step.settle()
    after = model.state_dict()
    step.settle()
    assert model.state_dict() == after != before and [*after.values()] == step.theta.tolist()


def test_the_values_are_current_whenever_fit_looks_at_them():
    model, optimizer = parts()
    seen = []

    class Looking(CompiledStep):
        def means(self, measures, data):
            seen.append([p.data for p in optimizer.parameters] == self.theta.tolist())
            return super().means(measures, data)

    step = Looking(model, binary_cross_entropy, optimizer)
    nn.fit(model, DATA, "mse", optimizer, epochs=3, batch_size=5, validation=VALIDATION, step=step)
    assert seen == [True] * 3


def test_a_compiled_step_interrupted_anywhere_is_done_or_not_begun_and_settling_too():
    """The program's gradient is no state: every step writes it anew."""
    model, optimizer = parts("Adam")
    step = CompiledStep(model, mse, optimizer, clip_norm=0.1)
    theta, start = step.theta.copy(), optimizer.state_dict()

    def make():
        step.theta = theta.copy()
        optimizer.load_state_dict(start)
        model.load_state_dict(dict.fromkeys(model.state_dict(), 0))
        return step

    def state(step):
        return step.theta.tolist(), optimizer.state_dict(), model.state_dict()

    files = [module.__file__ for module in (commit, optim, steps)]
    assert_all_or_nothing(make, lambda step: step(DATA.x[:2], DATA.y[:2]), state, *files)
    assert_all_or_nothing(make, CompiledStep.settle, state, *files)


def test_a_second_interrupt_leaves_no_stale_values():
    def twice():
        ctrl_c_now()
        ctrl_c_now()

    model, optimizer = parts()
    step = Interrupted(model, binary_cross_entropy, optimizer, at=2, act=twice)
    with pytest.raises(KeyboardInterrupt):
        nn.fit(model, DATA, "binary_cross_entropy", optimizer, epochs=9, batch_size=5, step=step)
    assert [p.data for p in optimizer.parameters] == step.theta.tolist()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# ── Numbers that are none ───────────────────────────────────────────────────────────────────────────


def test_a_loss_that_is_no_number_ends_the_run_and_spares_the_parameters():
    model, _ = parts()
    optimizer = SGD(model.parameters(), 1e200)
    step, spared = CompiledStep(model, mse, optimizer), []

    def watched(x, y):
        spared.append(step.theta.tolist())
        return step(x, y)

    with pytest.raises(
        FloatingPointError, match=r"fit: the loss is (inf|nan) in epoch \d+, batch \d+; lower"
    ):
        nn.fit(model, DATA, "mse", optimizer, epochs=9, batch_size=5, step=watched)
    assert step.theta.tolist() == spared[-1] and len(spared) > 1


def test_parameters_that_are_nan_are_no_fault_of_an_example():
    model, optimizer = parts()
    step = CompiledStep(model, mse, optimizer)
    step.theta[0] = math.nan
    loss, _ = step(DATA.x, DATA.y)
    assert math.isnan(loss) and optimizer.steps == 0


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("column", ["x", "y"])
@pytest.mark.parametrize("where", ["data", "validation"])
@pytest.mark.parametrize("arrays", [True, False])
@pytest.mark.parametrize("example", [0, 7])
def test_a_number_that_is_none_is_named_by_example_whatever_the_order(
    compiled, bad, column, where, arrays, example
):
    x, y = np.array(X), np.array(CLASSES, float)
    (x[:, 1] if column == "x" else y)[example] = bad
    wrong = Dataset(x, y) if arrays else Dataset(x.tolist(), y.tolist())
    sets = {"data": wrong} if where == "data" else {"data": DATA, "validation": wrong}
    place = f"{where}.{column}[{example}]{'[1]' if column == 'x' else ''}"
    model = nn.MLP(2, [1], seed=0)
    optimizer = SGD(model.parameters(), 0.01)
    with pytest.raises(
        ValueError, match=rf"^fit: {re.escape(place)} is {bad}; drop or mend example {example} "
    ):
        nn.fit(model, loss="mse", optimizer=optimizer, epochs=1, batch_size=5, compiled=compiled, **sets)


class Root(nn.Module):
    """A model whose outputs are finite where their slope is not."""

    def __init__(self):
        self.w, self.b = Value(0.0, "w"), Value(0.5, "b")

    def __call__(self, x):
        return sqrt(self.w) * x + self.b


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("clip_norm", [None, 1.0])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_slope_that_is_infinite_names_the_parameter_and_changes_nothing(compiled, clip_norm, name, path):
    model = Root()
    optimizer = OPTIMIZERS[name](model.parameters())
    memory = optimizer.state_dict()
    with pytest.raises(ArithmeticError, match=r"w = 0\.0") as caught:
        nn.fit(
            model,
            Dataset([1.0, 2.0], [3.0, 4.0]),
            "mse",
            optimizer,
            epochs=1,
            checkpoint=path,
            compiled=compiled,
            clip_norm=clip_norm,
        )
    assert "\n" not in str(caught.value) and len(caught.value.history) == 0
    assert model.state_dict() == {"w": 0.0, "b": 0.5} and optimizer.state_dict() == memory
    file = checkpoints.read(path)  # as it was written before the first epoch
    assert file.parameters == {"w": 0.0, "b": 0.5} and file.training["optimizer"] == memory


@pytest.mark.parametrize("compiled", [True, False])
def test_fit_in_a_loop_goes_on_as_one_training_would(compiled):
    model, optimizer = parts("Adam")
    loop = [
        nn.fit(model, DATA, "mse", optimizer, epochs=n, batch_size=5, compiled=compiled) for n in (1, 2, 1)
    ]
    other, others = parts("Adam")
    whole = nn.fit(other, DATA, "mse", others, epochs=4, batch_size=5, compiled=compiled)
    assert [row["loss"] for history in loop for row in history] == whole.history["loss"]
    assert model.state_dict() == other.state_dict() and optimizer.state_dict() == others.state_dict()


@pytest.mark.parametrize("compiled", [True, False])
def test_a_training_that_goes_on_is_resumed_to_the_same_bits(compiled, path):
    def train(at=None):
        model, optimizer = parts()
        nn.fit(model, DATA, "mse", optimizer, epochs=1, batch_size=5, compiled=compiled)
        options = {"epochs": 3, "batch_size": 5, "compiled": compiled}
        if at:
            end = lambda history: len(history) == at
            nn.fit(model, DATA, "mse", optimizer, **options, checkpoint=path, callbacks=[end])
            model, optimizer = parts(seed=1)  # which has taken no steps
            options["checkpoint"] = Checkpoint(path, resume=True)
        return nn.fit(model, DATA, "mse", optimizer, **options), model.state_dict()

    assert train(at=2) == train()


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("keep_best", [True, False])
def test_an_error_keeps_the_history_and_the_best_parameters(compiled, keep_best):
    def start():
        model = nn.MLP(2, [1], seed=0)
        return model, SGD(model.parameters(), lambda n: 0.02 * 3**n)

    options = {"stop": Stop(keep_best=keep_best), "compiled": compiled}
    model, optimizer = start()
    with pytest.raises(FloatingPointError, match="lower the learning rate") as caught:
        nn.fit(model, DATA, "mse", optimizer, epochs=999, **options)
    history = caught.value.history
    best = history.best["epoch"]
    assert 1 < best < len(history)
    end = f"error.history has {len(history)} epochs" + f", the model its best epoch, {best}" * keep_best
    assert str(caught.value).endswith(end)
    other, optimizer = start()
    whole = nn.fit(other, DATA, "mse", optimizer, epochs=len(history), **options)
    assert history == whole and model.state_dict() == other.state_dict()


# ── Whether to compile ──────────────────────────────────────────────────────────────────────────────


def undecided(model=None, loss="mse", data=DATA, **options):
    own = model or parts()[0]
    nn.fit(own, data, loss, SGD(own.parameters(), 0.1), epochs=2, batch_size=5, **options)
    return own.state_dict()


@pytest.fixture
def pays(monkeypatch):
    """Compiling pays from one parameter and one example on."""
    monkeypatch.setattr(steps, "PARAMETERS", 1)
    monkeypatch.setattr(steps, "EXAMPLES", 1)


def test_fit_compiles_where_it_pays_and_says_so_in_a_line(pays, capsys):
    assert undecided() == undecided(compiled=True) != undecided(compiled=False)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fit: compiled 13 parameters in ")
    assert line.endswith(" s; compiled=False keeps every number a Value")


@pytest.mark.parametrize("metrics", [[], ["accuracy"]])
def test_outputs_are_computed_where_a_metric_needs_them(metrics, monkeypatch):
    chosen = []
    monkeypatch.setattr(CompiledStep, "check", lambda step, *data: chosen.append(step.outputs))
    undecided(compiled=True, metrics=metrics)
    assert chosen == [bool(metrics)]


def test_single_precision_is_made_double():
    x = np.array(X, np.float32)
    assert undecided(data=Dataset(x, CLASSES), compiled=True) == undecided(
        data=Dataset(x.tolist(), CLASSES), compiled=True
    )


def exact():
    model = nn.MLP(2, [1], init=Fraction(1, 3))
    model.layers[0].neurons[0].b.data = Fraction(0)
    return model


@pytest.mark.parametrize(
    ("name", "number"), [("PARAMETERS", 13), ("EXAMPLES", 2 * len(DATA))], ids=["parameters", "examples"]
)
def test_fit_compiles_from_a_size_on(pays, name, number, monkeypatch, capsys):
    monkeypatch.setattr(steps, name, number)
    undecided()
    assert capsys.readouterr().err
    monkeypatch.setattr(steps, name, number + 1)
    assert undecided() == undecided(compiled=False) and not capsys.readouterr().err


def test_exact_networks_stay_so_and_nothing_is_said(pays, capsys):
    data = Dataset([[Fraction(1), Fraction(2)]], [Fraction(3)])
    model = exact()
    nn.fit(model, data, "mse", SGD(model.parameters(), Fraction(1, 10)), epochs=2)
    assert {type(x) for x in model.state_dict().values()} == {Fraction} and not capsys.readouterr().err


def test_without_numpy_fit_is_eager(pays, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "numpy", None)
    undecided()
    assert not capsys.readouterr().err
    with pytest.raises(ImportError, match=r"fit: compiled: .*pip install 'scalar-autograd\[nn\]'"):
        undecided(compiled=True)


def branching(y, t):
    return (y - t) ** 2 if y > 0 else (t - y) ** 2


def noisy(y, t):
    return mse(y * random.uniform(0.5, 1), t)


class Table(nn.Module):
    """A model that looks its inputs up in a dict, which symbols cannot be."""

    def __init__(self):
        self.table = {0: Value(0.5), 1: Value(1.5)}

    def __call__(self, x):
        return self.table[x]


CANNOT = {
    "a branch": ({"loss": branching}, TypeError, "a branch (if, while"),
    "random numbers": (
        {"loss": noisy},
        TypeError,
        "draws from the random generator random, once for all calls",
    ),
    "a lookup": ({"model": Table(), "data": Dataset([0, 1], [0.0, 1.0])}, KeyError, "symbol"),
    "ragged": ({"data": Dataset([[1.0], [1.0, 2.0]], [0, 1])}, TypeError, "x is no rectangular array"),
    "fractions": ({"data": Dataset(X, [Fraction(1, 2)] * 24)}, TypeError, "y is no rectangular array"),
    "text": ({"data": Dataset("ab", [0, 1])}, TypeError, "x is no rectangular array"),
}
CAN_EAGERLY = ["a branch", "random numbers", "a lookup", "fractions"]


@pytest.mark.parametrize("case", CANNOT)
def test_what_cannot_be_compiled_is_refused_by_name_when_asked_for(case, capsys):
    options, kind, part = CANNOT[case]
    assert_refused(lambda: undecided(**options, compiled=True), kind, part)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("case", CAN_EAGERLY)
def test_what_cannot_be_compiled_is_trained_on_values_and_a_line_says_why(case, pays, capsys):
    options, kind, part = CANNOT[case]
    random.seed(0)
    undecided(**options)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"fit: not compiled, since it raises {kind.__name__}: ") and part in line


class Careless(nn.Module):
    """A network of more than 1,000 parameters, whose forward pass does what `read` says with a number."""

    def __init__(self, read):
        super().__init__()
        self.network, self.read, self.calls = nn.MLP(2, [400, 1], "tanh", seed=0), read, 0

    def __call__(self, x):
        self.calls += 1
        hidden = self.network.layers[0](x)
        return self.network.layers[1](self.read(self, hidden))


def by_norm(model, hidden):
    norm = math.sqrt(sum(p.data**2 for p in model.network.layers[1].parameters()))
    return [h / norm for h in hidden]


def by_detached_norm(model, hidden):
    norm = sqrt(sum(p * p for p in model.network.layers[1].parameters())).data
    return [h / norm for h in hidden]


def by_hand(model, hidden):
    return [h * (random.random() < 0.5) for h in hidden]


def by_depth(model, hidden):
    return hidden if random.random() < 0.999 else [2 * h for h in hidden]


def by_counting(model, hidden):
    return [h * (1 + model.calls / 1024) for h in hidden]


CARELESS = {
    by_norm: ".data",
    by_detached_norm: ".data",
    by_hand: "draws from the random generator random",
    by_depth: "draws from the random generator random",
    by_counting: "recorded twice",
}


@pytest.mark.parametrize("read", CARELESS)
def test_a_model_that_reads_numbers_trains_as_on_values_and_a_line_says_why(read, capsys, monkeypatch):
    monkeypatch.setattr(steps, "EXAMPLES", 1)

    def train(compiled):
        random.seed(0)
        model = Careless(read)
        assert len(model.parameters()) >= steps.PARAMETERS
        return nn.fit(model, DATA, "mse", SGD(model.parameters(), 0.01), epochs=1, compiled=compiled)

    eager, said = train(False), capsys.readouterr().err
    assert not said
    history = train(None)
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        line.startswith("fit: not compiled, since it raises TypeError: compile: ") and CARELESS[read] in line
    )
    assert history == eager or read is by_counting  # what it counts goes on where the attempt has left it
    assert_refused(lambda: train(True), TypeError, CARELESS[read])


def test_a_value_that_is_no_parameter_is_read_at_every_step():
    def train(compiled):
        model, rate = parts()[0], Value(0.25, "rate")
        penalty = lambda: rate * sum(p * p for p in model.parameters())

        def callback(history):
            rate.data = rate.data / 2

        optimizer = SGD(model.parameters(), 0.1)
        options = {"penalty": penalty, "callbacks": [callback], "compiled": compiled}
        nn.fit(model, DATA, "binary_cross_entropy", optimizer, epochs=3, **options)
        return [p.data for p in model.parameters()]

    assert train(True) == pytest.approx(train(False), **APPROXIMATELY)


def test_exact_parameters_are_refused_by_name():
    model = exact()
    with pytest.raises(TypeError, match=r"the parameter w\S* .*is a Fraction"):
        undecided(model, compiled=True)


REFUSED = {  # by the loss, which sees no target while it is recorded
    "binary_cross_entropy": (1, [0, 1, -1], "a target must be from 0 to 1, not -1"),
    "cross_entropy": (2, [0, 1, 2], "a class index must be a whole number from 0 to 1, not 2"),
    "hinge": (1, [1, -1, 0], "a target of one output must be -1 or 1, not 0"),
}


@pytest.mark.parametrize("loss", REFUSED)
@pytest.mark.parametrize("where", ["data", "validation"])
@pytest.mark.parametrize("compiled", [True, None])
def test_targets_are_refused_as_on_values(loss, where, compiled, pays):
    count, y, part = REFUSED[loss]
    good, bad = Dataset(X[:2], y[:2]), Dataset(X[:3], y)
    options = {"data": bad} if where == "data" else {"data": good, "validation": bad}
    with pytest.raises(ValueError, match=f"{loss}: {part}"):
        undecided(parts(outputs=count)[0], loss, **options, compiled=compiled)


def test_a_plain_step_refuses_to_be_called():
    with pytest.raises(NotImplementedError, match="Step has no __call__"):
        steps.Step(parts()[0])(X, CLASSES)


def test_many_different_targets_are_not_all_tried(monkeypatch):
    monkeypatch.setattr(steps, "TARGETS", 2)
    tried = []

    def loss(z, t):
        tried.append(t)
        return cross_entropy(z, t)

    model, optimizer = parts(outputs=4)
    step = CompiledStep(model, loss, optimizer)
    tried.clear()
    step.check(Dataset(X[:6], [3, 3, 1, 3, 0, 2]))
    assert [t for t in tried if isinstance(t, int)] == [3, 3, 1]  # the first example, then two classes
