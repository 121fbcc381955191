"""Errors as part of the interface: of the right kind, in one line, and naming what is wrong."""

import pytest


def assert_refused(call, kind, part):
    """The call raises an error of this kind, in one line that has this part."""
    with pytest.raises(kind) as caught:
        call()
    assert part in str(caught.value) and "\n" not in str(caught.value), str(caught.value)
