"""Medians and spread, the tables, and the comparison of two runs."""
import statistics

from machine import differences
from rows import GROUPS, ROWS, kind_of


BUSY = 0.5  # load of a machine above which figures are off


def spread(values):
    values = sorted(v for v in values if v is not None)
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (
        values * 3)
    return {"median": statistics.median(values), "min": values[0], "max": values[-1],
            "q1": low, "q3": high}


def ratios_of(row, sides):
    """Each ratio of figures of the same round: what slows a round down slows down both."""
    for bar in row.bars:
        ours = sides.get(bar.numerator, {}).get("values", [])
        theirs = sides.get(bar.denominator, {}).get("values", []) if bar.denominator else ours
        values = [bar.value(a, b) for a, b in zip(ours, theirs) if a is not None and b]
        ratio = {"of": bar.text, "op": bar.op, "bound": bar.bound}
        if values:
            ratio.update(values=values, **spread(values))
            if bar.op:
                ratio["met"] = bar.met(ratio["median"])
                ratio["distance"] = bar.distance(ratio["median"])
        yield ratio


def summarize(rows):
    for row in ROWS:
        entry = rows.get(row.name)
        if entry is None:
            continue
        for side in entry["sides"].values():
            side.update(spread(side["values"]))
        entry["ratios"] = list(ratios_of(row, entry["sides"]))


def number(value):
    """Three digits that count, and thousands apart."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def figure(value, unit):
    if unit == "us" and value >= 10_000:
        value, unit = value / 1000, "ms"
    elif unit == "us" and value < 1:
        value, unit = value * 1000, "ns"
    elif unit == "ns" and value >= 10_000:
        value, unit = value / 1000, "us"
    return f"{number(value)} {'µs' if unit == 'us' else unit}"


def ranged(entry, unit=""):
    show = (lambda v: figure(v, unit)) if unit else number
    text = show(entry["median"])
    if entry["min"] == entry["max"]:
        return text
    return f"{text} ({show(entry['q1'])} – {show(entry['q3'])})"


def cell(text):
    """Text for Markdown, in which <char> would be a tag."""
    return text.replace("<", "&lt;").replace("|", "\\|")


def bar_row(row, entry, ratio):
    bound = {"<=": "≤ ", ">=": "≥ "}.get(ratio["op"], "") + (
        number(ratio["bound"]) if ratio["op"] else "")
    if "median" not in ratio:
        reason = "; ".join(entry["notes"]) or "a side is missing"
        return f"| {cell(row.title)} | {ratio['of']} | left out: {cell(reason)} | {bound} | |"
    met = {True: "yes", False: "**no**"}.get(ratio.get("met"), "")
    unit = "" if " / " in ratio["of"] else f" {entry['unit']}"
    return f"| {cell(row.title)} | {ratio['of']} | {ranged(ratio)}{unit} | {bound}{unit if bound else ''} | {met} |"


def bars_table(results):
    lines = ["| what | compared | median (quartiles) | bar | met |", "|---|---|---|---|---|"]
    for row in ROWS:
        entry = results["rows"].get(row.name)
        for ratio in entry["ratios"] if entry else ():
            lines.append(bar_row(row, entry, ratio))
    return "\n".join(lines)


def unmet_list(results):
    lines = []
    for row in ROWS:
        for ratio in results["rows"].get(row.name, {}).get("ratios", ()):
            if ratio.get("met") is False:
                limit = "at most" if ratio["op"] == "<=" else "at least"
                lines.append(f"- {cell(row.title)}: {ratio['of']} is {number(ratio['median'])}, to be "
                             f"{limit} {number(ratio['bound'])}.")
    return "\n".join(lines) or "Every bar that was measured is met."


def figures_table(results):
    lines = []
    for group, title in GROUPS.items():
        rows = [row for row in ROWS if row.group == group and row.name in results["rows"]]
        if not rows:
            continue
        lines += [f"**{title}**", "", "| what | side | median (quartiles) |", "|---|---|---|"]
        for row in rows:
            entry = results["rows"][row.name]
            for side, values in entry["sides"].items():
                name = f"**{side}**" if kind_of(side) == "brood" else side
                lines.append(f"| {cell(row.title)} | {name} | {ranged(values, entry['unit'])} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def machine_text(results):
    m, b = results["machine"], results["build"]
    scale = "full size" if results["scale"] == 1 else f"1/{results['scale']:g} of the size"
    lines = [
        f"- Processor: {m['cpu']} ({m['architecture']}), {m['cpus']} of its CPUs; memory: {m['memory_gib']:.0f} GiB; Linux {m['kernel']}",
        f"- Build: {b['build_type'] or 'no build type'}, {b['compiler']}; revision {b['revision'] or 'unknown'}"
        + (" with changes" if b["changed"] else ""),
        f"- Run: {results['when']}, {results['rounds']} rounds at {scale}; load of the machine before it: {results['load']:.2f}",
    ]
    lines += [f"- Left out: {note}" for note in results["notes"]]
    if results["scale"] != 1 or results["load"] > BUSY:
        lines.append("- **These figures are rough**: small sizes, or other work on the machine. "
                     "They show what a run looks like, and not what Brood costs.")
    return "\n".join(lines)


def comparison(old, new):
    """A table of two runs. Raises ValueError where they cannot be compared."""
    other = differences(old, new)
    if other:
        raise ValueError("the runs are of different machines: they differ in " + ", ".join(other))
    if old["scale"] != new["scale"]:
        raise ValueError("the runs are of different sizes: their --scale differs")
    lines = ["| what | side | old | new | change |", "|---|---|---|---|---|"]
    for row in ROWS:
        before, after = old["rows"].get(row.name), new["rows"].get(row.name)
        if not before or not after:
            continue
        for side in (side for side in before["sides"] if side in after["sides"]):
            a, b = before["sides"][side], after["sides"][side]
            apart = a["max"] < b["min"] or b["max"] < a["min"]
            change = f"{(b['median'] / a['median'] - 1) * 100:+.0f} %" if a["median"] else ""
            lines.append(f"| {cell(row.title)} | {side} | {ranged(a, before['unit'])} | "
                         f"{ranged(b, before['unit'])} | {change}{'' if apart else ' (within the spread)'} |")
    return "\n".join(lines)
