"""Both ends of a pipe: messages, polls, and the end of the stream."""
import multiprocessing


def echo(connection, other_end):
    other_end.close()  # a forked child has it too, and would wait for itself
    try:
        while True:
            connection.send(connection.recv().upper())
    except EOFError:
        pass


def count_down(number, connection):
    for value in range(number, 0, -1):
        connection.send(value)


def attempt(name, call, *args):
    try:
        print(f"{name}:", call(*args))
    except EOFError:
        print(f"{name}: end of the stream")
    except OSError:
        print(f"{name}: refused")


if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo, args=(there, here))
    child.start()
    there.close()
    print("poll of nothing:", here.poll(), here.poll(0.01))
    for text in ("one", "two"):
        here.send(text)
        print("poll:", here.poll(60))
        print("recv:", here.recv())
    here.close()
    child.join()
    attempt("recv of a closed one", here.recv)

    reader, writer = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=count_down, args=(3, writer))
    child.start()
    writer.close()
    for _ in range(4):
        attempt("recv", reader.recv)
    print("poll at the end:", reader.poll())
    child.join()
