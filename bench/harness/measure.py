"""Runs the rounds: of each row Brood, its limits and its peers, one after the other."""
import json
import subprocess
import sys
import time

from peers import environment

TIMEOUT_S = 300


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def last_line(text):
    return (text.strip().splitlines() or ["no output"])[-1]


class Results:
    """rows[name]["sides"][side]["values"]: one figure for each round, None where it is missing."""

    def __init__(self, rows):
        self.rows = {row.name: {"unit": "", "sides": {}, "notes": []} for row in rows}

    def add(self, row, side, unit, value, round_number):
        entry = self.rows[row]
        entry["unit"] = unit
        values = entry["sides"].setdefault(side, {"values": []})["values"]
        values.extend([None] * (round_number - len(values)))
        values.append(value)

    def note(self, row, text):
        if text not in self.rows[row]["notes"]:
            self.rows[row]["notes"].append(text)


def run_program(program, row, scale, round_number, results):
    command = (program, "run", row, "--scale", f"{scale:g}")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return results.note(row, f"not done after {TIMEOUT_S} s")
    for line in json_lines(done.stdout):
        if "note" in line:
            results.note(row, line["note"])
        else:
            results.add(row, line["side"], line["unit"], line["value"], round_number)
    if done.returncode != 0:
        results.note(row, f"failed: {last_line(done.stderr)}")


def run_peer(peer, row, scale, round_number, results):
    command = (*peer.command, row, f"{scale:g}")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S,
                              env=environment())
    except subprocess.TimeoutExpired:
        return results.note(row, f"{peer.side} was not done after {TIMEOUT_S} s")
    figures = json_lines(done.stdout)
    if done.returncode != 0 or not figures:
        return results.note(row, f"{peer.side} failed: {last_line(done.stderr)}")
    results.add(row, peer.side, figures[0]["unit"], figures[0]["value"], round_number)


def run_rounds(program, rows, peers, scale, rounds):
    results = Results(rows)
    begin = time.monotonic()
    for number in range(rounds):
        for row in rows:
            if row.rounds and number >= row.rounds:
                continue
            passed = time.monotonic() - begin
            print(f"[{passed:4.0f} s] round {number + 1} of {rounds}: {row.name}", file=sys.stderr)
            run_program(program, row.name, scale, number, results)
            for peer in peers:
                if row.name in peer.rows:
                    run_peer(peer, row.name, scale, number, results)
    return results.rows
