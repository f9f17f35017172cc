"""Runs the rounds: of each row Brood, its limits and its peers, one after the other."""
import json
import os
import signal
import subprocess
import sys
import time

from peers import environment

TIMEOUT_S = 120


def ended(command):
    """Runs a command and ends all that it has left: (stdout, stderr, exit status or None)."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment(), start_new_session=True)
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return out, err, None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # as it should be
    return out, err, status


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


def why(err, status):
    return f"not done after {TIMEOUT_S} s" if status is None else f"failed: {last_line(err)}"


def run_program(program, row, scale, round_number, results):
    out, err, status = ended((program, "run", row, "--scale", f"{scale:g}"))
    for line in json_lines(out):
        if "note" in line:
            results.note(row, line["note"])
        else:
            results.add(row, line["side"], line["unit"], line["value"], round_number)
    if status != 0:
        results.note(row, why(err, status))


def run_peer(peer, row, scale, round_number, results):
    """A peer that has told its figure may then hang: some do at their end."""
    out, err, status = ended((*peer.command, row, f"{scale:g}"))
    for line in json_lines(out)[:1]:
        return results.add(row, peer.side, line["unit"], line["value"], round_number)
    results.note(row, f"{peer.side}: {why(err, status)}")


def peers_of(row, peers, number):
    """Peers without a bar are there to be seen beside the others: every second round will do."""
    bars = {bar.numerator for bar in row.bars}
    return [peer for peer in peers
            if row.name in peer.rows and (number % 2 == 0 or peer.side in bars)]


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
            for peer in peers_of(row, peers, number):
                run_peer(peer, row.name, scale, number, results)
    return results.rows
