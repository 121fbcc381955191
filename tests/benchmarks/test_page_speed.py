"""A page to touch: from an edit of a leaf to the changed picture. Run with `make bench`.

By the browser's own clock: computing, writing what changed, and laying it out; the frame that follows paints.
Read how the times grow with the graph, and the share of computing in them: most is text.
"""

import pytest
from test_drawing_speed import perceptron

import viz

EDITS = """() => {
    const { i } = leaves[0], times = [];
    show(state.moments.length - 1);
    for (let k = 0; k < 30; k++) {
        const wished = [...numbers], start = performance.now();
        wished[i] = 0.1 + k / 50;
        [numbers, state] = [wished, model.computed(wished)];
        const computed = performance.now();
        paint();
        document.body.getBoundingClientRect();
        times.push([computed - start, performance.now() - start]);
    }
    return [0, 1].map((part) => times.map((each) => each[part]).sort((a, b) => a - b)[15]);
}"""


@pytest.mark.benchmark(group="an edit of a page, thirty times")
@pytest.mark.parametrize("sizes", [(3, 4, 1), (4, 6, 3, 1), (5, 10, 8, 1)], ids=["50", "150", "450"])
def test_an_edit(benchmark, browser, tmp_path, capsys, sizes):
    root = perceptron(*sizes)
    path = tmp_path / "page.html"
    path.write_text(viz.draw(root, group=0, max_nodes=None).html(), encoding="utf-8")
    sheet = browser.new_page(viewport={"width": 1280, "height": 800})
    sheet.goto(path.as_uri())
    computing, all_of_it = benchmark.pedantic(sheet.evaluate, (EDITS,), rounds=3, warmup_rounds=1)
    sheet.wait_for_function("performance.getEntriesByType('paint').length")
    first = sheet.evaluate("performance.getEntriesByType('paint')[0].startTime")
    count, size = sheet.evaluate("model.values.length"), path.stat().st_size / 1000
    sheet.close()
    with capsys.disabled():
        print(
            f"\n{count} values, {size:.0f} kB: first paint after {first:.0f} ms, an edit takes "
            f"{all_of_it:.1f} ms, computing {computing / all_of_it:.0%} of it"
        )
