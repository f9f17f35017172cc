"""Messages of bytes, ends that only read or only write, and what is refused."""
import multiprocessing


def attempt(name, call, *args):
    try:
        print(f"{name}:", call(*args))
    except BrokenPipeError:
        print(f"{name}: nobody reads")
    except multiprocessing.BufferTooShort as error:
        print(f"{name}: too short for", error.args[0].decode())
    except OSError:
        print(f"{name}: refused")


if __name__ == "__main__":
    reader, writer = multiprocessing.Pipe(duplex=False)
    print("readable, writable:", reader.readable, reader.writable, writer.readable, writer.writable)
    attempt("send to a reader", reader.send, 1)
    attempt("recv from a writer", writer.recv)
    writer.send_bytes(b"some bytes")
    writer.send_bytes(b"more bytes")
    print("recv_bytes:", reader.recv_bytes().decode())
    attempt("recv_bytes_into four", reader.recv_bytes_into, bytearray(4))
    reader.close()
    attempt("send", writer.send, 1)
    print("closed:", reader.closed, writer.closed)
