"""Names of processes, and how they end."""
import multiprocessing
import os
import signal
import sys


def fail():
    raise RuntimeError("on purpose")


def wait_for_ever(ready):
    ready.set()
    multiprocessing.Event().wait()


def show(child):
    print(f"{child.name}: alive {child.is_alive()}, exit code {child.exitcode}")


def run(child):
    child.start()
    child.join()
    show(child)


if __name__ == "__main__":
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        run(context.Process(target=abs, args=(1,)))
        run(context.Process(target=sys.exit, args=(3,), name="three"))
        run(context.Process(target=sys.exit, args=(300,)))
        run(context.Process(target=os._exit, args=(4,)))
        run(context.Process(target=fail))
        run(context.Process(target=signal.raise_signal, args=(signal.SIGUSR1,)))

        for stop in (context.Process.terminate, context.Process.kill):
            ready = context.Event()
            child = context.Process(target=wait_for_ever, args=(ready,), daemon=True)
            show(child)
            child.start()
            ready.wait()
            show(child)
            stop(child)
            child.join()
            show(child)
