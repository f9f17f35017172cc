"""Other programs that do the same: where each is found, and which rows it has."""
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "peers"
# Debian's packages are for Debian's Python, whichever is first in PATH.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
ENVIRONMENT = {
    "NODE_PATH": "/usr/share/nodejs:/usr/lib/nodejs",
    # mpiexec refuses both unless asked.
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}

CALLS = ("apply_two_cpus", "apply_async")
MAPS = ("map_ints", "map_chunk_1")
LARGE = ("argument_vector_64_mib", "result_vector_64_mib")


@dataclass(frozen=True)
class Peer:
    side: str
    package: str
    command: tuple  # ROW and SCALE follow
    probe: tuple  # succeeds where the peer is installed
    rows: tuple


def python(side, package, kind, module, rows):
    return Peer(side, package, (PYTHON, str(HERE / "python_peer.py"), kind),
                (PYTHON, "-c", f"import {module}"), rows)


PEERS = [
    python("multiprocessing.Pool", "python3", "multiprocessing", "multiprocessing",
           (*CALLS, *MAPS, *LARGE, "start_fork")),
    python("multiprocessing.Queue", "python3", "multiprocessing", "multiprocessing",
           ("queue_stream",)),
    python("ProcessPoolExecutor", "python3", "executor", "concurrent.futures",
           (*CALLS, *MAPS, *LARGE, "start_fork")),
    python("loky", "python3-joblib", "loky", "joblib.externals.loky", (*CALLS, *MAPS)),
    python("joblib", "python3-joblib", "joblib", "joblib", ("map_ints",)),
    python("pebble", "python3-pebble", "pebble", "pebble", (*CALLS, *MAPS, "start_fork")),
    python("billiard", "python3-billiard", "billiard", "billiard", (*CALLS, *MAPS, "start_fork")),
    Peer("mpi4py.futures", "python3-mpi4py",
         ("mpiexec", "--oversubscribe", "-n", "3", PYTHON, "-m", "mpi4py.futures",
          str(HERE / "python_peer.py"), "mpi4py"),
         ("mpiexec", "-n", "1", PYTHON, "-c", "import mpi4py.futures"), (*CALLS, *MAPS)),
    Peer("Perl MCE", "libmce-perl", ("perl", str(HERE / "mce_peer.pl")),
         ("perl", "-e", "use MCE::Map;"), MAPS),
    Peer("Ruby parallel", "ruby-parallel", ("ruby", str(HERE / "parallel_peer.rb")),
         ("ruby", "-e", "require 'parallel'"), ("map_chunk_1",)),
    Peer("node workerpool", "node-workerpool", ("node", str(HERE / "workerpool_peer.js")),
         ("node", "-e", "require('workerpool')"), CALLS),
    Peer("GNU parallel", "parallel", ("sh", str(HERE / "parallel_peer.sh")),
         ("sh", "-c", "parallel --version | grep -q GNU"), ("start_spawn",)),
]


def environment():
    return {**os.environ, **ENVIRONMENT}


def installed(peer):
    try:
        return subprocess.run(peer.probe, env=environment(), capture_output=True,
                              timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_peers():
    """The peers that there are, and a note for each that is missing."""
    found, notes = [], []
    for peer in PEERS:
        if installed(peer):
            found.append(peer)
        else:
            notes.append(f"{peer.side} is not installed (Debian: {peer.package})")
    return found, notes
