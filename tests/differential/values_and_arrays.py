"""What lies in shared memory: numbers, structures, arrays, and their locks."""
import ctypes
import multiprocessing
from multiprocessing import shared_memory


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_double)]


def change(number, point, grid, letters):
    with number.get_lock():
        number.value *= 2
    point.y = -point.x
    with grid.get_lock():
        for i in range(len(grid)):
            grid[i] += 0.5
    letters.buf[1] = ord("a")


def locked_elsewhere(grid, out):
    got = grid.get_lock().acquire(block=False)
    if got:
        grid.get_lock().release()
    out.send(not got)


def raises(error, call):
    try:
        call()
        return False
    except error:
        return True


if __name__ == "__main__":
    number = multiprocessing.Value("q", 1 << 40)
    point = multiprocessing.Value(Point, 1.5, 2.5)
    grid = multiprocessing.Array("d", [1, 2, 3, 4])
    letters = shared_memory.SharedMemory(create=True, size=3)
    letters.buf[:3] = b"xyz"
    child = multiprocessing.Process(target=change, args=(number, point, grid, letters))
    child.start()
    child.join()
    print("number:", number.value)
    print("point:", point.x, point.y)
    print("grid:", *grid, "of", len(grid))
    print("letters:", bytes(letters.buf[:3]).decode(), "of 3")
    letters.close()
    letters.unlink()

    grid[1:3] = [7.5, 8.5]
    print("a slice:", *grid[1:3], "all:", *grid[:])
    print("beyond the end:", raises(IndexError, lambda: grid[4]))

    here, there = multiprocessing.Pipe()
    with grid.get_lock():
        child = multiprocessing.Process(target=locked_elsewhere, args=(grid, there))
        child.start()
        print("lock held here, locked for a child:", here.recv())
    child.join()
    zeros = multiprocessing.Array("i", 3)
    print("zeros:", *zeros)
