"""The wrong engines, by what is wrong."""

from students.wrong import doubles, habits, order, rules, wiring

WRONG = [*order.WRONG, *wiring.WRONG, *rules.WRONG, *habits.WRONG, *doubles.WRONG]
