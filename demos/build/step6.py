"""Step 6. The rest of the table: a function is a row, and nothing else changes.

The rules are data: the engine knows none of them by name. So exp, log, sin, cos, tanh and relu are
six lines, and whoever wants one more writes a seventh. Where the result says it best the rule uses
z: exp is its own derivative, and that of tanh is 1 − z². relu has none at 0; the rule takes 0, as
everybody does.
"""

import math
import operator


def number(x):
    """The number of a Value; a plain number is its own."""
    return x.data if isinstance(x, Value) else x


class Op:
    """An operation: a function, and one rule per argument, the local derivative."""

    def __init__(self, function, *rules):
        self.function, self.rules = function, rules

    def __call__(self, *args):
        z = self.function(*map(number, args))
        return Value(z, args, self.rules)


class Value:
    """A number that remembers what it was made from, and by which rules."""

    def __init__(self, data, args=(), rules=()):
        self.data, self.args, self.rules, self.grad = data, args, rules, 0

    def backward(self):
        """Add ∂self/∂leaf to each leaf's gradient; nodes between are fresh in each pass."""
        order = topological_order(self)
        for node in order:
            if node.args:
                node.grad = 0
        self.grad += 1
        for node in reversed(order):
            operands = [number(x) for x in (*node.args, node)]
            for arg, rule in zip(node.args, node.rules):
                if isinstance(arg, Value):
                    arg.grad += node.grad * rule(*operands)

    __add__ = lambda x, y: add(x, y)
    __radd__ = lambda x, y: add(y, x)
    __sub__ = lambda x, y: sub(x, y)
    __rsub__ = lambda x, y: sub(y, x)
    __mul__ = lambda x, y: mul(x, y)
    __rmul__ = lambda x, y: mul(y, x)
    __truediv__ = lambda x, y: div(x, y)
    __rtruediv__ = lambda x, y: div(y, x)
    __pow__ = lambda x, y: power(x, y)
    __rpow__ = lambda x, y: power(y, x)
    __neg__ = lambda x: neg(x)


def topological_order(root):
    """Every node once, each after its arguments."""
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node is None:  # the arguments of the node below it are placed
            order.append(stack.pop())
        elif isinstance(node, Value) and node not in seen:
            seen.add(node)
            stack += (node, None, *reversed(node.args))
    return order


#          z =                   ∂z/∂x                              ∂z/∂y
add   = Op(operator.add,         lambda x, y, z: 1,                 lambda x, y, z: 1)
sub   = Op(operator.sub,         lambda x, y, z: 1,                 lambda x, y, z: -1)
mul   = Op(operator.mul,         lambda x, y, z: y,                 lambda x, y, z: x)
div   = Op(operator.truediv,     lambda x, y, z: 1 / y,             lambda x, y, z: -z / y)
power = Op(operator.pow,         lambda x, y, z: y * x ** (y - 1),  lambda x, y, z: z * math.log(x))
neg   = Op(operator.neg,         lambda x, z: -1)
exp   = Op(math.exp,             lambda x, z: z)
log   = Op(math.log,             lambda x, z: 1 / x)
sin   = Op(math.sin,             lambda x, z: math.cos(x))
cos   = Op(math.cos,             lambda x, z: -math.sin(x))
tanh  = Op(math.tanh,            lambda x, z: 1 - z * z)
relu  = Op(lambda x: max(x, 0),  lambda x, z: x > 0)


if __name__ == "__main__":
    functions = {"exp": exp, "log": log, "sin": sin, "cos": cos, "tanh": tanh, "relu": relu}
    print("        f(0.5)   rule    (f(0.5 + h) − f(0.5 − h)) / 2h")
    for name, f in functions.items():
        x, h = Value(0.5), 1e-5
        z = f(x)
        z.backward()
        difference = (f.function(0.5 + h) - f.function(0.5 - h)) / (2 * h)
        print(f"{name:6} {z.data:7.4f} {x.grad:7.4f} {difference:7.4f}")
