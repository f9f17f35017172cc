"""The rows: what each is called, what it is compared with, and the bar."""
from dataclasses import dataclass

POOL = "multiprocessing.Pool"


@dataclass(frozen=True)
class Bar:
    """numerator / denominator, or their difference, or the numerator alone, against a bound."""

    numerator: str
    denominator: str  # "" for the numerator alone
    op: str  # "<=" or ">=", or "" where there is no bar
    bound: float = 0
    minus: bool = False

    def value(self, numerator, denominator):
        if not self.denominator:
            return numerator
        return numerator - denominator if self.minus else numerator / denominator

    def met(self, value):
        return value <= self.bound if self.op == "<=" else value >= self.bound

    def distance(self, value):
        """How much of the bar is used: at most 1 where it is met."""
        return value / self.bound if self.op == "<=" else self.bound / value

    @property
    def text(self):
        if not self.denominator:
            return self.numerator
        return f"{self.numerator} {'−' if self.minus else '/'} {self.denominator}"


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    group: str
    bars: tuple = ()
    rounds: int = 0  # at most; 0: as many as asked for


def at_most(bound, denominator="", minus=False):
    return Bar("brood", denominator, "<=", bound, minus)


def at_least(bound, denominator):
    return Bar("brood", denominator, ">=", bound)


def faster(bound, peer):
    """How many times as long the peer takes."""
    return Bar(peer, "brood", ">=", bound)


def beside(denominator):
    return Bar("brood", denominator, "")


def large_rows():
    kinds = (
        ("argument_vector", "argument, std::vector<char>", at_least(1.5, "pipe")),
        ("argument_string", "argument, std::string", at_least(1.5, "pipe")),
        ("result_vector", "result, std::vector<char>", at_least(1.5, "pipe")),
        ("result_string", "result, std::string", at_least(1.5, "pipe")),
        ("argument_span", "argument taken as std::span", at_least(0.5, "memcpy")),
        ("argument_view", "argument taken as std::string_view", at_least(0.5, "memcpy")),
    )
    for end, size, rounds in (("64_mib", "64 MiB", 0), ("1_gib", "1 GiB", 2)):
        for name, title, bar in kinds:
            yield Row(f"{name}_{end}", f"{size} {title}", "large", (bar,), rounds)


ROWS = [
    Row("apply_one_cpu", "blocking apply, both on one core", "calls", (at_most(1.25, "pipe"),)),
    Row("apply_two_cpus", "blocking apply, two free cores", "calls", (at_most(0.5, "pipe"),)),
    Row("apply_async", "200,000 apply_async", "calls", (faster(100, POOL), faster(0.75, "oneTBB"))),
    Row("map_ints", "map, 1 M ints, default chunks", "maps", (faster(40, POOL),)),
    Row("map_chunk_1", "map, 100,000 ints, chunks of one", "maps", (faster(80, POOL),)),
    Row("map_sqrt", "map, sqrt of 10 M doubles", "maps", (at_most(0.8, "pipe"),)),
    Row("map_into", "map_into, sqrt of 10 M doubles", "maps", (at_most(5, "oneTBB"),)),
    Row("array_in_place", "sqrt over an Array, in place", "maps", (at_most(1.3, "oneTBB"),)),
    *large_rows(),
    Row("start_fork", "start to first result, fork", "starts", (at_most(2.0, "fork"),)),
    Row("start_spawn", "start to first result, spawn", "starts", (at_most(1.2, "posix_spawn"),)),
    Row("start_forkserver", "start to first result, forkserver", "starts",
        (at_most(0.5, "posix_spawn"),)),
    Row("start_spawn_8_gib", "the same, spawn, parent of 8 GiB", "starts",
        (at_most(1.2, "brood, 0 GiB"),), 2),
    Row("start_forkserver_8_gib", "the same, forkserver, parent of 8 GiB", "starts",
        (at_most(1.2, "brood, 0 GiB"),), 2),
    Row("start_1000", "start of 1,000 workers", "schedule", (at_most(2, "fork"),), 3),
    Row("long_element", "one long element among 2,000", "schedule", (at_most(1.05, "ideal"),), 3),
    Row("sleeping_tasks", "200 workers, 2,000 sleeping tasks", "schedule",
        (at_most(1.05, "ideal"),), 3),
    Row("priority", "a call of higher priority, 10,000 waiting", "schedule",
        (at_most(3, "brood, idle"),)),
    Row("idle_workers", "a call beside 1,000 workers", "workers",
        (at_most(1.5, "brood, 1 worker"),), 3),
    Row("busy_workers", "1,000 workers, 10,000 sleeping tasks", "workers", (beside("ideal"),), 3),
    Row("dispatcher", "the dispatcher's CPU time, each element", "workers",
        (beside("brood, one by one"),), 3),
    Row("memory_worker", "own memory of a worker", "memory", (at_most(1024, "fork", minus=True),)),
    Row("memory_waiting_call", "owner's memory per waiting call", "memory", (at_most(300),)),
    Row("memory_imap", "growth over an imap of 10 M elements", "memory", (at_most(1024),), 1),
    Row("queue_put_get", "Queue, put and get in one process", "sharing",
        (beside("Boost.Interprocess"),)),
    Row("queue_stream", "Queue, from one process to another", "sharing",
        (beside("Boost.Interprocess"), Bar("multiprocessing.Queue", "brood", ""))),
    Row("queue_round_trip", "Queue, there and back, one core", "sharing",
        (beside("Boost.Interprocess"),)),
    Row("connection_round_trip", "Connection, there and back, one core", "sharing",
        (beside("pipe"),)),
    Row("lock", "Lock, acquire and release", "sharing", (beside("Boost.Interprocess"),)),
    Row("value_update", "Value, update", "sharing", (beside("Boost.Interprocess"),)),
    Row("array_sum", "sum over an Array, each element", "sharing", (beside("std::vector"),)),
]

GROUPS = {
    "calls": "Calls: time for each call",
    "maps": "Maps: time for each element",
    "large": "Large arguments and results: bandwidth",
    "starts": "From nothing to the first result of a pool of one",
    "schedule": "Which worker gets which element, and when",
    "workers": "Many workers",
    "memory": "Memory",
    "sharing": "Shared objects: time for each operation",
}

LIMITS = {"pipe", "memcpy", "fork", "posix_spawn", "ideal", "std::vector"}


def kind_of(side):
    if side.startswith("brood"):
        return "brood"
    return "limit" if side in LIMITS else "peer"
