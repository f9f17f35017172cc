"""What is got from a queue is a copy of what was put."""
import multiprocessing


def eat(queue, taken, changed):
    basket = queue.get()
    print(f"the child got {basket['apples']} apples", flush=True)
    taken.set()
    changed.wait()
    print(f"the child still has {basket['apples']}")
    basket["apples"] = 0
    print(f"the child eats them: it has {basket['apples']}", flush=True)


if __name__ == "__main__":
    queue = multiprocessing.Queue()
    taken = multiprocessing.Event()
    changed = multiprocessing.Event()
    child = multiprocessing.Process(target=eat, args=(queue, taken, changed))
    child.start()
    basket = {"apples": 3}
    queue.put(basket)
    taken.wait()  # for the queue's thread makes bytes of the basket later than put() returns
    basket["apples"] = 5
    print(f"main has {basket['apples']} now", flush=True)
    changed.set()
    child.join()
    print(f"main still has {basket['apples']}")
