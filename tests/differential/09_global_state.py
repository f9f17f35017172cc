"""The same address and another value: what a child finds in a global, and what it leaves there."""
import multiprocessing

visits = [1]  # main makes it 10


def visit(count, out):
    found = visits[0]
    visits[0] += count
    out.send((found, visits[0], id(visits)))


def ask(context, name, count):
    here, there = context.Pipe()
    child = context.Process(target=visit, args=(count, there))
    child.start()
    found, left, address = here.recv()
    child.join()
    place = "main's address" if address == id(visits) else "another address"
    print(f"{name}: finds {found} at {place}, leaves {left}")


if __name__ == "__main__":
    visits[0] = 10
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        ask(context, f"{method}, first child", 1)
        ask(context, f"{method}, second child", 2)
        print(f"main: has {visits[0]}")
