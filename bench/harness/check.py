"""What must hold for every run, whatever its figures."""
import copy
import json
import math
import subprocess
import xml.etree.ElementTree as ElementTree

from rows import ROWS
from summary import cell, comparison

SVG = "{http://www.w3.org/2000/svg}"


def row_errors(results):
    for name, entry in results["rows"].items():
        if "brood" not in entry["sides"] and not entry["notes"]:
            yield f"{name}: no figure, and no note that says why"
        for note in entry["notes"]:
            if note.startswith(("failed", "not done")):
                yield f"{name}: {note}"
        for side, values in entry["sides"].items():
            if not math.isfinite(values["median"]) or values["median"] < 0:
                yield f"{name}: {side} is {values['median']}"


def table_errors(results, table):
    for row in ROWS:
        if row.name in results["rows"] and cell(row.title) not in table:
            yield f"the table lacks {row.name}"
    for line in table.splitlines():
        if line.startswith("|") and not line.endswith("|"):
            yield f"a line of the table does not end: {line}"


def plot_errors(directory):
    for path in sorted(directory.glob("*.svg")):
        root = ElementTree.parse(path).getroot()
        if root.tag != SVG + "svg" or root.find(SVG + "title") is None or (
                not (root.findtext(SVG + "desc") or "").strip()):
            yield f"{path.name}: no SVG with a title and a description"


def comparison_errors(results):
    comparison(results, results)
    other = copy.deepcopy(results)
    other["machine"]["cpu"] += " of another kind"
    try:
        comparison(results, other)
    except ValueError:
        return
    yield "runs of different machines were compared"


def errors(program, directory):
    results = json.loads((directory / "results.json").read_text())
    listed = subprocess.run((program, "list"), capture_output=True, text=True, check=True).stdout
    if sorted(listed.split()) != sorted(row.name for row in ROWS):
        yield "brood_bench and rows.py do not name the same rows"
    yield from row_errors(results)
    yield from table_errors(results, (directory / "table.md").read_text())
    yield from plot_errors(directory)
    yield from comparison_errors(results)
