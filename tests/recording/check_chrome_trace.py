#!/usr/bin/env python3
"""check_chrome_trace.py FILE: checks a trace against the fields that the document "Trace Event
Format" gives each kind of event, and that slices of a thread lie in each other or apart."""
import json
import sys

NUMBER = (int, float)


def fail(event, reason):
    sys.exit(f"{reason}: {json.dumps(event)}")


def check_common(event):
    for field, kinds in (("name", str), ("ph", str), ("ts", NUMBER), ("pid", int), ("tid", int)):
        if not isinstance(event.get(field), kinds) or isinstance(event.get(field), bool):
            fail(event, f"{field} is missing, or of another type")
    if not isinstance(event.get("cat", ""), str):
        fail(event, "cat is no text")
    if not isinstance(event.get("args", {}), dict):
        fail(event, "args is no object")
    if event["ts"] < 0:
        fail(event, "ts is before the beginning")
    known = {"name", "cat", "ph", "ts", "pid", "tid", "args", "dur", "s"}
    if set(event) - known:
        fail(event, "unknown fields")


def check_complete(event):
    if not isinstance(event.get("dur"), NUMBER) or event["dur"] < 0:
        fail(event, "dur is missing, or negative")


def check_instant(event):
    if event.get("s") not in ("g", "p", "t"):
        fail(event, "no scope")


def check_counter(event):
    values = event.get("args", {}).values()
    if not values or not all(isinstance(value, NUMBER) and value >= 0 for value in values):
        fail(event, "a counter without numbers")


def check_metadata(event):
    wanted = {"process_name": "name", "thread_name": "name", "thread_sort_index": "sort_index"}
    if wanted.get(event["name"]) not in event.get("args", {}):
        fail(event, "metadata of no known kind")


def check_element(event):
    """What this library says of an element."""
    arguments = event["args"]
    if arguments["attempt"] < 1 or arguments["index"] < 0:
        fail(event, "a strange number")
    if not arguments["queued"] <= arguments["sent"] <= arguments["arrived"]:
        fail(event, "times go back")
    if event["ph"] == "X" and not (
        arguments["sent"] <= event["ts"] and event["ts"] + event["dur"] <= arguments["arrived"] + 0.001
    ):
        fail(event, "it ran before it was sent, or behind its arrival")
    if (arguments["outcome"] == "value") == ("failed" in event["cat"]):
        fail(event, "its category is not that of its outcome")


def check_nesting(slices):
    slices.sort(key=lambda event: (event["ts"], -event["dur"]))
    open_ends = []
    for event in slices:
        while open_ends and open_ends[-1] <= event["ts"] + 0.001:
            open_ends.pop()
        end = event["ts"] + event["dur"]
        if open_ends and end > open_ends[-1] + 0.002:
            fail(event, "it overlaps the slice that it begins in")
        open_ends.append(end)


CHECKS = {"X": check_complete, "i": check_instant, "C": check_counter, "M": check_metadata}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        trace = json.load(file)
    slices = {}
    for event in trace["traceEvents"]:
        check_common(event)
        if event["ph"] not in CHECKS:
            fail(event, "an event of no known phase")
        CHECKS[event["ph"]](event)
        if event.get("cat", "").startswith("element"):
            check_element(event)
        if event["ph"] == "X":
            slices.setdefault((event["pid"], event["tid"]), []).append(event)
    for one in slices.values():
        check_nesting(one)
    print(f"{len(trace['traceEvents'])} events")


main()
