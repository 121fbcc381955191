"""A tiny GPT learns how names are spelled: a transformer whose every number is a Value.

A name is read letter by letter, and after each letter the model gives one number per letter of the
alphabet, its logits: how likely each of them comes next. Nothing here is new to the engine. Attention is
products, sums and a softmax; the whole model is `dot`, `mean`, `softmax`, `relu` and `logsumexp` on
Values, and one call of `backward` differentiates it by all of its 4,192 parameters.

In one step of training the model reads one name, and every logit vector is judged by the letter that did
come next. The loss is the mean of −log(probability of that letter): log(27) = 3.296 for a model that
knows nothing of 26 letters and an end.

    d   width: how many numbers describe a position       x       those numbers, d of them
    q   query: what a position looks for                  k, v    key and value: what it offers

Sources: Vaswani et al. 2017, Attention Is All You Need; Zhang & Sennrich 2019 (the norm); Radford et al.
2019 (the order of a block); Karpathy, makemore (2022; names.txt) and his GPTs in one file of plain Python.
"""

import argparse
import math
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import fmean

import nn
import viz
from autograd import Value, dot, mean, no_grad, relu, scope, softmax
from demos.runner import confirm
from nn import optim, schedules
from nn.losses import cross_entropy

# ── Text as numbers ─────────────────────────────────────────────────────────────────────────────────

NAMES = """
anna ben carla daniel elena felix greta henry ida jonas klara liam maria noah olga paul quinn rosa simon
tara uma victor wanda xenia yara zora albert bella conrad dora emil flora gustav hanna ivan julia karl
lena martin nora oskar petra ralf sara thomas ulla vera willi adela bruno celia david erika frank gina
hugo irma jakob kira leon mila nils otto paula robin selma till ursula viola walter alma boris clara
"""


def read_names(path: Path | None = None) -> tuple[list[str], str]:
    """Names in small letters, and where they are from.

    The file of that path, one name a line; else names.txt in the folder of the variable AUTOGRAD_DATA;
    else the list above.
    """
    if path is None and (folder := os.environ.get("AUTOGRAD_DATA")):
        path = Path(folder) / "names.txt"
        if not path.exists():
            return NAMES.split(), f"the built-in list ({path} does not exist)"
    if path is None:
        return NAMES.split(), "the built-in list (AUTOGRAD_DATA is not set)"
    return path.read_text(encoding="utf-8").split(), str(path)


class Alphabet:
    """Letters as the numbers 0, 1, 2, …; one more number, `end`, stands before and after every name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.letters = sorted(set("".join(names)))
        self.end = len(self.letters)

    def __len__(self) -> int:
        return len(self.letters) + 1

    def encode(self, name: str) -> list[int]:
        """The tokens of a name, between two ends."""
        return [self.end, *map(self.letters.index, name), self.end]

    def decode(self, tokens: Sequence[int]) -> str:
        """The name of tokens without ends."""
        return "".join(self.letters[token] for token in tokens)


# ── The model ───────────────────────────────────────────────────────────────────────────────────────


def rms_norm(x: Sequence[Value]) -> list[Value]:
    """The numbers x, divided by the root of the mean of its squares, so that its numbers are of size 1."""
    with scope("norm"):
        scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]


def add(x: Sequence[Value], y: Sequence[Value]) -> list[Value]:
    """The sum of x and y, coordinate by coordinate."""
    with scope("add"):
        return [xi + yi for xi, yi in zip(x, y, strict=True)]


class Linear(nn.Layer):
    """A matrix: a layer without bias and without activation, whose nodes belong to the scope `name`."""

    def __init__(self, nin: int, nout: int, name: str, rng: Random) -> None:
        self.name = name
        with scope(name):
            super().__init__(nin, nout, "linear", init=small, bias=False, seed=rng)

    def __call__(self, x: Sequence[Value]) -> list[Value]:
        """The product of the matrix with x."""
        with scope(self.name):
            return super().__call__(x)


def small(rng: Random, n: int, m: int) -> float:
    """A random number of size 0.08: the init of every weight."""
    return rng.gauss(0, 0.08)


class Attention(nn.Module):
    """Every position mixes the values of the positions before it and its own.

    The mixture weighs a value by how well its key fits the query. Each head does so on its own share
    of the d numbers. Keys and values of earlier positions are kept in lists that grow by one at every
    position: what has been read is not computed again, and what comes later is not there to be seen.
    """

    def __init__(self, d: int, heads: int, rng: Random) -> None:
        self.query, self.key, self.value, self.output = (
            Linear(d, d, name, rng) for name in ("query", "key", "value", "output")
        )
        self.shares = [slice(h * d // heads, (h + 1) * d // heads) for h in range(heads)]

    def __call__(self, x: Sequence[Value], past: "Past") -> list[Value]:
        """What the next position takes from those before it and from itself."""
        q = self.query(x)
        past.keys.append(self.key(x))
        past.values.append(self.value(x))
        mixed = []
        with scope("attention"):
            for share in self.shares:
                root = math.sqrt(len(q[share]))
                weights = softmax([dot(q[share], k[share]) / root for k in past.keys])
                mixed += [
                    dot(weights, column) for column in zip(*(v[share] for v in past.values), strict=True)
                ]
        return self.output(mixed)


class Past:
    """The keys and values of the positions read so far, in one block."""

    def __init__(self) -> None:
        self.keys: list[list[Value]] = []
        self.values: list[list[Value]] = []


class Block(nn.Module):
    """Attention and a perceptron with one hidden layer of 4d; each adds its result to x."""

    def __init__(self, d: int, heads: int, rng: Random) -> None:
        self.attention = Attention(d, heads, rng)
        self.up, self.down = Linear(d, 4 * d, "up", rng), Linear(4 * d, d, "down", rng)

    def __call__(self, x: list[Value], past: Past) -> list[Value]:
        """X after the block, at the next position."""
        x = add(x, self.attention(rms_norm(x), past))
        z = self.up(rms_norm(x))
        with scope("relu"):
            hidden = [relu(zi) for zi in z]
        return add(x, self.down(hidden))


class GPT(nn.Module):
    """A transformer that reads tokens from the left and, after each, gives the logits of the next one.

    tokens    how many different tokens there are      d       width      heads    of every block; divides d
    length    the most tokens that it can read         blocks  how many stand one after the other
    """

    def __init__(
        self,
        tokens: int,
        d: int = 16,
        heads: int = 4,
        blocks: int = 1,
        length: int = 16,
        seed: int | None = None,
    ) -> None:
        if d % heads:
            raise ValueError(f"GPT: {heads} heads cannot share a width of {d} evenly; choose a divisor of d")
        rng = Random(seed)
        self.length = length
        self.token = nn.Embedding(tokens, d, init=small, seed=rng)
        self.position = nn.Embedding(length, d, init=small, seed=rng)
        self.blocks = [Block(d, heads, rng) for _ in range(blocks)]
        self.head = Linear(d, tokens, "head", rng)

    def __call__(self, tokens: Sequence[int]) -> list[list[Value]]:
        """The logits after each of the tokens."""
        past = self.past()
        return [self.read(token, past) for token in tokens]

    def past(self) -> list[Past]:
        """An empty past for every block."""
        return [Past() for _ in self.blocks]

    def read(self, token: int, past: list[Past]) -> list[Value]:
        """The logits after one more token; what it leaves behind is added to `past`."""
        x = rms_norm(add(self.token(token), self.position(len(past[0].keys))))
        for block, its_past in zip(self.blocks, past, strict=True):
            x = block(x, its_past)
        return self.head(x)


# ── Training ────────────────────────────────────────────────────────────────────────────────────────


def loss_of(model: GPT, tokens: Sequence[int]) -> Value:
    """The mean of −log(probability of the token that comes next), over all but the last token."""
    logits = model(tokens[:-1])
    with scope("cross_entropy"):
        costs = [cross_entropy(z, t) for z, t in zip(logits, tokens[1:], strict=True)]
    loss: Value = mean(costs)
    loss.label = "loss"
    return loss


def train(model: GPT, documents: Sequence[Sequence[int]], steps: int) -> Iterator[Value]:
    """One step of Adam per document, in order and again from the first; yields the loss of each step."""
    optimizer = optim.Adam(model.parameters(), schedules.linear(0.01, steps), betas=(0.85, 0.99))
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model, documents[step % len(documents)])
        loss.backward()
        optimizer.step()
        yield loss


# ── Names that nobody has written ───────────────────────────────────────────────────────────────────


def sample(model: GPT, alphabet: Alphabet, rng: Random, temperature: float = 0.5) -> str:
    """A name, letter by letter, each drawn by the model's own probabilities.

    A temperature below 1 makes the likely letters likelier, above 1 less so. The name ends with the first
    end that is drawn, or where the model can read no further.
    """
    past, token, name = model.past(), alphabet.end, []
    with no_grad():
        for _ in range(model.length):
            logits = model.read(token, past)
            weights = [p.data for p in softmax([z / temperature for z in logits])]
            [token] = rng.choices(range(len(alphabet)), weights)
            if token == alphabet.end:
                break
            name.append(token)
    return alphabet.decode(name)


# ── The demo ────────────────────────────────────────────────────────────────────────────────────────


def run(out: Path, steps: int = 200, path: Path | None = None) -> bool:
    """Train on names, show the loss and some samples; returns whether the loss has fallen."""
    names, source = read_names(path)
    alphabet, rng = Alphabet(names), Random(0)
    model = GPT(len(alphabet), seed=0)
    readable = [name for name in names if len(name) < model.length]
    documents = [alphabet.encode(name) for name in rng.sample(readable, len(readable))]
    if not documents:
        raise ValueError(f"{source}: there is no name of less than {model.length} letters")
    guess = math.log(len(alphabet))
    print(f"{len(names)} names from {source}; {len(alphabet)} tokens")
    print(f"{len(model.parameters())} parameters; guessing costs log({len(alphabet)}) = {guess:.3f}\n")
    losses = []
    for step, loss in enumerate(train(model, documents, steps), 1):
        losses.append(loss.data)
        if step % 50 == 0 or step == steps:
            recent = losses[-50:]
            print(f"step {step:4} of {steps}   mean loss of the last {len(recent)}: {fmean(recent):.4f}")
    print("\nNames that the model makes up:")
    print(" ", ", ".join(sample(model, alphabet, rng) for _ in range(12)))
    print(f"\nThe graph of the last step, grouped: {viz.draw(loss).save(out / 'gpt.svg')}")
    half = (steps + 1) // 2
    first, last = fmean(losses[:half]), fmean(losses[-half:])
    return confirm(
        [
            (f"the loss has fallen: {last:.4f} in the second half, {first:.4f} in the first", last < first),
            (f"the model does better than guessing: {last:.4f} < {guess:.4f}", last < guess),
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """`python -m demos.gpt --steps 1000 --names names.txt`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m demos.gpt", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--steps", type=int, default=200, help="names to learn from, one a step")
    parser.add_argument("--names", type=Path, help="a text file, one name a line")
    parser.add_argument("--out", type=Path, default=Path("build/demos"), help="folder for the picture")
    options = parser.parse_args(arguments)
    return 0 if run(options.out, options.steps, options.names) else 1


if __name__ == "__main__":
    sys.exit(main())
