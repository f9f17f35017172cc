"""Value and Array: what one process writes there, the others read."""
import multiprocessing


def work(index, plain, steps, squares):
    plain.append(index)
    for _ in range(1000):
        with steps.get_lock():
            steps.value += 1
    squares[index] = index * index


def step(steps, first):  # one cannot put a Value into a Queue: it is given to the child at its start
    first.get()
    with steps.get_lock():
        steps.value += 1


if __name__ == "__main__":
    plain = []
    steps = multiprocessing.Value("i", 0)
    squares = multiprocessing.Array("i", 4)
    children = [multiprocessing.Process(target=work, args=(index, plain, steps, squares))
                for index in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print(f"in a list: {len(plain)} entries")
    print(f"in the Value: {steps.value} steps")
    print("in the Array:", *squares)

    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=step, args=(steps, queue))
    child.start()
    queue.put("go")
    child.join()
    print(f"in the Value, after a child that got it later: {steps.value} steps")
