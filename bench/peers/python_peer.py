"""One round of a row with a Python pool: python_peer.py KIND ROW SCALE prints one JSON line.

KIND is a name of KINDS, ROW one of ROWS. Sizes are those of brood_bench's rows where a round
takes less than a few seconds with that, else a part of it: all figures are for one call or element.
"""
import json
import operator
import os
import sys
import threading
import time

WORKERS = 2


def make_bytes(size):
    return b"x" * size


class PoolKind:
    """multiprocessing.Pool and what has its interface."""

    def __init__(self, module):
        self.module = module

    def open(self, workers=WORKERS):
        return self.module.Pool(workers)

    def apply(self, pool, function, value):
        return pool.apply(function, (value,))

    def apply_all(self, pool, count):
        for result in [pool.apply_async(operator.neg, (i,)) for i in range(count)]:
            result.get()

    def map(self, pool, count):
        pool.map(operator.neg, range(count))

    def map_one_by_one(self, pool, count):
        pool.map(operator.neg, range(count), chunksize=1)

    def close(self, pool):
        pool.terminate()
        pool.join()


class ExecutorKind:
    """concurrent.futures' ProcessPoolExecutor and what has its interface.

    Its map has no default but chunks of one, so a program that cares gives a size: 1000 here.
    """

    def __init__(self, make):
        self.make = make

    def open(self, workers=WORKERS):
        return self.make(workers)

    def apply(self, executor, function, value):
        return executor.submit(function, value).result()

    def apply_all(self, executor, count):
        for future in [executor.submit(operator.neg, i) for i in range(count)]:
            future.result()

    def map(self, executor, count):
        for _ in executor.map(operator.neg, range(count), chunksize=1000):
            pass

    def map_one_by_one(self, executor, count):
        for _ in executor.map(operator.neg, range(count), chunksize=1):
            pass

    def close(self, executor):
        executor.shutdown()


class PebbleKind(ExecutorKind):
    def __init__(self):
        import pebble
        super().__init__(lambda workers: pebble.ProcessPool(max_workers=workers))

    def apply(self, pool, function, value):
        return pool.schedule(function, args=(value,)).result()

    def apply_all(self, pool, count):
        for future in [pool.schedule(operator.neg, args=(i,)) for i in range(count)]:
            future.result()

    def map(self, pool, count, chunk=1000):
        for _ in pool.map(operator.neg, range(count), chunksize=chunk).result():
            pass

    def map_one_by_one(self, pool, count):
        self.map(pool, count, 1)

    def close(self, pool):
        pool.stop()
        pool.join()


class JoblibKind:
    """joblib.Parallel with its own choice of batches; it has no single call."""

    def open(self, workers=WORKERS):
        import joblib
        self.delayed = joblib.delayed
        parallel = joblib.Parallel(n_jobs=workers)
        parallel.__enter__()
        return parallel

    def map(self, parallel, count):
        parallel(self.delayed(operator.neg)(i) for i in range(count))

    def apply(self, parallel, function, value):
        return parallel([self.delayed(function)(value)])[0]

    def close(self, parallel):
        parallel.__exit__(None, None, None)


def multiprocessing_kind():
    import multiprocessing
    return PoolKind(multiprocessing)


def billiard_kind():
    import billiard
    return PoolKind(billiard)


def executor_kind():
    from concurrent.futures import ProcessPoolExecutor
    return ExecutorKind(ProcessPoolExecutor)


def loky_kind():
    from joblib.externals.loky import ProcessPoolExecutor
    return ExecutorKind(ProcessPoolExecutor)


def mpi_kind():
    from mpi4py.futures import MPIPoolExecutor
    return ExecutorKind(lambda workers: MPIPoolExecutor())


KINDS = {
    "multiprocessing": multiprocessing_kind,
    "billiard": billiard_kind,
    "executor": executor_kind,
    "loky": loky_kind,
    "joblib": JoblibKind,
    "pebble": PebbleKind,
    "mpi4py": mpi_kind,
}


def timed(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def scaled(full, scale, least=1):
    return max(int(full / scale), least)


def row_apply_two_cpus(kind, pool, scale):
    count = scaled(2000, scale, 100)

    def calls():
        for i in range(count):
            kind.apply(pool, operator.neg, i)

    return "us", timed(calls) / count * 1e6


def row_apply_async(kind, pool, scale):
    count = scaled(20_000, scale, 500)
    return "us", timed(lambda: kind.apply_all(pool, count)) / count * 1e6


def row_map_ints(kind, pool, scale):
    count = scaled(1_000_000 if isinstance(kind, PoolKind) else 100_000, scale, 1000)
    return "ns", timed(lambda: kind.map(pool, count)) / count * 1e9


def row_map_chunk_1(kind, pool, scale):
    count = scaled(10_000, scale, 500)
    return "ns", timed(lambda: kind.map_one_by_one(pool, count)) / count * 1e9


def row_argument(kind, pool, scale):
    value = b"x" * scaled(64 << 20, scale)
    kind.apply(pool, len, value)
    return "GiB/s", len(value) / timed(lambda: kind.apply(pool, len, value)) / 2**30


def row_result(kind, pool, scale):
    size = scaled(64 << 20, scale)
    kind.apply(pool, make_bytes, size)
    return "GiB/s", size / timed(lambda: kind.apply(pool, make_bytes, size)) / 2**30


def row_queue_stream(_kind, _pool, scale):
    import multiprocessing
    context = multiprocessing.get_context("fork")
    queue, count = context.Queue(), scaled(20_000, scale, 500)

    def produce():
        for _ in range(count):
            queue.put(b"0" * 64)

    def stream():
        producer = context.Process(target=produce)
        producer.start()
        for _ in range(count):
            queue.get()
        producer.join()

    return "us", timed(stream) / count * 1e6


def row_start_fork(kind, _pool, scale):
    times = []
    for _ in range(scaled(11, scale, 3)):
        begin = time.perf_counter()
        pool = kind.open(1)
        kind.apply(pool, operator.neg, 1)
        times.append(time.perf_counter() - begin)
        kind.close(pool)
    return "us", sorted(times)[len(times) // 2] * 1e6


ROWS = {
    "apply_two_cpus": row_apply_two_cpus,
    "apply_async": row_apply_async,
    "map_ints": row_map_ints,
    "map_chunk_1": row_map_chunk_1,
    "argument_vector_64_mib": row_argument,
    "result_vector_64_mib": row_result,
    "start_fork": row_start_fork,
    "queue_stream": row_queue_stream,
}


def tell(unit, value):
    print(json.dumps({"unit": unit, "value": value}), flush=True)


def leave_in_time(kind, pool):
    """A pool that does not come to its end is left to the caller, which ends all processes."""
    closing = threading.Thread(target=kind.close, args=(pool,), daemon=True)
    closing.start()
    closing.join(10)
    if closing.is_alive():
        os._exit(0)


def main():
    kind, row, scale = KINDS[sys.argv[1]](), sys.argv[2], float(sys.argv[3])
    if row in ("start_fork", "queue_stream"):
        return tell(*ROWS[row](kind, None, scale))
    pool = kind.open()
    for i in range(10):
        kind.apply(pool, operator.neg, i)
    tell(*ROWS[row](kind, pool, scale))
    leave_in_time(kind, pool)


if __name__ == "__main__":
    main()
