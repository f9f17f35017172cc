"""Queues with and without a limit, and one that knows what has been done."""
import multiprocessing
import queue as names  # of the exceptions


def put_in(numbers, values):
    for value in values:
        numbers.put(value)


def work(numbers, total):
    while (number := numbers.get()) is not None:
        with total.get_lock():
            total.value += number
        numbers.task_done()


def succeeds(call, *args):
    try:
        call(*args)
        return True
    except (names.Empty, names.Full, ValueError):
        return False


if __name__ == "__main__":
    small = multiprocessing.Queue(2)
    print("get from an empty one:", succeeds(small.get_nowait), succeeds(small.get, True, 0.01))
    small.put("a")
    print("full:", small.full(), "size:", small.qsize())
    small.put("b")
    print("full:", small.full(), "size:", small.qsize())
    print("put into a full one:", succeeds(small.put_nowait, "c"), succeeds(small.put, "c", True, 0.01))
    print("get:", small.get(), small.get())
    print("empty:", small.empty(), "full:", small.full())
    small.close()
    print("put into a closed one:", succeeds(small.put, "d"))

    simple = multiprocessing.SimpleQueue()
    child = multiprocessing.Process(target=put_in, args=(simple, [1, 2, 3]))
    child.start()
    print("from a child, in its order:", simple.get(), simple.get(), simple.get())
    child.join()
    print("empty:", simple.empty())

    jobs, total = multiprocessing.JoinableQueue(), multiprocessing.Value("i", 0)
    print("task_done without a task:", succeeds(jobs.task_done))
    workers = [multiprocessing.Process(target=work, args=(jobs, total)) for _ in range(2)]
    for worker in workers:
        worker.start()
    put_in(jobs, range(1, 11))
    jobs.join()
    print("all done, total:", total.value)
    put_in(jobs, [None, None])
    for worker in workers:
        worker.join()
