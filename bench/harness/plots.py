"""Plots as SVG, readable on light and dark pages."""
import math
from xml.sax.saxutils import escape

from rows import GROUPS, ROWS, kind_of
from summary import figure, number

BAR, GAP = 16, 6
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.brood { fill: #1a7f37 } .limit { fill: #8c959f } .peer { fill: #0969da } .bad { fill: #cf222e }
.whisker, .line { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .brood { fill: #3fb950 } .limit { fill: #768390 } .peer { fill: #539bf5 } .bad { fill: #f47067 }
  .whisker, .line { stroke: #e6edf3 }
}
""".strip()


class Axis:
    """Logarithmic: from a bit below the least value to the greatest."""

    def __init__(self, values, left, right):
        values = [v for v in values if v > 0] or [1]
        self.left, self.right = left, right
        self.low = math.log10(min(values)) - 0.3
        self.high = max(math.log10(max(values)), self.low + 0.5)

    def at(self, value):
        if value <= 0:
            return self.left
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.left + max(share, 0) * (self.right - self.left)


class Plot:
    """Bars, one below the other, with labels at their left and values at their right."""

    def __init__(self, labels, bars, values):
        self.left, self.right, self.width = labels, labels + bars, labels + bars + values
        self.parts, self.y = [], 44

    def axis(self, values):
        return Axis(values, self.left, self.right)

    def text(self, x, text, css="", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{self.y:.1f}" class="{css}" '
                          f'text-anchor="{anchor}">{escape(text)}</text>')

    def head(self, text):
        self.y += 14
        self.text(0, text, "head")
        self.y += 8

    def bar(self, axis, label, entry, value_text, css, text_from=0.0):
        end = axis.at(entry["median"])
        self.parts.append(f'<rect x="{self.left}" y="{self.y:.1f}" width="{max(end - self.left, 1):.1f}" '
                          f'height="{BAR}" class="{css}"/>')
        middle, right = self.y + BAR / 2, max(end, axis.at(entry["max"]), text_from)
        self.parts.append(f'<line x1="{axis.at(entry["min"]):.1f}" x2="{axis.at(entry["max"]):.1f}" '
                          f'y1="{middle:.1f}" y2="{middle:.1f}" class="whisker"/>')
        self.y += BAR - 3
        self.text(self.left - 8, label, anchor="end")
        self.text(right + 6, value_text)
        self.y += 3 + GAP

    def line_at(self, x, top):
        self.parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{self.y:.1f}" class="line"/>')

    def svg(self, title, note, description):
        height = self.y + 10
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {height:.0f}" '
                f'width="{self.width}" height="{height:.0f}" role="img" aria-labelledby="title desc">\n'
                f'<title id="title">{escape(title)}</title>\n'
                f'<desc id="desc">{escape(description)}</desc>\n<style>{STYLE}</style>\n'
                f'<text x="0" y="16" class="head">{escape(title)}</text>\n'
                f'<text x="0" y="34">{escape(note)}</text>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def group_plot(results, group):
    rows = [(row, results["rows"][row.name]) for row in ROWS
            if row.group == group and results["rows"].get(row.name, {}).get("sides")]
    plot, words = Plot(190, 490, 120), []
    for row, entry in rows:
        sides = entry["sides"].items()
        axis = plot.axis([values[k] for _, values in sides for k in ("min", "max")])
        plot.head(row.title)
        for side, values in sides:
            plot.bar(axis, side, values, figure(values["median"], entry["unit"]), kind_of(side))
        words.append(f"{row.title}: " + ", ".join(
            f"{side} {figure(values['median'], entry['unit'])}" for side, values in sides) + ".")
    note = ("Longer" if group == "large" else "Shorter") + (
        " bars are better. Logarithmic, each block by itself; the lines span all rounds.")
    return plot.svg(GROUPS[group], note, " ".join(words))


def bars_plot(results):
    """How much of its bar each row uses."""
    found = [(f"{row.title}: {ratio['of']}", ratio) for row in ROWS
             for ratio in results["rows"].get(row.name, {}).get("ratios", ()) if "distance" in ratio]
    plot, words = Plot(440, 280, 220), []
    axis = plot.axis([ratio["distance"] for _, ratio in found] + [0.1, 2])
    top = plot.y
    for label, ratio in found:
        same = {key: ratio["distance"] for key in ("median", "min", "max")}
        sign = "of at most" if ratio["op"] == "<=" else "of at least"
        text = (f"{number(ratio['median'])} {sign} {number(ratio['bound'])}"
                + (": met" if ratio["met"] else ": not met"))
        plot.bar(axis, label, same, text, "brood" if ratio["met"] else "bad", axis.at(1))
        words.append(f"{label}: {text}.")
    plot.line_at(axis.at(1), top)
    return plot.svg("How much of its bar each row uses",
                    "A bar that ends left of the line is met. Logarithmic.", " ".join(words))


def all_plots(results):
    plots = {group: group_plot(results, group) for group in GROUPS
             if any(row.group == group and results["rows"].get(row.name, {}).get("sides")
                    for row in ROWS)}
    plots["bars"] = bars_plot(results)
    return plots
