"""A pool's verbs, with errors in them."""
import multiprocessing


def half(number):
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


def power(base, exponent):
    return base ** exponent


def attempt(call, *args):
    try:
        print("result:", call(*args))
    except ValueError as error:
        print("error:", error)


def refused(call, *args):
    try:
        call(*args)
        return False
    except ValueError:
        return True


if __name__ == "__main__":
    pool = multiprocessing.Pool(2)
    print("map:", *pool.map(half, [2, 4, 6]))
    attempt(pool.map, half, [2, 3, 4])
    print("starmap:", *pool.starmap(power, [(2, 3), (3, 2)]))
    attempt(pool.apply, half, (7,))
    attempt(pool.apply, half, (8,))

    results = pool.imap(half, [2, 5, 6])
    for _ in range(3):
        attempt(results.next)
    print("imap_unordered:", *sorted(pool.imap_unordered(half, range(0, 10, 2))))

    print("join before close refused:", refused(pool.join))
    pool.close()
    print("apply after close refused:", refused(pool.apply, half, (2,)))
    pool.join()
