"""Plots as SVG, readable on light and dark pages."""
import math
from xml.sax.saxutils import escape

from rows import GROUPS, ROWS, kind_of
from summary import figure, number

WIDTH, LABELS, VALUES = 800, 190, 110
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

    def __init__(self, values):
        values = [v for v in values if v > 0] or [1]
        self.low = math.log10(min(values)) - 0.3
        self.high = max(math.log10(max(values)), self.low + 0.5)

    def at(self, value):
        if value <= 0:
            return LABELS
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return LABELS + max(share, 0) * (WIDTH - LABELS - VALUES)


class Plot:
    def __init__(self):
        self.parts, self.y = [], 30

    def text(self, x, text, css="", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{self.y:.1f}" class="{css}" '
                          f'text-anchor="{anchor}">{escape(text)}</text>')

    def head(self, text):
        self.y += 14
        self.text(0, text, "head")
        self.y += 8

    def bar(self, axis, label, entry, value_text, css):
        end = axis.at(entry["median"])
        self.parts.append(f'<rect x="{LABELS}" y="{self.y:.1f}" width="{max(end - LABELS, 1):.1f}" '
                          f'height="{BAR}" class="{css}"/>')
        middle, right = self.y + BAR / 2, max(end, axis.at(entry["max"]))
        self.parts.append(f'<line x1="{axis.at(entry["min"]):.1f}" x2="{axis.at(entry["max"]):.1f}" '
                          f'y1="{middle:.1f}" y2="{middle:.1f}" class="whisker"/>')
        self.y += BAR - 3
        self.text(LABELS - 8, label, anchor="end")
        self.text(right + 6, value_text)
        self.y += 3 + GAP

    def line_at(self, x, top):
        self.parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{self.y:.1f}" class="line"/>')

    def svg(self, title, description):
        height = self.y + 10
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
                f'width="{WIDTH}" height="{height:.0f}" role="img" aria-labelledby="title desc">\n'
                f'<title id="title">{escape(title)}</title>\n'
                f'<desc id="desc">{escape(description)}</desc>\n<style>{STYLE}</style>\n'
                f'<text x="0" y="16" class="head">{escape(title)}</text>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def group_plot(results, group):
    rows = [(row, results["rows"][row.name]) for row in ROWS
            if row.group == group and results["rows"].get(row.name, {}).get("sides")]
    plot, words = Plot(), []
    for row, entry in rows:
        axis = Axis([v[k] for v in entry["sides"].values() for k in ("min", "max")])
        plot.head(row.title)
        sides = entry["sides"].items()
        for side, values in sides:
            plot.bar(axis, side, values, figure(values["median"], entry["unit"]), kind_of(side))
        words.append(f"{row.title}: " + ", ".join(
            f"{side} {figure(values['median'], entry['unit'])}" for side, values in sides) + ".")
    better = "Longer bars are better." if group == "large" else "Shorter bars are better."
    note = " Logarithmic, each block by itself; the lines span all rounds."
    return plot.svg(GROUPS[group] + ". " + better + note, " ".join(words))


def bars_plot(results):
    """How much of its bar each row uses."""
    found = [(f"{row.title}: {ratio['of']}", ratio) for row in ROWS
             for ratio in results["rows"].get(row.name, {}).get("ratios", ()) if "distance" in ratio]
    plot, words = Plot(), []
    axis = Axis([ratio["distance"] for _, ratio in found] + [0.1, 2])
    top = plot.y
    for label, ratio in found:
        plot.y += 10
        plot.text(0, label)
        plot.y += 5
        same = {key: ratio["distance"] for key in ("median", "min", "max")}
        sign = "≤" if ratio["op"] == "<=" else "≥"
        text = f"{number(ratio['median'])}, bar {sign} {number(ratio['bound'])}"
        plot.bar(axis, "", same, text, "brood" if ratio["met"] else "bad")
        words.append(f"{label} {text}, {'met' if ratio['met'] else 'not met'}.")
    plot.line_at(axis.at(1), top)
    return plot.svg("How much of its bar each row uses. Left of the line: met. Logarithmic.",
                    " ".join(words))


def all_plots(results):
    plots = {group: group_plot(results, group) for group in GROUPS
             if any(row.group == group and results["rows"].get(row.name, {}).get("sides")
                    for row in ROWS)}
    plots["bars"] = bars_plot(results)
    return plots
