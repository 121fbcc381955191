"""Interruptions: at every point of a call a KeyboardInterrupt, and what it leaves is looked at.

A point is the beginning of a line or of a bytecode in one of the files. Signals come at fewer of them.
"""

import signal
import sys
from functools import partial
from itertools import count


def assert_all_or_nothing(make, act, state, *files, bytecodes=True):
    """Wherever act(make()) is interrupted, nothing of it is done, or from one point on all of it.

    make       → the same world each time          act    what is interrupted, called with the world
    state      world → all that may change, whose repr is compared: types and signs of zeros count
    files      those whose code is interrupted, as `module.__file__`
    bytecodes  whether at each of them, or only at lines

    Where nothing was done, the act must go through when it is called again, as if nothing had happened.
    """
    world = make()
    before = repr(state(world))
    act(world)
    after = repr(state(world))
    done = []
    for world in interrupted(make, act, *files, bytecodes=bytecodes):
        left = repr(state(world))
        assert left in (before, after), f"at point {len(done) + 1}: {left}, neither {before} nor {after}"
        done.append(left == after)
        if not done[-1]:
            act(world)
            assert repr(state(world)) == after, f"again, after an interruption at point {len(done)}"
    assert done == sorted(done) and {*done} == {False, True}


def interrupted(make, act, *files, bytecodes=True, by=signal.default_int_handler):
    """What act(make()) leaves when it is interrupted at its first point, at its second, … and at its last.

    by   what interrupts, called with two arguments: a KeyboardInterrupt, or `by_signal` what the handler does
    """
    for n in count(1):
        world = make()
        if not _interrupt(partial(act, world), n, files, bytecodes, by):
            return
        yield world


def by_signal(number, frame):
    """Ctrl-C, whatever that does at the moment."""
    signal.raise_signal(signal.SIGINT)


def _interrupt(call, n, files, bytecodes, by):
    """Call it, with an interruption at its n-th point; whether it has so many."""
    left = n

    def trace(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename not in files:
            return None
        if event == "call":
            frame.f_trace = trace  # which Python 3.13 wants to see before the next line
            frame.f_trace_opcodes = bytecodes
        elif event == "exception" and argument[0] is GeneratorExit:  # closing swallows what is raised
            frame.f_trace_opcodes = frame.f_trace_lines = False
        left -= left > 0 and event in ("line", "opcode")
        if left == 0:
            left = -1
            by(signal.SIGINT, frame)
        return trace

    earlier = sys.gettrace()  # that of coverage, or of a debugger
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        assert left == -1
    finally:
        sys.settrace(earlier)
    return left == -1
