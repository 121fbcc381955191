"""fit: the numbers of a loop by hand, and the same ones after any interruption."""

import gc
import io
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import nullcontext
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interruptions import assert_all_or_nothing, interrupted
from processes import outputs
from refusals import assert_refused

import autograd
import nn
from autograd import Value, mean, ops, writing
from nn import Checkpoint, Stop, checkpoints, commit, modules, optim, resuming, training
from nn.data import Dataset, moons
from nn.losses import binary_cross_entropy, l2, mse
from nn.optim import SGD, AdaGrad, Adam, AdamW, Groups, RMSProp, clip_grad_norm
from nn.schedules import Plateau, cosine
from nn.steps import EagerStep

DATA, VALIDATION = moons(24, noise=0.1, seed=0).split(0.7, seed=0)
OPTIMIZERS = {
    "SGD": lambda parameters: SGD(
        parameters, cosine(0.5, 20), momentum=0.9, nesterov=True, weight_decay=0.01
    ),
    "AdaGrad": lambda parameters: AdaGrad(parameters, 0.1),
    "RMSProp": lambda parameters: RMSProp(parameters, 0.01, momentum=0.5, centered=True),
    "Adam": lambda parameters: Adam(parameters, 0.05),
    "AdamW": lambda parameters: AdamW(parameters, 0.05),
    "Groups": lambda parameters: Groups(
        SGD(parameters[:1], Plateau(0.5, patience=1, factor=0.5), momentum=0.9),
        SGD(parameters[1:], 0.1, weight_decay=0.1),
    ),
}


@pytest.fixture(autouse=True)
def ctrl_c():
    """Python's own handler, which a worker of pytest-xdist may lack."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("training") / "run.safetensors"


@pytest.fixture(autouse=True)
def nothing_there(path):
    """No test goes on from the checkpoint of another."""
    path.unlink(missing_ok=True)


def parts(optimizer="SGD", sizes=(2, 1), seed=0):
    """A small model and its optimizer."""
    model = nn.MLP(2, sizes, "tanh", seed=seed)
    return model, OPTIMIZERS[optimizer](model.parameters())


def at_call(n, act):
    """A step like that of fit which calls `act` after its n-th call."""

    def make(model, optimizer):
        eager, calls = EagerStep(model, binary_cross_entropy, optimizer), iter(range(1, 10**9))

        def step(x, y):
            result = eager(x, y)
            if next(calls) == n:
                act()
            return result

        return step

    return make


class CrashError(Exception):
    pass


def crash():
    raise CrashError


def ctrl_c_now():
    signal.raise_signal(signal.SIGINT)


# ── The loop ────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=20)
@given(
    name=st.sampled_from([*OPTIMIZERS]),
    size=st.integers(1, len(DATA) + 1) | st.none(),
    seed=st.integers() | st.none(),
    penalized=st.booleans(),
)
def test_fit_does_what_a_loop_by_hand_does_bit_for_bit(name, size, seed, penalized):
    model, optimizer = parts(name)
    losses, epochs = [], 2
    for epoch in range(1, epochs + 1):
        total = 0
        for batch in DATA.batches(size or len(DATA), None if size is None or seed is None else (seed, epoch)):
            loss = mean([binary_cross_entropy(model(x), y) for x, y in batch])
            if penalized:
                loss = loss + l2(model.parameters(), 0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.data * len(batch)
        losses.append(total / len(DATA))

    other, optimizer = parts(name)
    for p in other.parameters():
        p.grad = 1e9  # what stood there before is no part of the training
    history = nn.fit(
        other,
        DATA,
        "binary_cross_entropy",
        optimizer,
        epochs=epochs,
        batch_size=size,
        seed=seed,
        penalty=(lambda: l2(other.parameters(), 0.1)) if penalized else None,
    )
    assert other.state_dict() == model.state_dict() and history.history == {"loss": losses}
    assert [row["epoch"] for row in history.rows] == [1, 2] and not history.interrupted


def test_metrics_and_validation_are_means_over_the_examples():
    model, _ = parts()
    frozen = SGD(model.parameters(), 0)
    history = nn.fit(
        model,
        DATA,
        "binary_cross_entropy",
        frozen,
        epochs=1,
        batch_size=5,
        validation=VALIDATION,
        metrics=["accuracy", "mse", lambda_named := lambda y, t: t],
    )
    (row,) = history.rows
    assert list(row) == [
        *("epoch", "loss", "accuracy", "mse", "<lambda>"),
        *("val_loss", "val_accuracy", "val_mse", "val_<lambda>", "lr", "seconds"),
    ]
    for prefix, data in ("", DATA), ("val_", VALIDATION):
        for name, measure in {
            "loss": binary_cross_entropy,
            "accuracy": nn.accuracy,
            "mse": mse,
            "<lambda>": lambda_named,
        }.items():
            expected = sum(float(measure(model(x), t)) for x, t in data) / len(data)
            assert row[prefix + name] == pytest.approx(expected, rel=1e-14)
    assert row["val_accuracy"] == sum(nn.accuracy(model(x), t) for x, t in VALIDATION) / len(VALIDATION)


def test_evaluate_gives_what_a_row_says_of_the_validation():
    model, optimizer = parts()
    names = ["accuracy", "mse"]
    history = nn.fit(model, DATA, "mse", optimizer, epochs=1, validation=VALIDATION, metrics=["accuracy"])
    (row,) = history.rows
    assert nn.evaluate(model, VALIDATION, names) == {"accuracy": row["val_accuracy"], "mse": row["val_loss"]}
    recorded = nn.evaluate(model, VALIDATION, [lambda y, t: bool(y.args)])
    assert recorded == {"<lambda>": 0}


def test_clip_norm_limits_every_step():
    def loop(model, optimizer):
        for _ in range(5):
            optimizer.zero_grad()
            mean([mse(model(x), y) for x, y in DATA]).backward()
            clip_grad_norm(model.parameters(), 0.1)
            optimizer.step()

    (model, optimizer), (other, others) = parts(), parts()
    loop(model, optimizer)
    nn.fit(other, DATA, "mse", others, epochs=5, clip_norm=0.1)
    assert other.state_dict() == model.state_dict()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_rests_during_a_batch_and_goes_on_as_before(enabled):
    model, optimizer = parts()
    seen = []
    metrics = [lambda y, t: seen.append(gc.isenabled()) or 0]
    options = {"epochs": 2, "batch_size": 5, "metrics": metrics}
    if not enabled:
        gc.disable()
    try:
        nn.fit(model, DATA, "mse", optimizer, **options)
        assert gc.isenabled() is enabled
        with pytest.raises(CrashError):
            nn.fit(model, DATA, "mse", optimizer, **options, step=at_call(1, crash)(model, optimizer))
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
    assert len(seen) == 2 * len(DATA) and not any(seen)


def test_between_batches_the_garbage_collector_frees_the_cycles_of_a_model():
    class Cycle:
        def __init__(self):
            self.itself = [self] * 10

    model, optimizer = parts()
    alive = []

    def step(x, y):
        cycles = [Cycle() for _ in range(1000)]
        alive.append(weakref.ref(cycles[0]))
        return EagerStep(model, mse, optimizer)(x, y)

    nn.fit(model, DATA, "mse", optimizer, epochs=20, batch_size=len(DATA), step=step)
    assert sum(cycle() is not None for cycle in alive) <= 5


def test_validation_records_no_graph():
    model, optimizer = parts()
    recorded = []
    metrics = [lambda y, t: recorded.append(bool(y.args)) or 0]
    nn.fit(model, DATA[:1], "mse", optimizer, epochs=1, validation=DATA[:2], metrics=metrics)
    assert recorded == [True, False, False]  # the training example, then those of the validation


@pytest.mark.parametrize(
    ("output", "target", "right"),
    [
        *[(0.5, 1, True), (0.5, 0, False), (-0.5, 0, True), (-0.5, -1, True), (0.5, -1, False)],
        *[([1, 3, 2], 1, True), ([1, 3, 2], 2, False), ([2, 2], 0, True), ((1, 2), [0, 1], True)],
        *[([1, 2], [1, 0], False), (Value(2.0), 1, True), ([Value(2.0), Value(1.0)], 0, True)],
        *[
            ([0.5], 0, False),
            ([0.5], [1], True),
            (-0.5, [0], True),
            ([1, 3], [1], True),
            ([1, 3], [0], False),
        ],
        *[([1, math.inf], 1.0, True), (np.array([1.0, 3.0]), np.int64(1), True), ([1, 3], True, True)],
    ],
)
def test_accuracy(output, target, right):
    assert nn.accuracy(output, target) is right


NO_ACCURACY = {
    "nan": ([math.nan] * 3, 0, ValueError, "the output is nan"),
    "one nan": ([1.0, math.nan], 0, ValueError, "the output is nan"),
    "nan of a Value": (Value(math.nan), 0, ValueError, "the output is nan"),
    "no target": ([1.0, 2.0], math.nan, ValueError, "the target is nan"),
    "text": ([1.0, 2.0], "1", TypeError, "the target '1' is no number; classes count from 0"),
    "text for one": (1.0, "1", TypeError, "the target '1' is no number"),
    "nothing": ([], 0, TypeError, "the output [] is no number"),
    "none": (1.0, None, TypeError, "the target None is no number"),
    "class": (
        [1.0, 2.0],
        2,
        ValueError,
        "2 outputs and the target 2; give a class from 0 to 1, or one number",
    ),
    "negative": ([1.0, 2.0], -1, ValueError, "2 outputs and the target -1"),
    "half": ([1.0, 2.0], 0.5, ValueError, "2 outputs and the target 0.5"),
    "one-hot": ([1.0, 2.0], [0, 1, 0], ValueError, "2 outputs and the target [0, 1, 0]"),
}


@pytest.mark.parametrize("case", NO_ACCURACY)
def test_what_is_no_class_is_refused_by_accuracy(case):
    output, target, kind, part = NO_ACCURACY[case]
    with pytest.raises(kind) as caught:
        nn.accuracy(output, target)
    assert str(caught.value).startswith(f"accuracy: {part}") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("output", "sizes", "loss", "metrics", "named"),
    [
        ("sigmoid", [1], "binary_cross_entropy", [], "binary_cross_entropy"),
        (ops.sigmoid, [1], "binary_cross_entropy", [], "binary_cross_entropy"),
        ("relu", [1], "hinge", [], "hinge"),
        ("sigmoid", [2], "cross_entropy", [], "cross_entropy"),
        ("sigmoid", [1], "mse", ["accuracy"], "accuracy"),
        ("sigmoid", [2], "quadratic", ["accuracy"], None),
        ("sigmoid", [1], "mse", [], None),
        ("tanh", [1], "binary_cross_entropy", ["accuracy"], None),
        ("linear", [2], "cross_entropy", ["accuracy"], None),
    ],
)
def test_probabilities_where_logits_are_taken_give_a_warning_that_names_both(
    output, sizes, loss, metrics, named
):
    model = nn.MLP(2, sizes, output=output, seed=0)
    targets = [[0.25, 0.75]] * 4 if loss == "quadratic" else [1] * 4
    data, optimizer = Dataset([[1.0, 2.0]] * 4, targets), SGD(model.parameters(), 0.1)
    text = re.escape(f"{named} takes logits, of either sign, and output={output!r} makes them")
    with pytest.warns(UserWarning, match=f"^fit: {text}") if named else nullcontext():
        nn.fit(model, data, loss, optimizer, epochs=1, metrics=metrics)
    with pytest.warns(UserWarning, match=f"^evaluate: {text}") if named else nullcontext():
        nn.evaluate(model, data, [loss, *metrics])


# ── Numbers from NumPy ──────────────────────────────────────────────────────────────────────────────

NARROW = {
    "data": lambda number: {"x": np.array(DATA.x, number)},
    "targets": lambda number: {"y": np.array(DATA.y, number)},
    "lists": lambda number: {"x": [[number(xi) for xi in x] for x in DATA.x]},
    "rows": lambda number: {"x": [np.array(x, number) for x in DATA.x], "y": [*map(number, DATA.y)]},
    "lr": lambda number: {"optimizer": {"lr": number(0.1)}},
    "schedule": lambda number: {"optimizer": {"lr": lambda n: number(0.1)}},
    "momentum": lambda number: {"optimizer": {"lr": 0.1, "momentum": number(0.5)}},
    "weight_decay": lambda number: {"optimizer": {"lr": 0.1, "weight_decay": number(0.5)}},
    "init": lambda number: {"init": number(0.5)},
    "drawn": lambda number: {"init": lambda rng, n, m: number(rng.random())},
    "clip_norm": lambda number: {"options": {"clip_norm": number(0.1)}},
    "penalty": lambda number: {"rate": number(0.1)},
}


@pytest.mark.parametrize("case", NARROW)
@pytest.mark.parametrize("number", [np.float16, np.float32, np.float64, np.longdouble])
def test_numbers_of_numpy_leave_the_parameters_as_they_were(case, number, tmp_path):
    given = NARROW[case](number)
    model = nn.MLP(2, [2, 1], "tanh", init=given.get("init", "uniform"), seed=0)
    optimizer = SGD(model.parameters(), **given.get("optimizer", {"lr": 0.1}))
    data = Dataset(given.get("x", DATA.x), given.get("y", DATA.y))
    rate = given.get("rate")
    penalty = None if rate is None else lambda: l2(model.parameters(), rate)
    nn.fit(model, data, "mse", optimizer, epochs=1, batch_size=5, penalty=penalty, **given.get("options", {}))
    assert {type(p.data) for p in model.parameters()} == {float}
    assert {type(x) for x in optimizer.state_dict()["SGD.velocity"]} == {float}
    nn.save(model, tmp_path / "model")
    autograd.compile(lambda x, y: mse(model(x), y), model.parameters()).parameters()


def test_parameters_that_are_float32_on_purpose_stay_so():
    model = nn.MLP(2, [2, 1], "tanh", seed=0)
    for p in model.parameters():
        p.data = np.float32(p.data)
    state = model.state_dict()
    model.load_state_dict({name: float(x) for name, x in state.items()})
    assert {type(x) for x in model.state_dict().values()} == {float}
    model.load_state_dict(state)
    assert {type(x) for x in model.state_dict().values()} == {float}
    for p in model.parameters():
        p.data = np.float32(p.data)
    optimizer = Adam(model.parameters())
    nn.fit(model, DATA, "mse", optimizer, epochs=2, batch_size=5)
    assert {type(x) for x in optimizer.state_dict()["Adam.m"]} == {np.float32}
    model.load_state_dict(model.state_dict())
    assert {type(x) for x in model.state_dict().values()} == {np.float32}


def test_another_step_takes_the_place_of_the_eager_one():
    model, optimizer = parts()
    seen = []

    def step(x, y):
        seen.append((x, y))
        return 0.25, [1.0] * len(x)

    before = model.state_dict()
    history = nn.fit(
        model, DATA[:6], "mse", optimizer, epochs=1, batch_size=4, seed=None, metrics=["accuracy"], step=step
    )
    assert seen == [(DATA.x[:4], DATA.y[:4]), (DATA.x[4:6], DATA.y[4:6])] and model.state_dict() == before
    assert history == nn.History([{"epoch": 1, "loss": 0.25, "accuracy": sum(DATA.y[:6]) / 6, "lr": 0.5}])


def test_the_rate_of_a_row_is_that_of_its_last_step():
    model = nn.MLP(2, [1], seed=0)
    optimizer = SGD(model.parameters(), lambda n: 1 / (n + 1))
    history = nn.fit(model, DATA[:10], "mse", optimizer, epochs=2, batch_size=5)
    assert [row["lr"] for row in history.rows] == [1 / 2, 1 / 4]


# ── Interruptions ───────────────────────────────────────────────────────────────────────────────────

OPTIONS = {"epochs": 4, "batch_size": 5, "validation": VALIDATION, "metrics": ["accuracy"], "seed": 3}
BATCHES = math.ceil(len(DATA) / 5)


def uninterrupted(name, **options):
    model, optimizer = parts(name)
    history = nn.fit(model, DATA, "binary_cross_entropy", optimizer, **OPTIONS, **options)
    return history, model.state_dict(), optimizer.state_dict()


@settings(max_examples=30)
@given(
    name=st.sampled_from([*OPTIMIZERS]),
    at=st.integers(1, 4 * BATCHES),
    crashes=st.booleans(),
    every=st.integers(1, 3),
    keep_best=st.booleans(),
)
def test_a_run_resumed_after_any_batch_gives_the_same_bits(path, name, at, crashes, every, keep_best):
    options = {**OPTIONS, "stop": Stop(keep_best=keep_best)}
    path.unlink(missing_ok=True)
    model, optimizer = parts(name)
    step = at_call(at, crash if crashes else ctrl_c_now)(model, optimizer)
    try:
        kept = Checkpoint(path, every)
        history = nn.fit(
            model, DATA, "binary_cross_entropy", optimizer, step=step, checkpoint=kept, **options
        )
        assert history.interrupted and len(history) == (at - 1) // BATCHES
        assert optimizer.steps == at
    except CrashError:
        assert crashes

    model, optimizer = parts(name, seed=1)  # all that it needs is in the file
    kept = Checkpoint(path, every, resume=True)
    history = nn.fit(model, DATA, "binary_cross_entropy", optimizer, checkpoint=kept, **options)
    expected, parameters, memory = uninterrupted(name, stop=Stop(keep_best=keep_best))
    assert history == expected and not history.interrupted
    assert model.state_dict() == parameters and optimizer.state_dict() == memory


def test_a_finished_run_resumes_to_more_epochs_and_with_none_it_returns_at_once(path):
    model, optimizer = parts()
    short = nn.fit(
        model, DATA, "binary_cross_entropy", optimizer, **{**OPTIONS, "epochs": 2}, checkpoint=path
    )
    data = path.read_bytes()
    model, optimizer = parts(seed=1)
    again = nn.fit(
        model,
        DATA,
        "binary_cross_entropy",
        optimizer,
        **{**OPTIONS, "epochs": 2},
        checkpoint=Checkpoint(path, resume=True),
        step=crash,
    )
    assert again == short and path.read_bytes() == data
    kept = Checkpoint(path, resume=True)
    history = nn.fit(model, DATA, "binary_cross_entropy", optimizer, **OPTIONS, checkpoint=kept)
    assert (history, model.state_dict(), optimizer.state_dict()) == uninterrupted("SGD")


def test_exact_training_resumes_with_exact_fractions(path):
    def run(epochs, resume):
        model = nn.MLP(1, [1], init=Fraction(1, 3))
        model.layers[0].neurons[0].b.data = Fraction(0)
        optimizer = SGD(model.parameters(), Fraction(1, 10), momentum=Fraction(1, 2))
        data = Dataset([[Fraction(1)], [Fraction(2, 7)]], [Fraction(3), Fraction(4)])
        kept = Checkpoint(path, resume=resume)
        nn.fit(model, data, "mse", optimizer, epochs=epochs, checkpoint=kept)
        return model.state_dict()

    run(2, False)
    resumed = run(4, True)
    path.unlink()
    assert resumed == run(4, False) and all(type(x) is Fraction for x in resumed.values())


def test_checkpoints_are_written_at_once_after_every_few_epochs_and_at_the_end(path, monkeypatch):
    written = []
    monkeypatch.setattr(
        training.checkpoints, "write", lambda path, model, t: written.append(len(t["history"]))
    )
    model, optimizer = parts()
    nn.fit(model, DATA, "mse", optimizer, epochs=5, checkpoint=Checkpoint(path, every=2))
    assert written == [0, 2, 4, 5]
    written.clear()
    nn.fit(model, DATA, "mse", optimizer, epochs=4, checkpoint=Checkpoint(path, every=2))
    assert written == [0, 2, 4]


def test_load_reads_the_parameters_of_a_checkpoint(path):
    model, optimizer = parts()
    nn.fit(model, DATA, "mse", optimizer, epochs=2, checkpoint=path)
    other, _ = parts(seed=1)
    nn.load(other, path)
    assert other.state_dict() == model.state_dict()


PROGRAM = """
import sys
import nn
from nn.data import moons
from nn.losses import mse
from nn.optim import Adam
from nn.steps import EagerStep

model = nn.MLP(2, [3, 1], "tanh", seed=0)
optimizer = Adam(model.parameters())
eager = EagerStep(model, mse, optimizer)

def step(x, y):
    result = eager(x, y)
    if optimizer.steps == 5:
        print("ready", flush=True)
        sys.stdin.readline()
    return result

{body}
"""
RUN = """
history = nn.fit(model, moons(20, noise=0.1, seed=0), "mse", optimizer, epochs=10**9, batch_size=6,
                 checkpoint=sys.argv[1], step=step)
print(history.interrupted, len(history), optimizer.steps)
"""


def start(path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "5"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=RUN), str(path)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a group of processes")
def test_ctrl_c_in_a_real_process_ends_after_the_batch_and_the_run_resumes_here(tmp_path):
    path = tmp_path / "run.safetensors"
    process = start(path)
    process.send_signal(signal.SIGINT)
    shown, errors = process.communicate("\n", timeout=60)
    assert shown == "True 1 5\n" and not errors and process.returncode == 0

    def run(**options):
        model = nn.MLP(2, [3, 1], "tanh", seed=0)
        data = moons(20, noise=0.1, seed=0)
        history = nn.fit(model, data, "mse", Adam(model.parameters()), epochs=3, batch_size=6, **options)
        return history, model.state_dict()

    assert run(checkpoint=Checkpoint(path, resume=True)) == run()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a group of processes")
def test_a_second_ctrl_c_interrupts_at_once_and_leaves_the_last_checkpoint(tmp_path):
    path = tmp_path / "run.safetensors"
    process = start(path)
    before = path.read_bytes()
    while process.poll() is None:  # signals that come too close together are one
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    shown, errors = process.communicate()
    assert "KeyboardInterrupt" in errors and not shown and process.returncode != 0
    assert path.read_bytes() == before


def test_the_second_interrupt_is_pythons_own():
    model, optimizer = parts()

    def twice():
        ctrl_c_now()
        with pytest.raises(KeyboardInterrupt):
            ctrl_c_now()

    assert nn.fit(
        model, DATA, "mse", optimizer, epochs=9, step=at_call(2, twice)(model, optimizer)
    ).interrupted
    assert optimizer.steps == 2


def test_a_handler_of_the_program_stays_in_force():
    model, optimizer = parts()
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    history = nn.fit(model, DATA, "mse", optimizer, epochs=3, step=at_call(2, ctrl_c_now)(model, optimizer))
    assert heard == [signal.SIGINT] and len(history) == 3 and not history.interrupted
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_outside_of_the_main_thread_there_is_no_handler():
    model, optimizer = parts()
    handlers = []
    step = at_call(1, lambda: handlers.append(signal.getsignal(signal.SIGINT)))(model, optimizer)
    thread = threading.Thread(
        target=lambda: handlers.append(nn.fit(model, DATA, "mse", optimizer, epochs=2, step=step))
    )
    thread.start()
    thread.join()
    assert handlers[0] is signal.default_int_handler and len(handlers[1]) == 2


def test_the_same_history_in_every_process():
    script = (
        "import nn; from nn.data import moons; from nn.optim import Adam; m = nn.MLP(2, [3, 1], seed=0)\n"
        "h = nn.fit(m, moons(9, noise=0.1, seed=1), 'mse', Adam(m.parameters()), epochs=3, batch_size=4)\n"
        "print(h.history, m.state_dict())"
    )
    assert len(outputs(script)) == 1


# ── Interruptions anywhere ──────────────────────────────────────────────────────────────────────────

# An interruption between `open` and `with` leaves the closing to Python, which warns of it.
unclosed = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
FILES = [module.__file__ for module in (checkpoints, commit, optim, resuming, writing)]


def one_weight(optimizer="Adam"):
    model = nn.Neuron(1, init=0.5, bias=False)
    return model, OPTIMIZERS[optimizer](model.parameters())


def state(world):
    model, optimizer = world
    return repr((model.state_dict(), optimizer.state_dict()))


def train(world, **options):
    model, optimizer = world
    data = Dataset([[1.0], [2.0]], [1.0, 0.5])
    nn.fit(model, data, "mse", optimizer, epochs=1, batch_size=1, **options)


@unclosed
def test_a_run_interrupted_anywhere_leaves_whole_steps_and_a_whole_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)  # no disk is pulled out here
    path, world = tmp_path / "run", one_weight()
    whole = [state(world)]

    def noted(x, y):
        result = EagerStep(world[0], mse, world[1])(x, y)
        whole.append(state(world))
        return result

    train(world, step=noted)
    with pytest.raises(CrashError):
        train(one_weight(), checkpoint=path, step=lambda x, y: crash())
    beginning, found = path.read_bytes(), []

    def make():
        path.write_bytes(beginning)
        return one_weight()

    run = partial(train, checkpoint=path)
    for world in interrupted(make, run, *FILES, bytecodes=False):
        file = checkpoints.read(path)
        assert repr((checkpoints.unpack(file.parameters), file.training["optimizer"])) in whole
        found.append(whole.index(state(world)))
    assert found == sorted(found) and {*found} == {0, 1, 2}
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


@unclosed
def test_resuming_interrupted_anywhere_has_loaded_model_and_optimizer_or_neither(path):
    train(one_weight(), checkpoint=path)

    def resume(world):
        signal.signal(signal.SIGINT, signal.default_int_handler)  # which fit's last lines might have kept
        train(world, checkpoint=Checkpoint(path, resume=True))

    files = [*FILES, modules.__file__, training.__file__]
    assert_all_or_nothing(one_weight, resume, state, *files, bytecodes=False)


# ── Ends ────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(1, 5))
@settings(max_examples=5)
def test_patience_ends_a_run_that_learns_nothing(patience):
    model, _ = parts()
    history = nn.fit(model, DATA, "mse", SGD(model.parameters(), 0), epochs=99, stop=Stop(patience))
    assert len(history) == 1 + patience


def diverging():
    """Good for some epochs, then worse and worse: the rate grows."""
    model = nn.MLP(2, [1], seed=0)
    return model, SGD(model.parameters(), lambda n: 0.02 * 1.5**n)


@pytest.mark.parametrize("keep_best", [False, True])
def test_patience_leaves_the_last_parameters_and_keep_best_the_best(keep_best, path):
    model, optimizer = diverging()
    options = {"epochs": 99, "validation": VALIDATION, "stop": Stop(3, keep_best=keep_best)}
    history = nn.fit(model, DATA, "mse", optimizer, checkpoint=path, **options)
    best = history.best["epoch"]
    assert 1 < best == len(history) - 3
    other, optimizer = diverging()
    nn.fit(other, DATA, "mse", optimizer, epochs=best if keep_best else len(history))
    assert model.state_dict() == other.state_dict()

    again, optimizer = diverging()
    kept = Checkpoint(path, resume=True)
    resumed = nn.fit(again, DATA, "mse", optimizer, checkpoint=kept, **options, step=crash)
    assert resumed == history and again.state_dict() == model.state_dict()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_run_and_spares_model_and_checkpoint(bad, path):
    model, optimizer = parts()
    calls = iter(range(10**9))

    def loss(y, t):
        return mse(y, t) * (bad if next(calls) == len(DATA) + 7 else 1)

    spared = []

    def step(x, y):
        spared.append(model.state_dict())
        return EagerStep(model, loss, optimizer)(x, y)

    with pytest.raises(FloatingPointError, match=rf"fit: the loss is {bad} in epoch 2, batch 2; lower"):
        nn.fit(model, DATA, loss, optimizer, epochs=3, batch_size=5, checkpoint=path, step=step)
    assert model.state_dict() == spared[-1] and len(spared) == BATCHES + 2
    nn.load(model, path)
    assert model.state_dict() == spared[BATCHES]


def test_a_validation_loss_that_is_no_number_ends_the_run():
    model, optimizer = parts()
    loss = lambda y, t: mse(y, t) * (math.nan if t == 5 else 1)
    with pytest.raises(FloatingPointError, match="fit: the validation loss is nan in epoch 1;"):
        nn.fit(model, DATA, loss, optimizer, epochs=1, validation=Dataset([[0, 0]], [5]))


@pytest.mark.parametrize("delta", [0, 0.1])
def test_an_epoch_that_is_better_by_less_than_min_delta_does_not_count(delta):
    losses = iter([1.0, 0.95, 0.85, 0.8, 0.8, 0.75, 0.8, 0.76, 0.75])
    model, optimizer = parts()
    step = lambda x, y: (next(losses), x)
    history = nn.fit(model, DATA, "mse", optimizer, epochs=9, stop=Stop(3, delta), step=step)
    assert len(history) == (6 if delta else 9)


# ── Callbacks ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("answer", [True, np.True_])
def test_callbacks_get_the_history_after_every_epoch_and_one_may_end_the_training(answer, path):
    model, optimizer = parts()
    seen, states = [], []

    def look(history):
        seen.append([row["epoch"] for row in history])
        states.append(model.state_dict())

    options = {"checkpoint": path, "callbacks": [lambda h: answer if len(h) == 3 else None, look]}
    history = nn.fit(model, DATA, "mse", optimizer, epochs=9, **options)
    assert seen == [[1], [1, 2], [1, 2, 3]] and len(history) == 3 and not history.interrupted
    assert states[-1] == model.state_dict() and len(checkpoints.read(path).training["history"]) == 3


def test_a_callback_may_set_the_learning_rate():
    model, optimizer = parts("Adam")
    slower = lambda history: setattr(optimizer, "lr", 0.05 / 2 ** len(history))
    history = nn.fit(model, DATA, "mse", optimizer, epochs=3, callbacks=[slower])
    assert [row["lr"] for row in history] == [0.05, 0.025, 0.0125]


def test_a_plateau_sees_the_epochs_before_a_resume(path):
    def fit(**options):
        model, _ = parts()
        optimizer = SGD(model.parameters(), Plateau(0.0625, patience=2, factor=0.5, min_delta=9))
        return nn.fit(model, DATA, "mse", optimizer, **options), model.state_dict()

    fit(epochs=4, checkpoint=path)
    history, state = fit(epochs=7, checkpoint=Checkpoint(path, resume=True))
    assert (history, state) == fit(epochs=7)
    assert [16 * row["lr"] for row in history] == [1, 1, 1, 1 / 2, 1 / 2, 1 / 4, 1 / 4]


@pytest.mark.parametrize("end", [OSError, KeyboardInterrupt])
def test_whatever_ends_a_training_has_its_history(end, path, monkeypatch):
    def write(path, model, training):
        if len(training["history"]) == 3:
            raise end(28, "No space left on device")

    monkeypatch.setattr(training.checkpoints, "write", write)
    model, optimizer = parts()
    with pytest.raises(end, match="No space left") as caught:
        nn.fit(model, DATA, "mse", optimizer, epochs=5, checkpoint=path)
    assert [row["epoch"] for row in caught.value.history] == [1, 2, 3]


def test_the_seconds_of_an_epoch_are_its_own(monkeypatch):
    clock = iter(range(100, 200, 3))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    model, optimizer = parts()
    history = nn.fit(model, DATA, "mse", optimizer, epochs=2, compiled=False)
    assert [row["seconds"] for row in history] == [3, 3]


# ── The progress bar ────────────────────────────────────────────────────────────────────────────────


class Terminal(io.StringIO):
    def isatty(self):
        return True


OutStream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})  # that of a notebook


@pytest.mark.parametrize(
    ("stream", "progress", "shown"),
    [
        *[(Terminal, None, True), (Terminal, False, False), (io.StringIO, None, False)],
        *[(io.StringIO, True, True), (OutStream, None, True), (OutStream, False, False)],
    ],
)
def test_the_bar_is_shown_on_a_terminal_or_when_asked_for(stream, progress, shown, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream())
    model, optimizer = parts()
    nn.fit(model, DATA, "mse", optimizer, epochs=2, batch_size=5, progress=progress)
    text = sys.stderr.getvalue()
    assert bool(text) is shown
    assert not shown or (f"{2 * BATCHES}/{2 * BATCHES}" in text and "epoch=2" in text)


def test_without_tqdm_there_is_no_bar_and_asking_for_one_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    model, optimizer = parts()
    assert len(nn.fit(model, DATA, "mse", optimizer, epochs=1)) == 1
    with pytest.raises(ImportError, match=r"fit: progress: .*pip install 'scalar-autograd\[nn\]'"):
        nn.fit(model, DATA, "mse", optimizer, epochs=1, progress=True)


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────


class Empty(nn.Module):
    pass


def fit(loss="mse", model=None, data=DATA, optimizer=None, **options):
    own, its = parts()
    return nn.fit(model or own, data, loss, optimizer or its, **{"epochs": 1, **options})


BAD = {
    "loss": (lambda: fit("mes"), ValueError, "loss 'mes' does not exist; did you mean 'mse'?"),
    "metric": (
        lambda: fit(metrics=["accurracy"]),
        ValueError,
        "metric 'accurracy' does not exist; did you mean 'accuracy'?",
    ),
    "one metric": (lambda: fit(metrics="accuracy"), TypeError, "metrics must be a list, not 'accuracy'"),
    "a number as metric": (
        lambda: fit(metrics=[3]),
        TypeError,
        "fit: a metric is a name or a function (output, target), not 3",
    ),
    "no loss": (
        lambda: fit(None),
        TypeError,
        "fit: a loss is a name or a function (output, target), not None",
    ),
    "a step and a penalty": (
        lambda: fit(step=crash, penalty=crash),
        ValueError,
        "fit: a step of your own adds the penalty, clips and compiles",
    ),
    "a step and compiled": (
        lambda: fit(step=crash, compiled=True),
        ValueError,
        "adds the penalty, clips and compiles; give it these, not fit",
    ),
    "clip_norm": (lambda: fit(clip_norm=0), ValueError, "clip_grad_norm: limit must be positive, not 0"),
    "data to evaluate": (
        lambda: nn.evaluate(parts()[0], DATA.x, ["mse"]),
        TypeError,
        "evaluate: data must be of type Dataset, as nn.data.Dataset(x, y), not list",
    ),
    "nothing to evaluate": (
        lambda: nn.evaluate(parts()[0], DATA[:0], ["mse"]),
        ValueError,
        "evaluate: data is empty",
    ),
    "two metrics": (lambda: fit(metrics=["mse", mse]), ValueError, "'mse' would be two columns"),
    "a plain loss": (lambda: fit(lambda y, t: 0.5), TypeError, "fit: the loss is the plain number 0.5;"),
    "model": (
        lambda: fit(model=len),
        TypeError,
        "model must be of type Module, as nn.MLP(2, [16, 1]), not builtin_function",
    ),
    "no parameters": (lambda: fit(model=Empty()), ValueError, "Empty: 0 parameters> has no parameters"),
    "optimizer": (
        lambda: fit(optimizer=0.1),
        TypeError,
        "optimizer must be of type Optimizer, as nn.optim.SGD(",
    ),
    "another model's": (
        lambda: fit(optimizer=parts()[1]),
        ValueError,
        "the optimizer holds other parameters",
    ),
    "data": (
        lambda: fit(data=DATA.x),
        TypeError,
        "data must be of type Dataset, as nn.data.Dataset(x, y), not list",
    ),
    "no data": (lambda: fit(data=DATA[:0]), ValueError, "data is empty; give at least one example"),
    "validation": (
        lambda: fit(validation=0.2),
        TypeError,
        "validation must be of type Dataset, as nn.data.Dataset(x, y), not float",
    ),
    "no validation": (lambda: fit(validation=DATA[:0]), ValueError, "validation is empty"),
    "epochs": (lambda: fit(epochs=0), ValueError, "fit: epochs must be a whole number from 1, not 0"),
    "half an epoch": (lambda: fit(epochs=0.5), ValueError, "epochs must be a whole number from 1, not 0.5"),
    "batch size": (
        lambda: fit(batch_size=-1),
        ValueError,
        "batch_size must be a whole number from 1, not -1",
    ),
    "every": (
        lambda: Checkpoint("a", 0),
        ValueError,
        "Checkpoint: every must be a whole number from 1, not 0",
    ),
    "patience": (lambda: Stop(0), ValueError, "Stop: patience must be a whole number from 1, not 0"),
    "min_delta": (
        lambda: Stop(1, math.nan),
        ValueError,
        "Stop: min_delta must be at least 0 and finite, not",
    ),
    "stop": (
        lambda: fit(stop=5),
        TypeError,
        "fit: stop must be of type Stop, as nn.Stop(patience=5), not int",
    ),
    "checkpoint": (lambda: fit(checkpoint=True), TypeError, "path must be that of a file, not True"),
    "a resume": (lambda: Checkpoint("a", resume="b"), ValueError, "must be True, False or \"auto\", not 'b'"),
    "one callback": (lambda: fit(callbacks=crash), TypeError, "callbacks must be a list of functions of the"),
    "an answer": (
        lambda: fit(callbacks=[len]),
        TypeError,
        "fit: the callback len returned 1; True ends the training, and None or False goes on",
    ),
    "seed": (lambda: fit(seed="x", batch_size=2), TypeError, "seed must be an int"),
    "nowhere to save": (lambda: fit(step=crash, checkpoint="no/file"), OSError, "lies in no, which is no"),
    "no file": (
        lambda: fit(checkpoint=Checkpoint("no", resume=True)),
        FileNotFoundError,
        "there is no file no",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case):
    assert_refused(*BAD[case])


CHANGED = {
    "optimizer": ({"optimizer": "Adam"}, "optimizer is 'SGD' there, and 'Adam' here"),
    "loss": ({"loss": "mse"}, "loss is 'binary_cross_entropy' there, and 'mse' here"),
    "examples": ({"data": DATA[1:]}, "examples is 17 there, and 16 here"),
    "batch size": ({"batch_size": 4}, "batch_size is 5 there, and 4 here"),
    "whole batches": ({"batch_size": None}, "batch_size is 5 there, and 17 here"),
    "seed": ({"seed": 4}, "seed is 3 there, and 4 here"),
    "metrics": ({"metrics": []}, "metrics is ['accuracy'] there, and [] here"),
    "validation": ({"validation": None}, "validation is True there, and False here"),
    "keep_best": ({"stop": Stop(keep_best=True)}, "keep_best is False there, and True here"),
    "compiled": ({"compiled": True}, "compiled is False there, and True here; give compiled=False"),
    "model": ({"sizes": (2, 2, 1)}, "holds MLP(2, [2, 1], activation='tanh', output='linear') # 9"),
    "no training": ({"save": True}, "holds a model and no training to resume"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_checkpoint_of_another_training_is_refused_and_nothing_changes(case, path):
    model, optimizer = parts()
    nn.fit(model, DATA, "binary_cross_entropy", optimizer, **{**OPTIONS, "epochs": 1}, checkpoint=path)
    changes, part = {**CHANGED[case][0]}, CHANGED[case][1]
    if changes.pop("save", False):
        nn.save(model, path)
    model, optimizer = parts(changes.pop("optimizer", "SGD"), changes.pop("sizes", (2, 1)), seed=1)
    data, loss = changes.pop("data", DATA), changes.pop("loss", "binary_cross_entropy")
    before, memory = model.state_dict(), optimizer.state_dict()
    kept = Checkpoint(path, resume=True)
    with pytest.raises(ValueError, match=r"run\.safetensors") as caught:
        nn.fit(model, data, loss, optimizer, **{**OPTIONS, **changes}, checkpoint=kept)
    assert part in str(caught.value) and "\n" not in str(caught.value)
    assert (model.state_dict(), optimizer.state_dict()) == (before, memory)


def with_(part, value):
    """A change of a training: the part at this path of keys becomes the value."""
    *path, last = part.split("/")

    def change(tree):
        for key in path:
            tree = tree[int(key) if isinstance(tree, list) else key]
        tree[last] = value
        return tree

    return change


SUMS = {"loss": 1.0, "accuracy": 1.0}
FOREIGN = {
    "other keys": lambda training: (training.clear(), training.update(a=1)),
    "no history": lambda training: training.pop("history"),
    "settings": with_("settings", 5),
    "one setting": lambda training: training["settings"].pop("loss"),
    "optimizer": with_("optimizer", 5),
    "memory": with_("optimizer/Adam.m", "abc"),
    "steps": with_("optimizer/Adam.steps", -1),
    "batch": lambda training: training.update(batch=BATCHES + 1, sums=SUMS),
    "half a batch": lambda training: training.update(batch=1.5, sums=SUMS),
    "sums": with_("sums", []),
    "sums of an epoch that has not begun": with_("sums", SUMS),
    "text": with_("history/0/loss", "x"),
    "columns": with_("history/0/a", 1.0),
    "epochs": with_("history/0/epoch", 2),
    "lr": with_("lr", None),
    "before": with_("before", -1),
    "half an epoch before": with_("before", 0.5),
    "best": with_("best", 5),
    "best of another model": with_("best", {"w": 1.0}),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_training_that_fit_did_not_write_is_refused_and_nothing_changes(case, path):
    options = {**OPTIONS, "stop": Stop(keep_best=True)}
    model, optimizer = parts("Adam")
    nn.fit(model, DATA, "mse", optimizer, **{**options, "epochs": 1}, checkpoint=path)
    file = training.checkpoints.read(path)
    FOREIGN[case](file.training)
    training.checkpoints.write(path, model, file.training)
    model, optimizer = parts("Adam", seed=1)
    before = model.state_dict(), optimizer.state_dict()
    with pytest.raises(ValueError, match=r"run\.safetensors holds|Adam: ") as caught:
        nn.fit(model, DATA, "mse", optimizer, **options, checkpoint=Checkpoint(path, resume=True))
    assert "\n" not in str(caught.value)
    assert (model.state_dict(), optimizer.state_dict()) == before
