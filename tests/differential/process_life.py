"""A process's life: join with a timeout, the sentinel, and what is refused when."""
import multiprocessing
from multiprocessing.connection import wait


def refused(call, *args):
    try:
        call(*args)
        return False
    except (AssertionError, ValueError):
        return True


if __name__ == "__main__":
    gate = multiprocessing.Event()
    child = multiprocessing.Process(target=gate.wait)
    print("join before start refused:", refused(child.join))
    child.start()
    print("start twice refused:", refused(child.start))
    child.join(0)
    child.join(0.01)
    print("after join(0.01): alive", child.is_alive(), "code", child.exitcode)
    print("sentinel ready:", len(wait([child.sentinel], 0)) == 1)
    print("close while it runs refused:", refused(child.close))
    gate.set()
    print("sentinel ready:", len(wait([child.sentinel])) == 1)
    child.join(60)
    child.join()
    print("joined twice: alive", child.is_alive(), "code", child.exitcode)
    child.terminate()
    print("terminated when over: code", child.exitcode)
    child.close()
    child.close()
    print("join after close refused:", refused(child.join))
