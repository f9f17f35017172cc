"""An event starts all at once; a barrier lets nobody go on before all have come so far."""
import multiprocessing


def run(index, start, finished, heights, sums):
    start.wait()
    heights[index] = index + 1
    finished.wait()  # all heights are there behind it
    sums[index] = sum(heights)


if __name__ == "__main__":
    start = multiprocessing.Event()
    finished = multiprocessing.Barrier(3)
    heights = multiprocessing.Array("i", 3)
    sums = multiprocessing.Array("i", 3)
    children = [multiprocessing.Process(target=run, args=(index, start, finished, heights, sums))
                for index in range(3)]
    for child in children:
        child.start()
    print("before the event:", *heights)
    start.set()
    for child in children:
        child.join()
    print("after it:", *heights)
    print("what each has found behind the barrier:", *sums)
