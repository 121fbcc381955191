"""Changes at one moment, and the finder of those that are not."""

import sys
from types import SimpleNamespace

import pytest
from interruptions import assert_all_or_nothing, interrupted

from nn import commit
from nn.commit import each


def pair():
    return SimpleNamespace(a=0, b=0)


def line_by_line(pair):
    pair.a = 1
    pair.b = 1


def in_one_line(pair):
    pair.a = pair.b = 1


def at_one_moment(pair):
    commit.commit(each([pair], "a", [1]), [(pair, "b", 1)])


def test_a_commit_interrupted_anywhere_is_made_or_not():
    assert_all_or_nothing(pair, at_one_moment, vars, commit.__file__)
    assert_all_or_nothing(pair, at_one_moment, vars, __file__, commit.__file__)


@pytest.mark.parametrize("act", [line_by_line, in_one_line])
def test_what_lies_between_is_found(act):
    with pytest.raises(AssertionError, match="'a': 1, 'b': 0"):
        assert_all_or_nothing(pair, act, vars, __file__)


def test_lines_are_fewer_points_than_bytecodes():
    lines, bytecodes = (
        [world.a == world.b for world in interrupted(pair, in_one_line, __file__, bytecodes=bytecodes)]
        for bytecodes in (False, True)
    )
    assert len(lines) < len(bytecodes) and all(lines) and not all(bytecodes)


def test_what_an_interruption_leaves_behind_is_found():
    def act(pair):
        tried.append(pair)
        pair.a = sum(other is pair for other in tried)

    tried = []
    with pytest.raises(AssertionError, match="again, after an interruption at point"):
        assert_all_or_nothing(pair, act, vars, __file__)


def test_a_trace_function_of_others_stays_in_force():
    def others(frame, event, argument):
        return None

    earlier = sys.gettrace()
    sys.settrace(others)
    try:
        assert len([*interrupted(pair, at_one_moment, commit.__file__)]) > 10
        assert sys.gettrace() is others
    finally:
        sys.settrace(earlier)
