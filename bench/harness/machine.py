"""What a run depends on: the machine and the build."""
import json
import os
import platform
import subprocess
from pathlib import Path


def first_value(path, key):
    """Of a file of lines "key : value", the first value."""
    try:
        for line in Path(path).read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    except OSError:
        pass
    return ""


def machine():
    memory_kib = int((first_value("/proc/meminfo", "MemTotal") or "0").split()[0])
    return {
        "cpu": first_value("/proc/cpuinfo", "model name") or platform.machine(),
        "architecture": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_kib / 2**20, 1),
        "kernel": platform.release(),
    }


def git(root, *arguments):
    done = subprocess.run(("git", "-C", str(root), *arguments), capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def build(program, root):
    about = json.loads(subprocess.run((program, "about"), capture_output=True, text=True,
                                      check=True).stdout)
    about["revision"] = git(root, "rev-parse", "--short=12", "HEAD")
    about["changed"] = bool(git(root, "status", "--porcelain", "--untracked-files=no"))
    return about


def differences(old, new):
    """Names of what makes the machines of two runs two machines."""
    keys = sorted(old["machine"].keys() | new["machine"].keys())
    return [k for k in keys if old["machine"].get(k) != new["machine"].get(k)]
