"""Locks: which process gets them, and what is refused."""
import multiprocessing
import sys


def try_it(lock):
    got = lock.acquire(block=False)
    if got:
        lock.release()
    sys.exit(got)


def another_gets(lock):
    child = multiprocessing.Process(target=try_it, args=(lock,))
    child.start()
    child.join()
    return child.exitcode == 1


def add(lock, count):
    for _ in range(250):
        with lock:
            count.value += 1


def refused(call):
    try:
        call()
        return False
    except (AssertionError, ValueError):
        return True


if __name__ == "__main__":
    lock = multiprocessing.Lock()
    print("free: another gets it:", another_gets(lock))
    with lock:
        print("held: another gets it:", another_gets(lock))
        print("held: again:", lock.acquire(block=False))
    print("released: another gets it:", another_gets(lock))
    print("released once more, refused:", refused(lock.release))

    rlock = multiprocessing.RLock()
    rlock.acquire()
    print("an RLock again:", rlock.acquire(timeout=0.01))
    rlock.release()
    print("released once: another gets it:", another_gets(rlock))
    rlock.release()
    print("released twice: another gets it:", another_gets(rlock))
    print("released once more, refused:", refused(rlock.release))

    count = multiprocessing.Value("i", 0, lock=False)
    children = [multiprocessing.Process(target=add, args=(lock, count)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print("counted under a lock:", count.value)
