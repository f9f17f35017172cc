"""Semaphores: how many get them, and what is refused."""
import multiprocessing
import sys


def try_it(semaphore):
    got = semaphore.acquire(block=False)
    if got:
        semaphore.release()
    sys.exit(got)


def another_gets(semaphore):
    child = multiprocessing.Process(target=try_it, args=(semaphore,))
    child.start()
    child.join()
    return child.exitcode == 1


def refused(call):
    try:
        call()
        return False
    except ValueError:
        return True


if __name__ == "__main__":
    semaphore = multiprocessing.Semaphore(2)
    print("semaphore:", *[semaphore.acquire(timeout=0.01) for _ in range(3)])
    semaphore.release()
    print("one released: another gets it:", another_gets(semaphore))
    semaphore.release()
    print("released more often than acquired, refused:", refused(semaphore.release))
    print("value:", semaphore.get_value())

    bounded = multiprocessing.BoundedSemaphore(1)
    print("bounded:", bounded.acquire(), bounded.acquire(block=False))
    bounded.release()
    print("released more often than acquired, refused:", refused(bounded.release))
