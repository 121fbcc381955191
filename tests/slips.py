"""Wrong versions of a function, made from its syntax tree: every slip at every place where it can happen.

    for mutant in (mutants := Mutants(module, "sweep")):
        with mutants.put(mutant):
            …  # the module's function is wrong, wherever it has been imported

No source text is quoted: a mutant is a slip and the number of its place. What only words an error (a `raise`,
an `except`) is left as it is. Loops in a mutant that turn too often end in an error.

    slip    a function from a node of the tree to the nodes that may stand there by mistake
    place   the number of that node in the tree, in the order of `ast.walk`
"""

import ast
import contextlib
import copy
import functools
import gc
import inspect
import itertools
import types
import warnings
from typing import NamedTuple

TURNS = 20_000  # of all `while` loops while one mutant is in place
NEGATED = {
    ast.Is: ast.IsNot, ast.In: ast.NotIn, ast.Eq: ast.NotEq, ast.Lt: ast.GtE, ast.Gt: ast.LtE,
}  # fmt: skip
NEGATED |= {after: before for before, after in NEGATED.items()}


def changed(node, **fields):
    """The node with other fields."""
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def called(f, *args):
    return ast.Call(ast.Name(f, ast.Load()), [*args], [])


def cut(node, lower, upper):
    """list(node)[lower:upper]"""
    ends = [None if end is None else ast.Constant(end) for end in (lower, upper)]
    return ast.Subscript(called("list", node), ast.Slice(*ends), ast.Load())


def swapped(items):
    """The list with two neighbours in each other's place."""
    for i in range(len(items) - 1):
        if not isinstance(items[i], ast.Starred) and ast.dump(items[i]) != ast.dump(items[i + 1]):
            yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def give(function, code):
    """Other code for a function. Python 3.13 warns where a generator is none any more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        function.__code__ = code


# ── Slips ───────────────────────────────────────────────────────────────────────────────────────────


def forgets_what_was_there(node):
    """`a = b` for `a += b`."""
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value)


def takes_the_other_sign(node):
    """`a − b` for `a + b`, `b` for `−b`."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        yield changed(node, op=ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def drops_a_factor(node):
    """`a` or `b` for `a × b`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from (node.left, node.right)


def drops_a_call(node):
    """`x` for `f(x)`, such as `reversed(x)`; `x` or `y` for `f(x, y)`."""
    if isinstance(node, ast.Call) and not node.keywords and 1 <= len(node.args) <= 2:
        yield from (arg for arg in node.args if not isinstance(arg, ast.Starred))


def swaps_neighbours(node):
    """`f(b, a)` for `f(a, b)`, `b, a = pair` for `a, b = pair`, `(b, a)` for `(a, b)`."""
    if isinstance(node, ast.Call):
        yield from (changed(node, args=args) for args in swapped(node.args))
    if isinstance(node, ast.Tuple | ast.List):
        yield from (changed(node, elts=elts) for elts in swapped(node.elts))


def negates(node):
    """`is` for `is not`, `>=` for `<`, `x` for `not x`."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in NEGATED and len(node.ops) == 1:
        yield changed(node, ops=[NEGATED[type(node.ops[0])]()])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def forgets_a_branch(node):
    """`if True` and `if False`, one condition where there were two."""
    if isinstance(node, ast.If | ast.IfExp):
        yield from (changed(node, test=ast.Constant(answer)) for answer in (True, False))
    if isinstance(node, ast.comprehension):
        yield from (changed(node, ifs=[x for x in node.ifs if x is not test]) for test in node.ifs)
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            rest = [x for x in node.values if x is not value]
            yield changed(node, values=rest) if len(rest) > 1 else rest[0]


def skips_an_end(node):
    """A loop without its first, or without its last turn."""
    if isinstance(node, ast.For | ast.comprehension):
        yield from (changed(node, iter=cut(node.iter, *ends)) for ends in [(1, None), (None, -1)])
    if isinstance(node, ast.Slice):
        yield from (changed(node, **{end: None}) for end in ("lower", "upper", "step") if getattr(node, end))


def returns_it_reversed(node):
    """`return x[::-1]`."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple | ast.List | ast.ListComp):
        yield changed(node, value=ast.Subscript(node.value, ast.Slice(step=ast.Constant(-1)), ast.Load()))


def counts_wrong(node):
    """1 for 0, n + 1 for n."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)


def skips_a_statement(node):
    """`pass` for `seen.add(node)`, for `total += x`, for `x.grad = 0`, for `continue`."""
    stored = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if stored or (isinstance(node, ast.Expr | ast.AugAssign | ast.Continue | ast.Break) and not text):
        yield ast.Pass()


SLIPS = (
    forgets_what_was_there, takes_the_other_sign, drops_a_factor, drops_a_call, swaps_neighbours, negates,
    forgets_a_branch, skips_an_end, returns_it_reversed, counts_wrong, skips_a_statement,
)  # fmt: skip


# ── Mutants ─────────────────────────────────────────────────────────────────────────────────────────


class Mutant(NamedTuple):
    """A tree with one slip in it."""

    name: str
    tree: ast.FunctionDef

    def __str__(self):
        return self.name


class Mutants:
    """All mutants of one function of a module, `name` or `Class.name`."""

    def __init__(self, module, name):
        self.module = module
        self.path = name.split(".")
        self.tree = ast.parse(inspect.getsource(module))
        for part in self.path:
            self.tree = next(node for node in self.tree.body if getattr(node, "name", None) == part)
        self.tree.decorator_list = []
        self.all = [*self.made()]

    def __len__(self):
        return len(self.all)

    def __iter__(self):
        return iter(self.all)

    def made(self):
        left_out = {inner for node in ast.walk(self.tree) for inner in wording(node)}
        for place, node in enumerate(ast.walk(self.tree)):
            if node not in left_out:
                for slip in SLIPS:
                    for turn, wrong in enumerate(slip(node)):
                        tree = copy.deepcopy(self.tree)
                        tree = Put(list(ast.walk(tree))[place], copy.deepcopy(wrong)).visit(tree)
                        name = f"{slip.__name__} at {place}.{turn}: {short(node)} → {short(wrong)}"
                        yield Mutant(name, tree)

    @contextlib.contextmanager
    def put(self, mutant):
        """Have the mutant at work in place of the function, for everybody who has imported it."""
        places = self.functions()
        self.module._turn = Turns()
        classes = {x: {**vars(x)} for x in vars(self.module).values() if isinstance(x, type)}
        try:
            for name, wrong in codes(self.compiled(mutant.tree)).items():
                for function, _ in places.get(name, ()):
                    give(function, wrong)
            yield
        finally:
            for function, right in itertools.chain(*places.values()):
                give(function, right)
            for kind, before in classes.items():  # on which a mutant may have set what is an object's
                for name in [name for name, x in before.items() if vars(kind)[name] is not x]:
                    setattr(kind, name, before[name])

    def compiled(self, tree):
        Counted().visit(tree)
        for inner in ast.walk(
            tree
        ):  # a closure must have all its variables, also those that the slip dropped
            if isinstance(inner, ast.FunctionDef) and (free := self.free.get(inner.name)):
                names = [ast.Name(name, ast.Load()) for name in free]
                inner.body.append(ast.If(ast.Constant(False), [ast.Expr(ast.Tuple(names, ast.Load()))], []))
        module = ast.fix_missing_locations(ast.Module([tree], []))
        (code,) = (c for c in compile(module, "<mutant>", "exec").co_consts if isinstance(c, types.CodeType))
        return code

    @functools.cache  # noqa: B019 (a few dozens, as long as the test runs)
    def functions(self):
        """By name, all functions of now that have the code of the function, or of one inside it."""
        function = functools.reduce(getattr, self.path, self.module)
        own = codes(function.__code__)
        self.free = {name: code.co_freevars for name, code in own.items()}
        alive = [f for f in gc.get_objects() if isinstance(f, types.FunctionType)]
        return {name: [(f, code) for f in alive if f.__code__ is code] for name, code in own.items()}


class Turns:
    """Called at every turn of a loop; true until they are too many."""

    def __init__(self):
        self.left = TURNS

    def __call__(self):
        self.left -= 1
        if not self.left:
            raise RecursionError("a loop of a mutant does not end")
        return True


class Counted(ast.NodeTransformer):
    """`while _turn() and test` for `while test`."""

    def visit_While(self, node):
        self.generic_visit(node)
        return changed(node, test=ast.BoolOp(ast.And(), [called("_turn"), node.test]))


class Put(ast.NodeTransformer):
    """The tree with one node replaced."""

    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def codes(code):
    """By name, the code of a function and of the functions inside it."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name.isidentifier()]
    return {code.co_name: code, **{c.co_name: c for c in inner}}


def wording(node):
    """The nodes below one that only words an error, or says a type."""
    guard = isinstance(node, ast.If) and all(isinstance(x, ast.Raise) for x in node.body)
    switch = isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant)  # strict=True
    if isinstance(node, ast.Raise | ast.ExceptHandler | ast.arguments) or guard or switch:
        yield from ast.walk(node)
    for field in "annotation", "returns":
        if isinstance(annotation := getattr(node, field, None), ast.AST):
            yield from ast.walk(annotation)


def short(node):
    text = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return text if len(text) < 60 else f"{text[:57]}…"
