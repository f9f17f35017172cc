"""Start methods: their names, and which globals a child sees."""
import multiprocessing
import os

setting = "from the program's text"
cities = ["Oslo"]


def look(argument, out):
    seen = f"{setting}; {len(cities)} cities; argument {argument}"
    parent = "main" if os.getppid() == multiprocessing.parent_process().pid else "a server"
    cities.append("lost")
    argument.append("lost")
    out.send((seen, parent, multiprocessing.get_start_method()))


def refused(call, *args):
    try:
        call(*args)
        return False
    except ValueError:
        return True


if __name__ == "__main__":
    setting = "from main"
    cities.append("Quito")
    print("methods:", *sorted(multiprocessing.get_all_start_methods()))
    print("another refused:", refused(multiprocessing.set_start_method, "teleport"))
    for method in ("fork", "forkserver", "spawn"):
        multiprocessing.set_start_method(method, force=True)
        argument = [1, 2]
        here, there = multiprocessing.Pipe()
        child = multiprocessing.Process(target=look, args=(argument, there))
        child.start()
        seen, parent, inherited = here.recv()
        child.join()
        print(f"{multiprocessing.get_start_method()}: child of {parent}, whose default is {inherited}")
        print(f"  sees: {seen}; and main's: {len(cities)} cities, argument {argument}")
