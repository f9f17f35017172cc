"""Measures all rows, or compares two runs. scripts/bench says how it is called."""
import argparse
import datetime
import json
import os
import re
import sys
from pathlib import Path

import check
import machine
import plots
import summary
from measure import run_rounds
from peers import find_peers
from rows import ROWS

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures Brood beside others")
    parser.add_argument("--quick", action="store_true", help="--scale 20 --rounds 3")
    parser.add_argument("--scale", type=float, help="divide all sizes by this number")
    parser.add_argument("--rounds", type=int, help="rounds of all rows (5)")
    parser.add_argument("--only", metavar="PATTERN", help="only rows whose names match")
    parser.add_argument("--no-peers", action="store_true", help="measure no other programs")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench", metavar="FOLDER",
                        help="where results.json, table.md and plots go (build/bench)")
    parser.add_argument("--write-docs", action="store_true",
                        help="put table and plots of this run into docs/performance.md")
    parser.add_argument("--from-output", action="store_true", help="measure nothing: take the results.json that is there")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("OLD.json", "NEW.json"))
    parser.add_argument("--program", help="the brood_bench to run")
    parser.add_argument("--check", action="store_true", help="fail where a row has no figure")
    given = parser.parse_args()
    given.scale = given.scale or (20 if given.quick else 1)
    given.rounds = given.rounds or (3 if given.quick else 5)
    return given


def compare(old, new):
    try:
        print(summary.comparison(json.loads(old.read_text()), json.loads(new.read_text())))
    except ValueError as error:
        sys.exit(f"scripts/bench: {error}")


def measure(given):
    rows = [row for row in ROWS if re.search(given.only or "", row.name)]
    if not rows:
        sys.exit(f"scripts/bench: no row matches {given.only}")
    load = os.getloadavg()[0]
    if load > summary.BUSY:
        print(f"scripts/bench: the machine is busy (load {load:.1f}): figures will be off", file=sys.stderr)
    peers, notes = ([], ["all other programs, as asked for"]) if given.no_peers else find_peers()
    build = machine.build(given.program, ROOT)
    if not build["oneTBB"]:
        notes.append("oneTBB was not there when the program was built (Debian: libtbb-dev)")
    results = {
        "format": 1,
        "when": datetime.date.today().isoformat(),
        "machine": machine.machine(),
        "build": build,
        "load": load,
        "scale": given.scale,
        "rounds": given.rounds,
        "notes": notes,
        "rows": run_rounds(given.program, rows, peers, given.scale, given.rounds),
    }
    summary.summarize(results["rows"])
    return results


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    table = "\n\n".join((summary.machine_text(results), summary.bars_table(results),
                         summary.figures_table(results)))
    (folder / "table.md").write_text(table + "\n")
    for name, svg in plots.all_plots(results).items():
        (folder / f"{name}.svg").write_text(svg)
    return table


def between(text, mark, content):
    """`text` with `content` between the lines <!-- mark --> and <!-- /mark -->."""
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(\n?<!-- /{mark} -->)", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"scripts/bench: {DOCUMENT.name} lacks the marks of {mark}")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2].lstrip()}", text, count=1)


def write_docs(results):
    text = DOCUMENT.read_text()
    text = between(text, "machine", summary.machine_text(results))
    text = between(text, "bars", summary.bars_table(results))
    text = between(text, "unmet", summary.unmet_list(results))
    text = between(text, "figures", summary.figures_table(results))
    DOCUMENT.write_text(text)
    folder = DOCUMENT.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, svg in plots.all_plots(results).items():
        (folder / f"{name}.svg").write_text(svg)


def main():
    given = arguments()
    if given.compare:
        return compare(*given.compare)
    if given.from_output:
        results = json.loads((given.output / "results.json").read_text())
    else:
        results = measure(given)
    print(write(results, given.output))
    if given.write_docs:
        write_docs(results)
    if given.check:
        found = list(check.errors(given.program, given.output))
        for error in found:
            print(f"scripts/bench: {error}", file=sys.stderr)
        if found:
            sys.exit(1)


if __name__ == "__main__":
    main()
