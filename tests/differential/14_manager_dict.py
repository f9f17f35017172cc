"""A dictionary and a list in a manager, that several processes fill."""
import multiprocessing


def measure(city, degrees, warmest, lock):
    degrees[city] = 10 + len(city)
    with lock:  # a look and a change belong together
        if degrees[city] > warmest.value:
            warmest.value = degrees[city]


if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        degrees = manager.dict()
        warmest = manager.Value("i", 0)
        lock = manager.Lock()
        cities = ["Oslo", "Quito", "Nairobi"]
        children = [multiprocessing.Process(target=measure, args=(city, degrees, warmest, lock))
                    for city in cities]
        for child in children:
            child.start()
        for child in children:
            child.join()
        for city, value in sorted(degrees.items()):
            print(f"{city}: {value}")
        print(f"warmest: {warmest.value}")

        notes = manager.dict()
        notes["plain"] = []
        notes["managed"] = manager.list()
        notes["plain"].append("lost")  # changes the copy that came back
        notes["managed"].append("kept")
        print(f"plain list: {len(notes['plain'])}, managed list: {len(notes['managed'])}")
