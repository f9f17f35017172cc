"""Names in a family of processes: children, children's children, workers of a pool."""
import multiprocessing


def name():
    return multiprocessing.current_process().name


def line_of(method):
    parent = multiprocessing.parent_process()
    return f"{name()} of {parent.name if parent else 'nobody'} ({method})"


def tell(method, depth, out):
    out.send(line_of(method))
    if depth > 0:
        have_children(method, depth - 1, out)


def have_children(method, depth, out):
    for _ in range(2):
        child = multiprocessing.get_context(method).Process(target=tell, args=(method, depth, out))
        child.start()
        child.join()


def pool_worker(_):
    return name()


def wait_here(gate):
    gate.wait()


if __name__ == "__main__":
    print(line_of("main"))
    for method in ("fork", "spawn", "forkserver"):
        here, there = multiprocessing.Pipe()
        have_children(method, 1, there)
        for _ in range(6):
            print(here.recv())
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print("pool:", *pool.map(pool_worker, [0]))
    context = multiprocessing.get_context("fork")
    gate = context.Event()
    children = [context.Process(target=wait_here, args=(gate,)) for _ in range(2)]
    for child in children:
        child.start()
    print("active:", *sorted(child.name for child in multiprocessing.active_children()))
    gate.set()
    for child in children:
        child.join()
    print("active:", len(multiprocessing.active_children()))
