"""A condition: children take turns, and what waits in vain."""
import multiprocessing


def take_turn(index, condition, turn, order):
    with condition:
        condition.wait_for(lambda: turn.value == index)
        order[turn.value] = 10 * index
        turn.value += 1
        condition.notify_all()


def sleep_until_notified(condition, asleep, awake):
    with condition:
        asleep.release()
        condition.wait()
    awake.release()


def refused(call):
    try:
        call()
        return False
    except (AssertionError, RuntimeError):
        return True


if __name__ == "__main__":
    condition = multiprocessing.Condition()
    turn, order = multiprocessing.Value("i", 0), multiprocessing.Array("i", 3)
    children = [multiprocessing.Process(target=take_turn, args=(index, condition, turn, order))
                for index in (2, 1, 0)]
    for child in children:
        child.start()
    with condition:
        print("all had their turn:", condition.wait_for(lambda: turn.value == 3, 60))
    print("in order:", *order)
    for child in children:
        child.join()

    with condition:
        print("wait in vain:", condition.wait(0.01))
        print("wait_for in vain:", condition.wait_for(lambda: turn.value == 4, 0.01))
        print("wait_for what is so:", condition.wait_for(lambda: turn.value == 3, 0))
    print("wait without the lock refused:", refused(condition.wait))

    asleep, awake = multiprocessing.Semaphore(0), multiprocessing.Semaphore(0)
    children = [multiprocessing.Process(target=sleep_until_notified, args=(condition, asleep, awake))
                for _ in range(3)]
    for child in children:
        child.start()
        asleep.acquire()
    with condition:  # free only when all of them wait
        condition.notify()
    awake.acquire()
    print("one notified, another awake:", awake.acquire(timeout=0.01))
    with condition:
        condition.notify_all()
    print("all notified:", awake.acquire(timeout=60), awake.acquire(timeout=60))
    for child in children:
        child.join()
