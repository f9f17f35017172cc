"""A barrier: indices, and what breaks it."""
import multiprocessing
import sys
from threading import BrokenBarrierError


def pass_twice(barrier, indices):
    for row in range(2):
        indices[3 * row + barrier.wait()] += 1


def wait_and_tell(barrier):
    try:
        barrier.wait()
        sys.exit(0)
    except BrokenBarrierError:
        sys.exit(5)


def breaks(call, *args):
    try:
        call(*args)
        return False
    except BrokenBarrierError:
        return True


if __name__ == "__main__":
    barrier = multiprocessing.Barrier(3)
    indices = multiprocessing.Array("i", 6)
    print("parties:", barrier.parties, "waiting:", barrier.n_waiting, "broken:", barrier.broken)
    children = [multiprocessing.Process(target=pass_twice, args=(barrier, indices)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print("each index once, twice:", *indices)

    print("waiting alone breaks it:", breaks(barrier.wait, 0.01), barrier.broken)
    print("then nobody waits:", breaks(barrier.wait))
    barrier.reset()
    print("after reset broken:", barrier.broken)

    child = multiprocessing.Process(target=wait_and_tell, args=(barrier,))
    child.start()
    barrier.abort()
    child.join()
    print("aborted: broken:", barrier.broken, "the child ended with", child.exitcode)

    alone = multiprocessing.Barrier(1)
    print("alone:", alone.wait(), alone.wait())
