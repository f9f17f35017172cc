"""A manager's objects inside of each other, from several processes."""
import multiprocessing
import multiprocessing.managers
import threading


class Account:
    def __init__(self, balance):
        self.money = balance
        self.lock = threading.Lock()  # the server has a thread for each process

    def add(self, amount):
        if amount == 0:
            raise ValueError("nothing to add")
        with self.lock:
            self.money += amount
            return self.money

    def balance(self):
        return self.money


class Bank(multiprocessing.managers.SyncManager):
    pass


Bank.register("Account", Account)


def work(index, rows, space, account):
    row = rows[index]
    row.append(10 * index)
    row.append(20 * index)
    if index == 1:
        space.title = space.title + "!"
    account.add(100)


def attempt(title, call, *args):
    try:
        call(*args)
        print(f"{title}: done")
    except (IndexError, KeyError, ValueError, AttributeError):
        print(f"{title}: refused")


if __name__ == "__main__":
    manager = Bank()
    manager.start()
    rows = manager.list([manager.list() for _ in range(3)])
    space = manager.Namespace()
    space.title = "rows"
    space.count = 3
    account = manager.Account(5)
    children = [multiprocessing.Process(target=work, args=(index, rows, space, account))
                for index in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    for row in rows:
        print("row:", *row[:])
    print("namespace:", space.title, space.count)
    print("account:", account.balance(), "after one more:", account.add(1))
    attempt("an error of its own", account.add, 0)

    table = manager.dict({"rows": rows})
    table["rows"][0].append(7)
    print("through the dict:", *rows[0][:])
    attempt("no such key", lambda: table["columns"])
    print("without one, nothing:", table.get("columns") is not None)
    attempt("no such index", lambda: rows[3])
    attempt("no such name", lambda: space.author)
    print("in it:", "rows" in table, "columns" in table, "size:", len(table))
    print("popped:", rows.pop()[1], "left:", len(rows))
    manager.shutdown()
