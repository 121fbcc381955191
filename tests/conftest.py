"""Hypothesis: the same examples at every run in CI; at home new ones each time, without a clock.

`--hypothesis-profile=long` runs a hundred times as many, for an evening:

    pytest tests/test_laws.py --hypothesis-profile=long --hypothesis-seed=0
"""

import os
import shutil
from contextlib import nullcontext

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

settings.register_profile("home", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=10_000)
settings.load_profile("ci" if os.environ.get("CI") else "home")

# Hypothesis also draws the constants that stand in the modules imported so far. In CI a number in one file
# must not change what the tests of another meet, nor must the order in which a worker comes to them.
if os.environ.get("CI") and hasattr(providers, "_local_constants"):
    providers._get_local_constants = lambda: providers._local_constants  # of which there are none yet

BROWSERS = "chromium", "chromium-browser", "google-chrome"
SWITCHES = "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"


@pytest.fixture(scope="module")
def browser():
    """A Chromium that is installed."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: test)")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser is installed: looked for {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*SWITCHES])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page's text from a file; afterwards the page must not have asked for more, or complained."""
    events, pages, own = [], [], set()

    def open_(text, name="page.html", **settings):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="\n")
        sheet = browser.new_page(**{"viewport": {"width": 1000, "height": 500}, **settings})
        pages.append(sheet)
        sheet.on("request", lambda request: events.append(request.url))
        sheet.on("console", lambda message: events.append(message.text))
        sheet.on("pageerror", lambda error: events.append(str(error)))
        sheet.on("dialog", lambda dialog: events.append(dialog.message))
        sheet.goto(path.as_uri())
        assert events.pop(0) == path.as_uri()
        own.add(path.as_uri())
        return sheet

    yield open_
    for sheet in pages:
        sheet.close()
    assert [event for event in events if event not in own] == []  # a page may be loaded again


@pytest.fixture(params=["unrolled", "plain"])
def loops(request):
    """Both kinds of the engine's loops: who finds `fast` at work takes the plain ones of `value`."""
    from autograd import fast

    with fast.marking if request.param == "plain" else nullcontext():
        yield request.param
