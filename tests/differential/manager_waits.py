"""What processes wait for with a manager: its queue, its event, its lock."""
import multiprocessing
import queue as names  # of the exceptions


def count_up(count, lock, start):
    start.wait()
    for _ in range(20):
        with lock:
            count.value += 1


def succeeds(call, *args):
    try:
        call(*args)
        return True
    except (names.Empty, names.Full):
        return False


if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        letters = manager.Queue(2)
        print("get from an empty one:", succeeds(letters.get_nowait))
        letters.put("a")
        letters.put("b")
        print("full:", letters.full(), "put:", succeeds(letters.put_nowait, "c"))
        print("get:", letters.get(), "size:", letters.qsize())

        count, lock, start = manager.Value("i", 0), manager.Lock(), manager.Event()
        children = [multiprocessing.Process(target=count_up, args=(count, lock, start))
                    for _ in range(3)]
        for child in children:
            child.start()
        print("before the event:", count.value, "set:", start.is_set(), start.wait(0.01))
        start.set()
        for child in children:
            child.join()
        print("after it:", count.value, "set:", start.is_set())

        barrier = manager.Barrier(1)
        print("a barrier for one:", barrier.wait(), barrier.wait())
        semaphore = manager.Semaphore(2)
        print("semaphore:", *[semaphore.acquire(False) for _ in range(3)])
