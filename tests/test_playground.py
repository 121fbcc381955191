"""The playground of the site: what it is packed from, what it answers, and the page in a real browser."""

import json
import os
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from subprocess import run
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
from test_page import HOSTILE
from test_site import BLOCK, DOCS, ROOT, agree

PATIENCE = 120_000  # milliseconds for Python to start on a machine that has more to do


@pytest.fixture(scope="module")
def hook():
    pytest.importorskip("mkdocs", reason="needs MkDocs, as make docs installs it")
    sys.path.insert(0, str(DOCS))
    try:
        import playground
    finally:
        sys.path.remove(str(DOCS))
    return playground


@pytest.fixture(scope="module")
def session():
    sys.path.insert(0, str(DOCS / "playground"))
    try:
        import session
    finally:
        sys.path.remove(str(DOCS / "playground"))
    return session


# ── What it is packed from ──────────────────────────────────────────────────────────────────────────


def test_an_example_prints_by_itself_what_its_page_shows(hook, session):
    pytest.importorskip("mpmath", reason="the report of check_grads is shown as it is with mpmath")
    ran = []
    for page in hook.pages():
        blocks = BLOCK.finditer((DOCS / page).read_text(encoding="utf-8"))
        for example, block in zip(hook.examples(page), blocks, strict=True):
            if hook.runs(example):
                answer = json.loads(session.program(example.code, 800))
                assert agree(block["shown"] or "", answer["printed"]), example.key
                assert "error" not in answer
                ran.append(example.key)
    assert {"tutorial/1", "tutorial/8", "how-to/draw/1"} <= {*ran}
    assert not {"tutorial/10", "how-to/compile/1"} & {*ran}


@pytest.mark.parametrize(
    ("above", "block", "kept"),
    [
        ("x = 1\ny = 2\n", "print(y)\n", "y = 2\n\n"),
        ("x = 1\nx = 2\n", "print(x)\n", "x = 2\n\n"),
        ("x = 1\ny = x\nx = 2\n", "y\n", "x = 1\ny = x\n\n"),
        ("x = f\nx.label = 2\nx.show()\nprint(x)\n", "x\n", "x = f\nx.label = 2\nx.show()\n\n"),
        ("x = 1\nfor i in 1, 2:\n    x = i\n", "x\n", "x = 1\nfor i in 1, 2:\n    x = i\n\n"),
        ("import a.b\nfrom c import d, e\n", "e(lambda a: a)\n", "from c import d, e\n\n"),
        ("x = 1\ndef f(y):\n    return x + y\n", "f(2)\n", "x = 1\ndef f(y):\n    return x + y\n\n"),
        ("x = 1\n", "x = 2\nprint(x)\n", ""),
        ("x = 1\n", "def f(x):\n    return x\n", ""),
    ],
)
def test_an_example_takes_from_above_what_it_needs(hook, above, block, kept):
    assert hook.needed(above, block) == kept


def test_the_engine_is_packed_whole_and_alike(hook):
    packed = hook.engine()
    assert packed == hook.engine()
    names = ZipFile(BytesIO(packed)).namelist()
    assert {"autograd/ops.py", "nn/data/toys.py", "viz/page.js", "viz/layout/rows.py", "session.py"} <= {
        *names
    }
    assert not [name for name in names if "cache" in name or name.startswith(("tests", "demos"))]


def test_a_package_is_fetched_once_and_must_be_the_one_that_is_pinned(hook, tmp_path, monkeypatch):
    vendor = hook.vendor
    (tmp_path / "small/-").mkdir(parents=True)
    (tmp_path / "small/-/small-1.tgz").write_bytes(b"the archive")
    monkeypatch.setattr(vendor, "REGISTRY", tmp_path.as_uri())
    monkeypatch.setattr(vendor, "KEPT", tmp_path / "kept")
    pinned = {
        "small": vendor.Package("1", vendor.digest(b"the archive"), ()),
        "gone": vendor.Package("1", "", ()),
    }
    monkeypatch.setattr(vendor, "PACKAGES", pinned)
    assert vendor.archive("small") == b"the archive"
    (tmp_path / "small/-/small-1.tgz").write_bytes(b"another")
    assert vendor.archive("small") == b"the archive"
    (tmp_path / "kept/small-1.tgz").write_bytes(b"cut short")
    with pytest.raises(ValueError, match=r"small-1.tgz of file:.* is not the file that docs/vendor.py pins"):
        vendor.archive("small")
    with pytest.raises(OSError, match="gone"):
        vendor.archive("gone")


def test_without_the_registry_the_site_has_no_playground_and_says_so(hook, monkeypatch, capsys):
    from mkdocs.structure.files import File, Files

    def unreachable(name):
        raise OSError("no network")

    monkeypatch.setattr(hook.vendor, "files", unreachable)
    hook.packages.cache_clear()
    files = Files([])
    hook.on_files(files, {})
    assert len(files) == 0
    for path, expected in (
        ("playground.md", "This copy of the site has no playground"),
        ("tutorial.md", "as it was"),
    ):
        page = type("Page", (), {"file": File(path, None, "", False), "url": path})
        assert expected in hook.on_page_markdown("as it was", page)
    assert capsys.readouterr().err.count("\n") == 1
    hook.packages.cache_clear()


# ── What it answers ─────────────────────────────────────────────────────────────────────────────────


def test_a_formula_is_answered_in_numbers_and_pictures(session):
    answer = json.loads(session.formula("x*y", " x = 1/2,y=3", False, 800))
    assert answer["printed"] == "f = 1.5\n∂f/∂x = 3, ∂f/∂y = 0.5"
    assert [title for title, _ in answer["pictures"]] == ["Cards", "Textbook"]
    assert all(svg.startswith("<svg") for _, svg in answer["pictures"])
    assert answer["steps"].startswith("<!doctype html>") and "Forward" in answer["table"]
    exact = json.loads(session.formula("x*y", "x=0.1 y=3 unused=4", True, 800))
    assert exact["printed"] == "f = 3/10\n∂f/∂x = 3, ∂f/∂y = 1/10"


@pytest.mark.parametrize(
    ("text", "values", "error"),
    [
        ("x*)", "x=2", "x*)\n  ^\nunmatched ')'"),
        ("x*y", "x=2", "x*y\n  ^\ny has no value"),
        ("1/x", "x=0", "1/x\n ^\n"),
        ("x", "x=", "the formula is empty"),
        ("", "", "the formula is empty"),
    ],
)
def test_what_is_wrong_with_a_formula_stands_under_the_caret(session, text, values, error):
    answer = json.loads(session.formula(text, values, False, 800))
    assert error in answer["error"] and answer.keys() == {"error"}


@pytest.mark.parametrize(
    ("code", "root"),
    [
        ("z = x * y\nx * y * 2", "t2"),
        ("z = x * y\nw = z + 1\nz.label, w.label = 'z', 'w'\nv = x", "w"),
        ("z = x * y\nx", "x"),
        ("z = x * y\nz.label = 'z'\n3", "z"),
        ("3", None),
    ],
)
def test_the_root_is_the_last_line_or_the_last_computed_variable(session, code, root):
    setting = "from autograd import Value\nx, y = Value(2, 'x'), Value(3, 'y')\n"
    answer = json.loads(session.program(setting + code, 800))
    assert "error" not in answer
    assert root is None or f"<title>{root}, step by step" in answer["steps"]
    assert len(answer["pictures"]) == (0 if root is None else 2)


def test_an_error_of_a_program_tells_its_own_lines(session):
    code = "from autograd import log\n\ndef f(x):\n    return log(x)\n\nprint('before')\nf(-1)\n"
    answer = json.loads(session.program(code, 800))
    assert answer["printed"] == "before\n"
    assert 'File "program.py", line 7' in answer["error"] and "    return log(x)" in answer["error"]
    assert "ops.py" not in answer["error"] and "session.py" not in answer["error"]
    assert "SyntaxError" in json.loads(session.program("x = (", 800))["error"]
    assert "SystemExit" in json.loads(session.program("exit(3)", 800))["error"]


def test_a_program_may_print_much_and_draw_much(session):
    answer = json.loads(session.program("print('x' * 60_000)\n" * 2, 800))
    assert answer["printed"].endswith("x\n… and 70,002 letters more")
    many = "from autograd import Value\nx = Value(1.0, 'x')\nfor i in range(600):\n    x = x * 2\n"
    answer = json.loads(session.program(many, 800))
    assert answer["table"] == "1,201 values are too many for a table." and answer["pictures"]


def test_what_a_program_saves_is_shown_and_gone(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "import viz\nfrom autograd import Value\nviz.draw(Value(2, 'x') * 3).save('folder/a.svg')"
    titles = [title for title, _ in json.loads(session.program(code, 300))["pictures"]]
    assert titles == ["a.svg"] and not [*tmp_path.iterdir()]


# ── In a browser ────────────────────────────────────────────────────────────────────────────────────


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of the site, built and served."""
    pytest.importorskip("material", reason="needs MkDocs, as make docs installs it")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    run(
        command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    )
    if not (folder / "playground/engine.zip").exists():
        pytest.skip("the registry of npm can't be reached, so there is no Pyodide")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def started(browser, site):
    """A page on which Python runs, and what it asked of other servers, or complained of."""
    events = []
    sheet = browser.new_page(viewport={"width": 1280, "height": 900})
    sheet.set_default_timeout(PATIENCE)
    own = site, "data:", "blob:"
    sheet.on("request", lambda request: request.url.startswith(own) or events.append(request.url))
    sheet.on("console", lambda message: events.append(message.text))
    sheet.on("pageerror", lambda error: events.append(str(error)))
    sheet.add_init_script("alert = (text) => console.error(text)")
    sheet.goto(f"{site}playground.html")
    yield sheet, events
    sheet.close()


@pytest.fixture
def sheet(started):
    """The page; afterwards it must not have asked for more, or complained."""
    sheet, events = started
    sheet.set_viewport_size({"width": 1280, "height": 900})
    answered(sheet)
    yield sheet
    assert events == []


def answered(sheet):
    """The page once it has answered."""
    sheet.wait_for_selector("#status:has-text('Ready')")
    return sheet


def ask(sheet, formula, values):
    sheet.fill("[name=formula]", formula)
    sheet.fill("[name=values]", values)
    answered(sheet)


def program(sheet, code):
    sheet.fill("#editor textarea", code)
    sheet.keyboard.press("Control+Enter")
    answered(sheet)


def titles(sheet):
    return sheet.locator("#result h2:visible").all_text_contents()


def test_the_first_picture_is_there_without_a_word_from_the_reader(sheet, site):
    sheet.goto(site)  # away from what another test has left
    sheet.goto(f"{site}playground.html")
    sheet.wait_for_selector("#status:has-text('Loading Python')")
    answered(sheet)
    assert titles(sheet) == ["Cards", "Textbook", "Step by step", "Table"]
    assert sheet.text_content("#printed").startswith("f = 2.92171479191")
    assert sheet.eval_on_selector_all(
        "#pictures img", "all => all.map((x) => x.complete && x.naturalWidth > 300)"
    )
    steps = sheet.frame_locator("#steps")
    steps.locator("#next").click()
    assert steps.locator("#sentence").text_content() == "t1 = log(x1) = log(2) = 0.6931"


def test_a_formula_is_answered_while_it_is_being_written(sheet):
    ask(sheet, "x*y", "x=2 y=3")
    first = sheet.get_attribute("#pictures img", "src")
    assert sheet.text_content("#printed") == "f = 6\n∂f/∂x = 3, ∂f/∂y = 2"
    sheet.press("[name=formula]", "End")
    sheet.locator("[name=formula]").press_sequentially(" + x")
    answered(sheet)
    assert sheet.text_content("#printed") == "f = 8\n∂f/∂x = 4, ∂f/∂y = 2"
    assert sheet.get_attribute("#pictures img", "src") != first


def test_an_error_stands_under_the_caret_and_the_last_picture_stays(sheet):
    ask(sheet, "x*x", "x=3")
    sheet.fill("[name=formula]", "x*)")
    answered(sheet)
    assert sheet.text_content("#error") == "x*)\n  ^\nunmatched ')'"
    assert sheet.is_visible("#error") and sheet.text_content("#printed").startswith("f = 9")
    ask(sheet, "x", "x=3")
    assert sheet.is_hidden("#error")


def test_fractions_stay_exact_on_a_switch(sheet):
    ask(sheet, "x/3", "x=0.1")
    assert sheet.text_content("#printed").startswith("f = 0.0333")
    sheet.check("[name=exact]")
    answered(sheet)
    assert sheet.text_content("#printed") == "f = 1/30\n∂f/∂x = 1/3"
    sheet.uncheck("[name=exact]")


def test_a_link_carries_the_formula(sheet):
    ask(sheet, "x + y/2", "x=1, y=2")
    sheet.check("[name=exact]")
    answered(sheet)
    sheet.click("#formula [data-link]")
    sheet.wait_for_selector("#status:has-text('link')")
    link = sheet.url
    sheet.uncheck("[name=exact]")
    ask(sheet, "1", "")
    sheet.goto(link + "&")  # the same page, so that Python need not start anew
    answered(sheet)
    assert sheet.text_content("#printed") == "f = 2\n∂f/∂x = 1, ∂f/∂y = 1/2"
    sheet.uncheck("[name=exact]")


def test_a_program_of_a_link_waits_for_the_readers_word(sheet):
    code = "print('<b>ran</b> ' + '+&#%')\n"
    sheet.fill("#editor textarea", code)
    sheet.click("#program [data-link]")
    sheet.wait_for_selector("#status:has-text('link')")
    link = sheet.url
    program(sheet, "print('another')")
    sheet.goto(link + "&")
    sheet.wait_for_selector("#error:has-text('press Run')")
    assert sheet.input_value("#editor textarea") == code
    assert sheet.text_content("#printed") == "another\n"
    sheet.click("#program button:text-is('Run')")
    answered(sheet)
    assert sheet.text_content("#printed") == "<b>ran</b> +&#%\n"


def test_an_example_is_chosen_and_may_be_changed(sheet):
    sheet.select_option("[name=example]", "how-to/draw/2")
    answered(sheet)
    assert titles(sheet) == ["Cards", "Textbook", "worksheet.svg", "Step by step", "Table"]
    sheet.locator("#editor textarea").press("End")
    sheet.keyboard.insert_text(" ")
    assert sheet.input_value("[name=example]") == ""


def test_an_error_of_a_program_tells_the_line(sheet):
    program(sheet, "print('so far')\nx = 1 / 0\n")
    assert 'File "program.py", line 2' in sheet.text_content("#error")
    assert (
        "ZeroDivisionError" in sheet.text_content("#error") and sheet.text_content("#printed") == "so far\n"
    )
    assert titles(sheet) == []


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_is_asked_is_read_as_markup(sheet, name, site):
    code = f"from autograd import Value\nz = Value(2, {name!r}) * 3\nz.label = {name!r}\nprint({name!r})\nz"
    program(sheet, code)
    assert sheet.text_content("#printed") == name + "\n"
    assert titles(sheet) == ["Cards", "Textbook", "Step by step", "Table"]
    assert sheet.locator("#result :is(script, b, svg, [onerror])").count() == 0
    hostile = urlencode({"formula": name, "values": f"{name}=2"})
    sheet.goto(f"{site}playground.html#{hostile}")
    answered(sheet)
    assert sheet.is_visible("#error")
    assert sheet.locator("#play :is(script, b, svg, [onerror])").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1920])
def test_the_page_is_as_wide_as_the_window(sheet, width, scheme):
    sheet.emulate_media(color_scheme=scheme)
    sheet.set_viewport_size({"width": width, "height": 844})
    ask(sheet, "ln(x1)*x2 + sin(x1*x2)", "x1=2 x2=5")
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width
    boxes = sheet.eval_on_selector_all(
        "#pictures img", "all => all.map((x) => x.getBoundingClientRect().right)"
    )
    assert max(boxes) <= width
    sheet.emulate_media(color_scheme="light")


def test_a_program_that_does_not_end_can_be_stopped(sheet):
    sheet.fill("#editor textarea", "while True:\n    pass\n")
    sheet.keyboard.press("Control+Enter")
    sheet.click("#stop")
    ask(sheet, "x*x", "x=5")
    assert sheet.text_content("#printed") == "f = 25\n∂f/∂x = 10"


def test_python_starts_anew_where_it_breaks_down(started):
    sheet, events = started
    answered(sheet)
    sheet.fill("#editor textarea", "import os\nos.abort()\n")
    sheet.keyboard.press("Control+Enter")
    sheet.wait_for_selector("#error:has-text('Python broke down')")
    events.clear()  # Pyodide has told the console why
    ask(sheet, "x*x", "x=5")
    assert sheet.text_content("#printed") == "f = 25\n∂f/∂x = 10"
    assert events == []


def test_run_on_a_page_of_the_tutorial_leads_to_its_program(sheet, site):
    sheet.goto(f"{site}how-to/draw.html")
    assert sheet.locator(".run a").count() == 3
    sheet.goto(f"{site}tutorial.html")
    sheet.locator(".run a").nth(3).click()
    answered(sheet)
    assert sheet.input_value("[name=example]") == "tutorial/4"
    assert sheet.text_content("#printed") == "6 2 5\n"
    assert titles(sheet) == ["Cards", "Textbook", "Step by step", "Table"]


def test_a_diagram_of_mermaid_is_drawn_without_another_server(browser, site):
    events = []
    sheet = browser.new_page()
    sheet.on("request", lambda request: request.url.startswith((site, "data:")) or events.append(request.url))
    sheet.on("console", lambda message: events.append(message.text))
    sheet.goto(f"{site}diagrams.html")
    sheet.wait_for_selector("div.mermaid", state="attached")  # Material puts it in the place of the text
    assert sheet.locator("pre.mermaid").count() == 0
    assert sheet.locator("div.mermaid").bounding_box()["height"] > 100
    assert events == []
    sheet.goto(f"{site}tutorial.html")
    assert sheet.locator("script[src*=mermaid]").count() == 0
    sheet.close()
