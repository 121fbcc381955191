"""Resuming: the same training goes on, another one is refused, and no file's bytes leave half of one."""

import json
import math
import os
import random
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import outputs
from safetensors import safe_open
from safetensors.numpy import save as to_bytes

import nn
from autograd import Value, exp
from nn import checkpoints
from nn.data import moons
from nn.losses import mse
from nn.optim import SGD, Adam

DATA, VALIDATION = moons(12, noise=0.1, seed=0).split(0.7, seed=0)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A path that every example may write anew."""
    return tmp_path_factory.mktemp("resuming") / "run.safetensors"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def fit(*parts, checkpoint=None, resume=False, keep_best=False, **options):
    """nn.fit with the settings of a checkpoint and of an end one by one."""
    kept = checkpoint and nn.Checkpoint(checkpoint, resume=resume)
    return nn.fit(*parts, checkpoint=kept, stop=nn.Stop(keep_best=keep_best), **options)


def parts(arrange=list, seed=0):
    """A model, a temperature that is none of its parameters, and an optimizer of all these."""
    model, temperature = nn.MLP(2, [2, 1], "tanh", seed=seed), Value(1.0 + seed, "temperature")
    return model, temperature, Adam(arrange([*model.parameters(), temperature]), 0.05)


def train(world, epochs, path=None, **options):
    model, temperature, optimizer = world
    return fit(
        model,
        DATA,
        options.pop("loss", lambda y, t: mse(y * exp(temperature), t)),
        optimizer,
        epochs=epochs,
        batch_size=3,
        checkpoint=path,
        **options,
    )


def state(world):
    model, temperature, optimizer = world
    return model.state_dict(), temperature.data, optimizer.state_dict()


# ── Parameters that the model does not hold ─────────────────────────────────────────────────────────


def backwards(parameters):
    return parameters[::-1]


def shuffled(parameters):
    return random.Random(0).sample(parameters, len(parameters))


def half(parameters):
    return parameters[len(parameters) // 2 :]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize("arrange", [list, backwards, shuffled, half])
def test_a_run_resumes_to_the_same_bits_whatever_the_optimizer_holds(arrange, keep_best, compiled, path):
    options = {"validation": VALIDATION, "keep_best": keep_best, "compiled": compiled}
    whole, world = parts(arrange), parts(arrange)
    expected = train(whole, 4, **options)
    train(world, 2, path, **options)
    world = parts(arrange, seed=1)  # all that it needs is in the file
    assert train(world, 4, path, resume=True, **options) == expected
    assert state(world) == state(whole)


def test_keep_best_leaves_the_best_of_all_parameters():
    world = parts()
    seen = []

    def step(x, y):
        model, temperature, _ = world
        temperature.data = model.parameters()[0].data = len(seen) / 8
        seen.append((0.5, 0.25, 0.125, 0.75, 1.0)[len(seen) // 3])
        return seen[-1], []

    assert len(DATA) == 8
    train(world, 5, step=step, keep_best=True)
    assert world[1].data == world[0].parameters()[0].data == 1.0


def test_numbers_of_other_types_are_kept_too(path):
    def world(seed):
        model = nn.MLP(1, [1], init=Fraction(1, 3))
        model.layers[0].neurons[0].b.data = Fraction(0)
        scale = Value(Fraction(1, 2 + seed), "scale")
        return model, scale, SGD([*model.parameters(), scale], Fraction(1, 10))

    def run(world, epochs, **options):
        model, scale, optimizer = world
        data = nn.data.Dataset([[Fraction(1)]], [Fraction(3)])
        fit(model, data, lambda y, t: mse(y * scale, t), optimizer, epochs=epochs, checkpoint=path, **options)
        return state(world)

    run(world(0), 2)
    resumed = run(world(1), 4, resume=True)
    path.unlink()
    assert repr(resumed) == repr(run(world(0), 4))


@pytest.mark.parametrize(("one", "other"), [(list, backwards), (shuffled, list), (half, list), (list, half)])
def test_other_parameters_or_another_order_are_refused(one, other, path):
    train(parts(one), 1, path)
    world = parts(other, seed=1)
    before = state(world)
    with pytest.raises(
        ValueError, match=r"run\.safetensors is of another training: the optimizer holds other p"
    ):
        train(world, 2, path, resume=True)
    assert state(world) == before


def test_another_temperature_is_refused(path):
    train(parts(), 1, path)
    world = parts(seed=1)
    world[1].label = "scale"
    with pytest.raises(ValueError, match="the optimizer holds other parameters there, or in another order"):
        train(world, 2, path, resume=True)


@pytest.mark.parametrize("labels", [("", "a"), ("a", "a")])
def test_a_parameter_that_a_checkpoint_cannot_name_is_refused_at_once(labels, path):
    model = nn.MLP(2, [1])
    optimizer = SGD([*model.parameters(), *(Value(1.0, label) for label in labels)], 0.1)
    fit(model, DATA, "mse", optimizer, epochs=1, keep_best=True)  # without a file it needs no name
    with pytest.raises(
        ValueError, match=r"fit: the optimizer holds Value\(1.0, .*give it a label of its own"
    ):
        fit(model, DATA, "mse", optimizer, epochs=1, checkpoint=path)
    assert optimizer.steps == 1 and not path.exists()


# ── Losses and metrics without a name ───────────────────────────────────────────────────────────────


def scaled(y, t, scale):
    return mse(y, t) * scale


def shifted(y, t, scale):
    return mse(y + scale, t)


def a_lambda(scale):
    return lambda y, t: mse(y, t) * scale


FUNCTIONS = {
    "a number": (lambda y, t: mse(y, t) * 2, lambda y, t: mse(y, t) * 3),
    "a name": (lambda y, t: mse(y, t), lambda y, t: scaled(y, t, 1)),
    "an operation": (lambda y, t: (y - t) * 2, lambda y, t: (y + t) * 2),
    "inside": (lambda y, t: sum((lambda: [y, 2])()), lambda y, t: sum((lambda: [y, 3])())),
    "in a set": (lambda y, t: y * (2 in {1, 2}), lambda y, t: y * (2 in {1, 3})),
    "a default": (lambda y, t, scale=2: mse(y, t) * scale, lambda y, t, scale=3: mse(y, t) * scale),
    "a default by name": (lambda y, t, *, a=2: mse(y, t) * a, lambda y, t, *, a=3: mse(y, t) * a),
    "partials of two functions": (partial(scaled, scale=2), partial(shifted, scale=2)),
    "a partial": (partial(scaled, scale=2), partial(scaled, scale=3)),
    "a partial of a lambda": (partial(lambda y, t: y - t), partial(lambda y, t: y + t)),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("role", ["loss", "metrics"])
def test_another_function_without_a_name_is_refused_and_the_same_one_goes_on(kind, role, path):
    def options(function):
        return {"loss": function} if role == "loss" else {"loss": "mse", "metrics": [function]}

    one, other = FUNCTIONS[kind]
    train(parts(), 1, path, **options(one))
    with pytest.raises(ValueError, match=r"is of another training: the .* has other code there; nn\.load"):
        train(parts(), 2, path, resume=True, **options(other))
    assert len(train(parts(), 2, path, resume=True, **options(one))) == 2


def test_the_code_is_that_of_the_text_and_not_of_the_place(path):
    first, second = (lambda y, t: mse(y, t) * 2), (lambda y, t: mse(y, t) * 2)
    train(parts(), 1, path, loss=first)
    assert len(train(parts(), 2, path, resume=True, loss=second)) == 2


def test_the_code_is_the_same_in_every_process():
    script = "from nn.resuming import _code; print(_code(lambda y, t: y in {'a', 'b', 'c', 'd', 'e', 'f'}))"
    assert len(outputs(script)) == 1


def test_a_value_in_a_partial_may_be_trained(path):
    def run(epochs, **options):
        model, temperature, optimizer = parts()
        loss = partial(lambda y, t, scale: mse(y, t) * exp(scale), scale=temperature)
        train((model, temperature, optimizer), epochs, path, loss=loss, **options)
        return state((model, temperature, optimizer))

    run(1)
    assert run(3, resume=True)[1] != 1.0


def test_what_another_version_of_python_wrote_cannot_be_compared_and_goes_on(path):
    model, *_ = world = parts()
    train(world, 1, path, loss=a_lambda(2))
    file = checkpoints.read(path)
    file.training["settings"]["code"] = {"loss": "cpython-310 0123456789abcdef"}
    checkpoints.write(path, model, file.training)
    assert len(train(parts(), 2, path, resume=True, loss=a_lambda(2))) == 2


# ── A file that is there ────────────────────────────────────────────────────────────────────────────


def half_an_epoch(path):
    def step(x, y):
        nonlocal steps
        steps += 1
        if steps == 2:
            raise KeyboardInterrupt
        return 0.5, []

    steps = 0
    with pytest.raises(KeyboardInterrupt):
        train(parts(), 1, path, step=step)


def a_batch(path):
    model, *_ = world = parts()
    half_an_epoch(path)
    file = checkpoints.read(path)
    checkpoints.write(path, model, {**file.training, "batch": 1, "sums": {"loss": 0.5}})
    return world


LOST = {
    "epochs": (lambda path: train(parts(), 3, path), "a training of 3 epochs and 0 batches, and resume=True"),
    "a batch": (
        a_batch,
        "a training of 0 epochs and 1 batches, and resume=True goes on with it; to begin anew",
    ),
    "a model": (
        lambda path: nn.save(parts()[0], path),
        "something else than a training; to begin anew, delete",
    ),
    "a text": (lambda path: path.write_text("my thesis"), "something else than a training"),
}


@pytest.mark.parametrize("case", LOST)
def test_a_file_that_would_be_lost_is_refused_before_the_first_batch(case, path):
    make, part = LOST[case]
    make(path)
    content, world = path.read_bytes(), parts(seed=1)
    before = state(world)
    with pytest.raises(FileExistsError, match=r"^fit: .*run\.safetensors holds ") as caught:
        train(world, 9, path)
    assert part in str(caught.value) and "\n" not in str(caught.value)
    assert path.read_bytes() == content and state(world) == before


def test_the_mere_beginning_of_a_training_may_be_replaced(path):
    half_an_epoch(path)
    assert path.exists() and len(train(parts(), 1, path)) == 1


def test_auto_begins_where_no_file_is_and_goes_on_where_one_is(path):
    whole, world = parts(), parts()
    expected = train(whole, 4)
    assert len(train(world, 2, path, resume="auto")) == 2
    assert train(parts(seed=1), 4, path, resume="auto") == expected
    path.write_text("my thesis")
    with pytest.raises(ValueError, match="is damaged, or no file of"):
        train(parts(), 4, path, resume="auto")
    for wrong in ("yes", None, 2):
        with pytest.raises(ValueError, match='resume must be True, False or "auto", not'):
            train(parts(), 4, path, resume=wrong)


def test_a_disk_that_is_full_after_some_epochs_leaves_the_history_and_the_model(path, monkeypatch):
    written, fsync, world = [], os.fsync, parts()

    def full(file):
        written.append(file)
        if len(written) > 6:  # three checkpoints, each with its folder
            raise OSError(28, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"could not be written: No space left on device") as caught:
        train(world, 9, path)
    monkeypatch.undo()
    whole = parts()
    assert caught.value.history == train(whole, 3) and state(world) == state(whole)
    resumed = parts(seed=1)
    assert len(train(resumed, 3, path, resume=True)) == 3 and state(resumed) == state(whole)
    assert os.listdir(path.parent) == [path.name]


# ── Files of others ─────────────────────────────────────────────────────────────────────────────────


KEY = "scalar-autograd"


def opened(path):
    """The header of a checkpoint, without its checksum, and its tensors."""
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()[KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del header["sha256"]
    return header, tensors


def test_a_file_of_an_earlier_version_goes_on(path):
    """Without a checksum, and without what has come into it since."""

    def run(epochs, **options):
        model = nn.MLP(2, [1], seed=0)
        optimizer = Adam(model.parameters())
        history = fit(
            model, DATA, lambda y, t: mse(y, t), optimizer, epochs=epochs, keep_best=True, **options
        )
        assert all(row.keys() == history[0].keys() for row in history)
        return model.state_dict(), optimizer.state_dict()

    run(2, checkpoint=path)
    header, tensors = opened(path)
    for later in ("loose", "best_loose", "before"):
        header["training"].pop(later)
    for row in header["training"]["history"]:
        row.pop("seconds")
    for later in ("parameters", "code"):
        header["training"]["settings"].pop(later)
    path.write_bytes(to_bytes(tensors, {KEY: json.dumps(header)}))
    resumed = run(4, checkpoint=path, resume=True)
    assert resumed == run(4)


def put(*keys_and_value):
    """A change of a training: what is at this path of keys becomes the value."""
    *path, last, value = keys_and_value

    def change(tree):
        for key in path:
            tree = tree[key]
        tree[last] = value

    return change


HOSTILE = {
    "a history of nothing": put("history", {}),
    "a history of text": put("history", "abc"),
    "rows of text": put("history", ["epoch"]),
    "more steps than can be counted": put("optimizer", "Adam.steps", 10**400),
    "a step count that is no power": put("optimizer", "Adam.steps", 2**63),
    "half a step": put("optimizer", "Adam.steps", 1.5),
    "a memory of text": put("optimizer", "Adam.m", ["x"] * 10),
    "a memory of one": put("optimizer", "Adam.v", [1.0]),
    "a memory beyond floats": put("optimizer", "Adam.m", [10**400] * 10),
    "a memory of another type": put("optimizer", "Adam.v", [Decimal(1)] * 10),
    "a temperature beyond floats": put("loose", [10**400]),
    "sums beyond floats": put("sums", "loss", 10**400),
    "a loss beyond floats": put("history", 0, "loss", 10**400),
    "a rate of text": put("lr", "x"),
    "no temperature": put("loose", []),
    "two temperatures": put("loose", [1.0, 2.0]),
    "a temperature of text": put("loose", ["x"]),
    "no best": put("best", None),
    "no best temperature": put("best_loose", []),
    "a best of text": put("best", "layers.0.neurons.0.b", "x"),
    "code of a number": put("settings", "code", 5),
    "code of numbers": put("settings", "code", {"loss": 5}),
    "settings of lines": put("settings", "seed", "\n\x1b[31m" * 999),
    "a history that is missing": lambda tree: tree.pop("history"),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_training_is_refused_in_one_line_before_anything_changes(case, compiled, path):
    options = {"keep_best": True, "compiled": compiled, "loss": lambda y, t: mse(y, t)}
    world = parts()
    train(world, 1, path, **options)
    file = checkpoints.read(path)
    file.training.update(batch=1, sums={"loss": 0.5})
    checkpoints.write(path, world[0], file.training)
    train(parts(seed=1), 1, path, resume=True, **options)  # so far it is right
    HOSTILE[case](file.training)
    checkpoints.write(path, world[0], file.training)
    world = parts(seed=1)
    before = state(world)
    with pytest.raises(
        ValueError, match=r"^fit: .*run\.safetensors (holds no|is of another) training"
    ) as caught:
        train(world, 3, path, resume=True, **options)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 500
    assert state(world) == before


def test_a_history_of_nothing_is_refused_where_there_is_no_best_either(path):
    model, *_ = world = parts()
    train(world, 1, path, loss="mse")
    file = checkpoints.read(path)
    checkpoints.write(path, model, {**file.training, "history": {}})
    with pytest.raises(ValueError, match="batch, sums and history are of no such run"):
        train(parts(), 2, path, resume=True, loss="mse")


def test_a_parameter_that_is_no_float_is_refused_by_a_compiled_training(path):
    model, *_ = world = parts()
    train(world, 1, path, loss="mse", compiled=True)
    file = checkpoints.read(path)
    for number, why in (10**400, "OverflowError"), (1j, "TypeError"):
        model.parameters()[0].data = number
        checkpoints.write(path, model, file.training)
        world = parts(seed=1)
        before = state(world)
        with pytest.raises(ValueError, match=rf"holds no training that fit wrote \({why}: "):
            train(world, 2, path, resume=True, loss="mse", compiled=True)
        assert state(world) == before


def test_a_schedule_that_does_not_go_so_far_is_seen_before_anything_changes(path):
    def world():
        model = nn.MLP(2, [1], seed=0)
        return model, None, SGD(model.parameters(), lambda n: 1.5**n)

    model, _, optimizer = world()
    train((model, None, optimizer), 1, path, loss="mse")
    file = checkpoints.read(path)
    file.training["optimizer"]["SGD.steps"] = 10**9
    checkpoints.write(path, model, file.training)
    model, _, optimizer = world()
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"holds no training that fit wrote \(OverflowError"):
        train((model, None, optimizer), 2, path, loss="mse", resume=True)
    assert model.state_dict() == before and optimizer.steps == 0


@pytest.fixture(scope="module")
def parts_of_a_file(place):
    """The text and the tensors of a checkpoint without a checksum."""
    train(parts(), 2, place, loss="mse", keep_best=True)
    return opened(place)


def places(tree):
    """Every (container, key) of a tree of JSON."""
    for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, key
        if isinstance(item, dict | list):
            yield from places(item)


ODD = [
    0,
    -1,
    1.5,
    10**30,
    10**400,
    1e300,
    math.inf,
    math.nan,
    "x",
    "$int",
    None,
    True,
    {},
    [],
    [0.5],
    {"x": 1},
]
ODD += [
    {"$int": "f"},
    {"$int": "f" * 300},
    {"$complex": "1j"},
    {"$Fraction": "1/3"},
    {"$tensor": "training/loose"},
]


@given(data=st.data())
@settings(max_examples=100)
def test_any_tree_is_resumed_or_refused_in_one_line_and_nothing_changes(parts_of_a_file, place, data):
    """Without a checksum, so that the damage comes as far as it can."""
    header, tensors = deepcopy(parts_of_a_file)
    for _ in range(data.draw(st.integers(1, 2))):
        tree, key = data.draw(st.sampled_from([*places(header["training"])]))
        if data.draw(st.booleans()) or isinstance(tree, list):
            tree[key] = deepcopy(data.draw(st.sampled_from(ODD)))
        else:
            del tree[key]
    place.write_bytes(to_bytes(tensors, {KEY: json.dumps(header)}))
    world = parts(seed=1)
    before, said = state(world), None
    try:
        train(world, 3, place, resume=True, loss="mse", keep_best=True)
    except ValueError as error:
        said = str(error)
    if said is not None:
        assert str(place) in said and said.isprintable() and state(world) == before
    else:
        assert state(world) != before
