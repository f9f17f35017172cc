"""A table of 1 GiB and eight forked workers: the memory that they have, before and after."""
import multiprocessing

CHILDREN = 8
PAGE = 4096
SIZE = 1 << 30


def work(table, index, phase):
    phase.wait()
    phase.wait()
    total = sum(table[::PAGE])  # reads a byte of every page
    phase.wait()
    phase.wait()
    part = range(index * SIZE // CHILDREN, (index + 1) * SIZE // CHILDREN, PAGE)
    table[part.start:part.stop:PAGE] = bytes([total % 2]) * len(part)
    phase.wait()
    phase.wait()


def gibibytes(pids, field):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith(field + ":"))
    return f"{total / (1 << 20):.0f} GiB"


def report(when, pids, phase):
    phase.wait()
    print(f"{when}: they seem to have {gibibytes(pids, 'Rss')}, "
          f"they have {gibibytes(pids, 'Pss')}")
    phase.wait()


if __name__ == "__main__":
    table = bytearray(b"\1") * SIZE
    context = multiprocessing.get_context("fork")
    phase = context.Barrier(CHILDREN + 1)
    children = [context.Process(target=work, args=(table, index, phase))
                for index in range(CHILDREN)]
    for child in children:
        child.start()
    pids = [multiprocessing.current_process().pid] + [child.pid for child in children]
    report("when forked", pids, phase)
    report("having read it all", pids, phase)
    report("having written an eighth each", pids, phase)
    for child in children:
        child.join()
