"""What fork hands over as it is, and what spawn builds anew of bytes."""
import multiprocessing

level = 0  # main makes it 1


class Model:
    def __init__(self, name):
        self.name = name
        self.cache = 0

    def __getstate__(self):  # the cache is not worth sending
        return {"name": self.name, "cache": -1}


def look(model, out):
    out.send((level, model.name, model.cache))


if __name__ == "__main__":
    level = 1
    model = Model("wind")
    model.cache = 42
    print("method  global  argument's name  its cache")
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        here, there = context.Pipe()
        child = context.Process(target=look, args=(model, there))
        child.start()
        found, name, cache = here.recv()
        child.join()
        print(f"{method:6}  {found:6}  {name:>15}  {cache:9}")
