"""Two misconceptions in one engine."""

from students.engine import both
from students.wrong import habits, order, rules, wiring

SINGLE = {wrong.name: wrong for wrong in [*order.WRONG, *wiring.WRONG, *rules.WRONG, *habits.WRONG]}
PAIRS = [
    ("closures recursive-per-path", "closures exp-self"),
    ("closures no-children relu", "closures pow-no-factor"),
    ("hinted div-sign", "hinted log-log"),
    ("methods sub-plus", "methods sin-cos-sign"),
    ("pairs radd-recursive", "pairs sqrt-half"),
    ("switch assigns-in-mul", "switch tanh-input"),
]

WRONG = [both(SINGLE[one], SINGLE[other]) for one, other in PAIRS]
