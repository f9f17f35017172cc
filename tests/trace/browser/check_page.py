"""check_page.py MAKE_PAGE KIND [--pictures FOLDER]: opens the page that MAKE_PAGE writes in a browser, and uses it as a person
would. Ends with 77 where there is no Chromium. With --pictures it says how long things took, and keeps what it saw."""

import subprocess
import sys
import tempfile
import time

import chromium

# By kind: numbers of elements, failures, worker processes and rows of the timeline.
expected = {
    "empty": (0, 0, 0, 0),
    "three": (3, 2, 3, 2),
    "hostile": (3, 2, 3, 3),
    "million": (1_250_000, 1600, 176, 16),
}
pictures = sys.argv[4] if len(sys.argv) == 5 and sys.argv[3] == "--pictures" else None


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def equal(found, wanted, what):
    check(found == wanted, f"{what}: {found!r}, not {wanted!r}")


def number(browser, name):
    return browser.run(f"Number(document.getElementById('number-{name}').dataset.number)")


def text(browser, name):
    return browser.run(f"document.getElementById('{name}').textContent")


def colors(browser, canvas):
    """How many pixels of the canvas have each of the colours that the page draws with."""
    return browser.run("""(() => {
      const canvas = document.getElementById('%s');
      const {width, height} = canvas;
      const data = width * height === 0 ? [] : canvas.getContext('2d').getImageData(0, 0, width, height).data;
      const found = {};
      for (const [name, color] of Object.entries(page.colors)) {
        const [r, g, b] = [1, 3, 5].map((place) => parseInt(color.slice(place, place + 2), 16));
        let count = 0;
        for (let i = 0; i < data.length; i += 4) count += data[i] === r && data[i + 1] === g && data[i + 2] === b ? 1 : 0;
        found[name] = count;
      }
      return found;
    })()""" % canvas)


def check_numbers(browser, kind):
    elements, failures, workers, rows = expected[kind]
    equal(number(browser, "elements"), elements, "elements")
    equal(number(browser, "failures"), failures, "failures")
    equal(number(browser, "workers"), workers, "workers")
    equal(browser.run("page.model.rows.length"), rows, "rows")
    listed = browser.run("Array.from(document.querySelectorAll('#failures tbody tr'), (row) => Number(row.cells[1].textContent.replace(/,/g, '')))")
    equal(sum(listed), failures, "failures in the table")


def check_drawing(browser, kind):
    seen = colors(browser, "rows")
    over = colors(browser, "overview")
    if kind == "empty":
        equal(over["running"], 0, "busy pixels of nothing")
        return
    check(seen["running"] > 100, f"spans are drawn: {seen}")
    check(seen["failure"] > 10, f"failures are drawn: {seen}")
    check(over["running"] > 100 and over["failure"] > 3, f"the overview is drawn: {over}")
    check(colors(browser, "histogram")["running"] > 100, "the histogram is drawn")


def place_of(browser, element):
    """Where an element is drawn in the window."""
    return browser.run(f"""(() => {{
      const box = page.rowsCanvas.getBoundingClientRect();
      const middle = (page.model.start[{element}] + page.model.end[{element}]) / 2;
      const y = (rowOf(page.model, {element}) + 0.5) * page.rowHeight - page.scroller.scrollTop;
      return [box.left + xOf(page, middle, page.width), box.top + y];
    }})()""")


def check_zoom(browser):
    length = browser.run("page.view.span")
    x, y = place_of(browser, 0)
    for _ in range(4):
        browser.wheel(x, y, -200)
    span = browser.run("page.view.span")
    check(span < length / 4, f"the wheel zooms in: {span} of {length}")
    begin = browser.run("page.view.from")
    browser.drag(x, y, x + 100, y)
    check(abs(browser.run("page.view.span") - span) < 1 and browser.run("page.view.from") < begin, "a drag moves")
    browser.key("0")
    equal(browser.run("page.view.span"), length, "key 0 shows all")
    browser.drag(x, y, x + 100, y, modifiers=8)
    check(browser.run("page.view.span") < length / 2, "a drag with Shift zooms")
    browser.key("0")
    browser.run("page.rowsCanvas.focus()")
    browser.key("+")
    zoomed = browser.run("page.view.span")
    check(zoomed < length, "key + zooms in")
    begin = browser.run("page.view.from")
    browser.key("ArrowLeft")
    check(browser.run("page.view.from") < begin, "an arrow moves")
    browser.key("0")


def check_pointing(browser):
    """At the first of the failures, by the key that leads to it; and a click that pins it."""
    browser.key("n")
    element = browser.run("page.pinned")
    equal(browser.run("page.model.failures[0]"), element, "key n leads to the first failure")
    browser.key("Escape")
    equal(browser.run("page.pinned"), -1, "Escape unpins")
    x, y = place_of(browser, element)
    browser.mouse("mouseMoved", x, y)
    browser.drawn()
    tip = text(browser, "tip")
    check(not browser.run("page.tip.hidden"), "pointing shows a tip")
    for part in (browser.run(f"elementTitle(page.model, {element})"), browser.run(f"failureText(page.model, {element})"),
                 browser.run(f"workerText(page.model, {element})")):
        check(part in tip, f"the tip says {part!r}: {tip!r}")
    browser.click(x, y)
    equal(browser.run("page.pinned"), element, "a click pins")
    check("Failure" in text(browser, "details"), "what is pinned is told")
    check(colors(browser, "rows")["pin"] > 10, "what is pinned has a frame")
    browser.key("Escape")


def check_tables(browser):
    browser.run("document.querySelector('#slowest tbody button').click()")
    browser.drawn()
    slowest = browser.run("slowestElements(page.model, 1)[0].i")
    equal(browser.run("page.pinned"), slowest, "a row of the slowest leads to its element")
    browser.run("document.querySelector('#failures').scrollIntoView()")
    browser.click(*browser.run("(({left, top}) => [left + 5, top + 5])(document.querySelector('#failures tbody td').getBoundingClientRect())"))
    check(browser.run("page.model.elements.outcome[page.pinned]") > 0, "a row of the failures leads to one")
    check(browser.run("page.model.start[page.pinned] >= page.view.from && page.model.end[page.pinned] <= page.view.to"),
          "the element is in sight")
    check(browser.run("document.querySelectorAll('#slowest tbody tr').length") > 0, "the slowest are listed")


def check_hostile(browser):
    equal(browser.run("typeof window.attacked"), "undefined", "what a text would run")
    equal(browser.run("document.querySelectorAll('img, main script').length"), 0, "elements made of texts")
    for name in ("program", "thinned", "failures", "workers", "calls"):
        shown = text(browser, name)
        check("</script><script>window.attacked = 1;</script><img src=x" in shown, f"{name} shows the text: {shown!r}")
    check("\\u001b[31m" in text(browser, "program"), "a control character is shown as its number")
    check("\\u202e" in text(browser, "program"), "and one that turns the direction of text")
    check("\ufffd\ufffd" in text(browser, "program"), "bytes that are no UTF-8 are replaced")


def check_million(browser, took):
    check("250,000" in text(browser, "thinned"), "what was left out is told")
    equal(number(browser, "worker-lost"), 160, "crashes")
    equal(number(browser, "timeout"), 160, "timeouts")
    equal(number(browser, "exception"), 1280, "exceptions")
    # Generous: what is drawn depends on pixels, not on elements.
    slowest = browser.run("""(() => {
      let longest = 0;
      for (let span = page.model.length; span > 100; span /= 3) {
        const begin = performance.now();
        page.view.show(page.model.length / 3, page.model.length / 3 + span);
        drawTimeline(page);
        longest = Math.max(longest, performance.now() - begin);
      }
      page.view.showAll();
      return longest;
    })()""")
    browser.drawn()
    print(f"opened in {took:.2f} s, of which the script took {browser.run('document.body.dataset.ready')} ms; "
          f"the slowest of all zooms was drawn in {slowest:.0f} ms")
    check(took < 60 and slowest < 2000, "the page can be used")


def use(browser, path, kind):
    took = browser.open(path)
    check(browser.run("document.body.dataset.ready !== undefined"), f"the page is ready: {browser.complaints}")
    check_numbers(browser, kind)
    check_drawing(browser, kind)
    if kind != "empty":
        check_zoom(browser)
        check_pointing(browser)
        check_tables(browser)
    if kind == "hostile":
        check_hostile(browser)
    if kind == "million":
        check_million(browser, took)
    finish(browser)


def finish(browser):
    equal(browser.run("problems"), [], "problems that the page tells")
    equal(browser.run("document.getElementById('problems').hidden"), True, "no problem is shown")
    # To ask for pixels often, as this test does, is slow: Chromium says so.
    equal([one for one in browser.complaints if "getImageData" not in one], [], "complaints")


def fits(browser, path, _):
    """In a narrow window nothing is cut."""
    browser.open(path)
    equal(browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), True, "the page fits the window")
    finish(browser)


def main():
    program = chromium.find()
    if program is None:
        print("SKIPPED: chromium was not found")
        return 77
    with tempfile.NamedTemporaryFile(suffix=".html") as file:
        begin = time.monotonic()
        subprocess.run([sys.argv[1], sys.argv[2]], stdout=file, check=True)
        print(f"{file.tell():,} bytes, written in {time.monotonic() - begin:.2f} s")
        looks = [("light", 1280, False), ("dark", 1280, True), ("narrow", 400, False)]
        for name, width, dark in looks:
            with chromium.Chromium(program, width=width, dark=dark) as browser:
                (fits if name == "narrow" else use)(browser, file.name, sys.argv[2])
                if pictures:
                    browser.open(file.name)
                    browser.drawn()
                    browser.picture(f"{pictures}/{sys.argv[2]}_{name}.png")
    return 0


sys.exit(main())
