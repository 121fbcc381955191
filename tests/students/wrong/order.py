"""Gradients that are not added up, or nodes that are done too early, too late, twice or never."""

from students.engine import wrong

# Programs in which x is used twice, or y, which depends on x, on two ways of the same length or of others.
TWICE = "x = Value(3.0); (x + x).backward(); x.grad", 2.0
SQUARE = "x = Value(3.0); (x * x).backward(); x.grad", 6.0
DIAMOND = "x = Value(3.0); y = x * x; (y * 2 + y * 3).backward(); x.grad", 30.0
UNEQUAL = "x = Value(3.0); y = x * x; (y + y * 2 * 3).backward(); x.grad", 42.0
CHAIN = "x = Value(3.0); (x * x).exp().backward(); x.grad", 6 * 8103.083927575384
TWO_PASSES = "x = Value(3.0); y = x * x; y.backward(); y.backward(); x.grad", 12.0
TWO_LOSSES = "x = Value(3.0); (x * 2.0).backward(); (x * 5.0).backward(); x.grad", 7.0
AGAIN = "x = Value(3.0); z = x * x * 2; z.backward(); z.backward(); x.grad", 24.0
LONG = "x = Value(1.0); y = x\nfor _ in range(3000): y = y + 1\ny.backward(); x.grad", 1.0
ALIKE = "x, y = Value(2.0), Value(2.0); (x * 3 + y * 3).backward(); x.grad + y.grad", 6.0

WRONG = [
    # ── Accumulation ────────────────────────────────────────────────────────────────────────────────
    wrong("assigns", "closures", "= for +=", (".grad += ", ".grad = ", 8), shows=TWICE),
    wrong("assigns", "switch", "= for +=", ("grad += ", "grad = ", 17), shows=TWICE),
    wrong("assigns", "tape", "= for +=", ("argument.grad += slope", "argument.grad = slope"), shows=TWICE),
    wrong("assigns", "hinted", "= for +=", ("parent.grad += ", "parent.grad = "), shows=TWICE),
    wrong("assigns", "german", "= for +=", ("gradient += ", "gradient = ", 9), shows=TWICE),
    wrong(
        "assigns",
        "functions",
        "the dict of gradients is overwritten",
        ("grads.get(id(parent), 0.0) + g", "g"),
        shows=TWICE,
    ),
    wrong(
        "assigns-in-mul",
        "closures",
        "= for += in mul",
        ("self.grad += other.data * out.grad", "self.grad = other.data * out.grad"),
        ("other.grad += self.data * out.grad", "other.grad = self.data * out.grad"),
        shows=SQUARE,
    ),
    wrong(
        "assigns-in-mul",
        "switch",
        "= for += in mul",
        ("a.grad += g * b.data\n", "a.grad = g * b.data\n"),
        ("b.grad += g * a.data\n", "b.grad = g * a.data\n"),
        shows=SQUARE,
    ),
    wrong(
        "assigns-in-add",
        "methods",
        "= for += in add",
        (
            "self.grad += out.grad\n            other.grad += out.grad",
            "self.grad = out.grad\n            other.grad = out.grad",
        ),
        shows=TWICE,
    ),
    wrong(
        "assigns-in-add",
        "german",
        "= for += in add",
        ("a.gradient += g\n            b.gradient += g\n", "a.gradient = g\n            b.gradient = g\n"),
        shows=TWICE,
    ),
    wrong(
        "adds-twice",
        "closures",
        "the result's _backward is called, and again by the loop, where it stands too",
        ("self.grad = 1.0\n", "self.grad = 1.0\n        self._backward()\n"),
        shows=SQUARE,
    ),
    wrong(
        "adds-twice",
        "pairs",
        "added where it is passed on, and again where it arrives",
        (
            "upstream[parent] += local * upstream[node]",
            "upstream[parent] += local * upstream[node]\n                "
            "parent.grad += local * upstream[node]",
        ),
        shows=SQUARE,
    ),
    # ── Order ───────────────────────────────────────────────────────────────────────────────────────
    wrong(
        "recursive-per-path",
        "closures",
        "every path passes on all that has arrived so far",
        (
            "def backward(self): …",
            """
                def backward(self, is_first=True):
                    if is_first:
                        self.grad = 1.0
                    self._backward()
                    for child in self._prev:
                        child.backward(False)
            """,
        ),
        shows=DIAMOND,
    ),
    wrong(
        "recursive-per-path",
        "paths",
        "every path passes on all that has arrived so far",
        ("child.backward(upstream * local)", "child.backward(self.grad * local)"),
        shows=DIAMOND,
    ),
    wrong(
        "recursive-per-path",
        "switch",
        "every path passes on all that has arrived so far",
        (
            "def backward(self): …",
            """
                def backward(self):
                    self.grad = 1.0
                    self._propagate()

                def _propagate(self):
                    self._chain()
                    for i in self.inputs:
                        i._propagate()
            """,
        ),
        shows=DIAMOND,
    ),
    wrong(
        "visited-local",
        "closures",
        "every call has a set of its own",
        (
            "visited = set()\n        def build_topo(v):\n",
            "def build_topo(v):\n            visited = set()\n",
        ),
        shows=DIAMOND,
    ),
    wrong(
        "visited-local",
        "switch",
        "every call has a copy of the set",
        ("toposort(i, order, visited)", "toposort(i, order, visited.copy())"),
        shows=DIAMOND,
    ),
    wrong(
        "no-visited",
        "closures",
        "a node stands in the order once per path",
        (
            "def backward(self): …",
            """
                def backward(self):
                    topo = []
                    def build_topo(v):
                        for child in v._prev:
                            build_topo(child)
                        topo.append(v)
                    build_topo(self)

                    self.grad = 1.0
                    for v in reversed(topo):
                        v._backward()
            """,
        ),
        shows=DIAMOND,
    ),
    wrong(
        "no-visited",
        "hinted",
        "a node stands in the order once per path",
        ("if id(node) in visited:\n                return\n            visited.add(id(node))\n", "\n"),
        shows=DIAMOND,
    ),
    wrong(
        "queue-no-visited",
        "closures",
        "a queue of nodes, each once per path",
        (
            "def backward(self): …",
            """
                def backward(self):
                    self.grad = 1.0
                    queue = [self]
                    while queue:
                        v = queue.pop(0)
                        v._backward()
                        queue.extend(v._prev)
            """,
        ),
        shows=DIAMOND,
    ),
    wrong(
        "queue-no-visited",
        "german",
        "a queue of nodes, each once per path",
        (
            "def backprop(self): …",
            """
                def backprop(self):
                    self.gradient = 1.0
                    schlange = [self]
                    for v in schlange:    # wächst beim Durchlaufen
                        if v.regel:
                            v.regel(v.gradient)
                            schlange += v.eltern
            """,
        ),
        shows=DIAMOND,
    ),
    wrong(
        "queue-visited",
        "closures",
        "level by level: wrong where two paths have unequal lengths",
        (
            "def backward(self): …",
            """
                def backward(self):
                    self.grad = 1.0
                    queue, visited = [self], {self}
                    while queue:
                        v = queue.pop(0)
                        v._backward()
                        for child in v._prev:
                            if child not in visited:
                                visited.add(child)
                                queue.append(child)
            """,
        ),
        shows=UNEQUAL,
    ),
    wrong(
        "queue-visited",
        "pairs",
        "level by level: wrong where two paths have unequal lengths",
        (
            "def backward(self): …",
            """
                def backward(self):
                    # 广度优先
                    upstream = {self: 1}
                    queue = deque([self])
                    while queue:
                        node = queue.popleft()
                        g = upstream[node]
                        node.grad += g
                        for parent, local in node.parents:
                            if parent not in upstream:
                                upstream[parent] = 0
                                queue.append(parent)
                            upstream[parent] += local * g
            """,
        ),
        shows=UNEQUAL,
    ),
    wrong(
        "preorder",
        "closures",
        "a node before what it was made from, but not after all that was made from it",
        ("visited.add(v)\n", "visited.add(v)\n                topo.append(v)\n"),
        ("                topo.append(v)\n        build_topo", "        build_topo"),
        ("reversed(topo)", "topo"),
        shows=DIAMOND,
    ),
    wrong(
        "preorder",
        "methods",
        "as it comes from the stack",
        ("stack = [(self, False)]", "stack = [self]"),
        (
            """\
            node, finished = stack.pop()
            if finished:
                order.append(node)
            elif node not in visited:
                visited.add(node)
                stack.append((node, True))
                for child in node._prev:
                    stack.append((child, False))
""",
            """\
            node = stack.pop()
            if node not in visited:
                visited.add(node)
                order.append(node)
                stack.extend(node._prev)
""",
        ),
        ("for node in reversed(order)", "for node in order"),
        shows=DIAMOND,
    ),
    wrong(
        "on-the-way-out",
        "closures",
        "_backward is called while the search returns: leaves first",
        ("build_topo(self)\n\n        self.grad = 1.0\n", "self.grad = 1.0\n        build_topo(self)\n"),
        ("topo.append(v)", "v._backward()"),
        ("        for v in reversed(topo):\n            v._backward()\n", ""),
        shows=CHAIN,
    ),
    wrong(
        "on-the-way-out",
        "switch",
        "_chain is called while the search returns: leaves first",
        (
            "order = toposort(self, [], set())\n        self.grad = 1.0\n",
            "self.grad = 1.0\n        toposort(self, [], set())\n",
        ),
        ("        for node in order[::-1]:\n            node._chain()\n", ""),
        ("        order.append(node)\n", "        node._chain()\n"),
        shows=CHAIN,
    ),
    wrong("not-reversed", "closures", "from the leaves", ("reversed(topo)", "topo"), shows=CHAIN),
    wrong("not-reversed", "switch", "from the leaves", ("order[::-1]", "order"), shows=CHAIN),
    wrong(
        "not-reversed",
        "tape",
        "the tape is read from its beginning",
        ("reversed(tape)", "tape"),
        shows=DIAMOND,
    ),
    wrong("not-reversed", "german", "from the leaves", (", reverse=True", ""), shows=DIAMOND),
    # ── Visited by value ────────────────────────────────────────────────────────────────────────────
    wrong(
        "eq-by-value",
        "methods",
        "two nodes with one number are one node in a set",
        (
            "def zero_grad(self): …",
            """
                def __eq__(self, other):
                    return self.data == other.data

                def __hash__(self):
                    return hash(self.data)

                def zero_grad(self):
                    self.grad = 0.0
            """,
        ),
        shows=ALIKE,
    ),
    wrong(
        "eq-by-value",
        "german",
        "two nodes with one number are one node in a set",
        (
            "    def backprop(self):\n",
            "    def __eq__(a, b): return isinstance(b, Var) and a.value == b.value\n"
            "    def __hash__(a): return hash(a.value)\n\n"
            "    def backprop(self):\n",
        ),
        shows=ALIKE,
    ),
    wrong(
        "children-eq",
        "switch",
        "`in` asks __eq__, which compares numbers",
        ("toposort(self, [], set())", "toposort(self, [], [])"),
        ("visited.add(node)", "visited.append(node)"),
        (
            "def __repr__(self): …",
            """
                def __eq__(self, other):
                    return self.data == other.data

                def __repr__(self):
                    return "Value(%s)" % self.data
            """,
        ),
        shows=ALIKE,
    ),
    # ── Seed ────────────────────────────────────────────────────────────────────────────────────────
    wrong("seed-missing", "closures", "nothing begins", ("        self.grad = 1.0\n", ""), shows=SQUARE),
    wrong("seed-missing", "tape", "nothing begins", ("        self.grad = 1.0\n", ""), shows=SQUARE),
    wrong(
        "seed-if-zero",
        "closures",
        "what another loss left is taken for the seed",
        ("self.grad = 1.0\n", "if self.grad == 0.0:\n            self.grad = 1.0\n"),
        shows=("x = Value(3.0); y = x * 2; (y * 5).backward(); x.grad = 0.0; y.backward(); x.grad", 2.0),
    ),
    wrong(
        "seed-data",
        "closures",
        "the seed is the result's number",
        ("self.grad = 1.0", "self.grad = self.data"),
        shows=SQUARE,
    ),
    wrong(
        "seed-data",
        "functions",
        "the seed is the result's number",
        ("{id(self): 1.0}", "{id(self): self.data}"),
        shows=SQUARE,
    ),
    wrong(
        "seed-adds",
        "closures",
        "the seed grows with every pass",
        ("self.grad = 1.0", "self.grad += 1.0"),
        shows=TWO_PASSES,
    ),
    wrong(
        "seed-adds",
        "switch",
        "the seed grows with every pass",
        ("self.grad = 1.0", "self.grad += 1.0"),
        shows=TWO_PASSES,
    ),
    # ── Several passes ──────────────────────────────────────────────────────────────────────────────
    wrong(
        "cleared",
        "closures",
        "a function is used once",
        (
            "            v._backward()\n",
            "            v._backward()\n            v._backward = lambda: None\n",
        ),
        shows=TWO_PASSES,
    ),
    wrong(
        "cleared",
        "hinted",
        "parents are forgotten after use",
        ("parent.grad += contribution", "parent.grad += contribution\n                node.parents = []"),
        shows=TWO_PASSES,
    ),
    wrong(
        "cleared",
        "tape",
        "the tape is wiped, with what other losses wrote on it",
        (
            "argument.grad += slope * result.grad",
            "argument.grad += slope * result.grad\n        tape.clear()",
        ),
        shows=("x = Var(3.0); a, b = x * 2, x * 5; a.backward(); b.backward(); x.grad", 7.0),
    ),
    wrong(
        "intermediates-not-reset",
        "methods",
        "a second pass counts the first again, as in micrograd",
        (
            "        for node in order:\n            if node._prev:  # only leaves accumulate\n"
            "                node.grad = 0.0\n",
            "",
        ),
        shows=AGAIN,
    ),
    wrong(
        "intermediates-not-reset",
        "german",
        "a second pass counts the first again, as in micrograd",
        ("        for v in reihenfolge:\n            if v.eltern:\n                v.gradient = 0.0\n", ""),
        shows=AGAIN,
    ),
    wrong(
        "resets-leaves",
        "hinted",
        "every pass begins from zero",
        ("            if node.parents:\n                node.grad = 0.0\n", "            node.grad = 0.0\n"),
        shows=TWO_LOSSES,
    ),
    wrong(
        "resets-leaves",
        "closures",
        "every pass begins from zero",
        ("        self.grad = 1.0\n", "        for v in topo: v.grad = 0.0\n        self.grad = 1.0\n"),
        shows=TWO_LOSSES,
    ),
    wrong(
        "recursion-depth",
        "methods",
        "right, but a long sum ends in RecursionError",
        (
            "def backward(self): …",
            """
                def backward(self):
                    order = []
                    visited = set()

                    def visit(node):
                        if node not in visited:
                            visited.add(node)
                            for child in node._prev:
                                visit(child)
                            order.append(node)

                    visit(self)
                    for node in order:
                        if node._prev:  # only leaves accumulate
                            node.grad = 0.0
                    self.grad = 1.0
                    for node in reversed(order):
                        if node._backward is not None:
                            node._backward()
            """,
        ),
        shows=LONG,
    ),
]
