"""Results that come later: callbacks, timeouts, and what is refused."""
import multiprocessing


def half(number):
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


def keep(event):
    global gate
    gate = event


def wait_for_gate():
    gate.wait()
    return "opened"


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
    event = multiprocessing.Event()
    with multiprocessing.Pool(2, keep, (event,)) as pool:
        good = pool.apply_async(half, (10,), callback=lambda value: print("callback:", value))
        print("get:", good.get())
        bad = pool.apply_async(half, (11,), error_callback=lambda e: print("callback: error:", e))
        attempt(bad.get)
        print("successful:", good.successful(), bad.successful())

        waiting = pool.apply_async(wait_for_gate)
        try:
            waiting.get(0.01)
        except multiprocessing.TimeoutError:
            print("get(0.01) timed out, ready:", waiting.ready())
        print("successful refused before that:", refused(waiting.successful))
        event.set()
        print("later:", waiting.get())
