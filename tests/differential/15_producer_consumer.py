"""Producers and consumers around a queue with room for a few."""
import multiprocessing


def produce(first, last, queue):
    for number in range(first, last + 1):
        queue.put(number)


def consume(queue, count, total):
    while (number := queue.get()) is not None:
        with count.get_lock():
            count.value += 1
        with total.get_lock():
            total.value += number


if __name__ == "__main__":
    queue = multiprocessing.Queue(4)
    count, total = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)
    producers = [multiprocessing.Process(target=produce, args=(first, first + 49, queue))
                 for first in (1, 51)]
    consumers = [multiprocessing.Process(target=consume, args=(queue, count, total))
                 for _ in range(3)]
    for process in producers + consumers:
        process.start()
    for process in producers:
        process.join()
    print("producers are done")
    for _ in consumers:
        queue.put(None)  # the end, one for each
    for process in consumers:
        process.join()
    print(f"consumed {count.value} numbers, their sum is {total.value}")
