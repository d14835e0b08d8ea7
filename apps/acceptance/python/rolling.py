"""kazoo clients that work without a pause while servers are restarted one by one.

Arguments: the hosts; a path to work under. One client begins at each host. One thread of it sends again what a lost connection
left unanswered, as applications are told to, and would meet an error if the first attempt had been executed after all; another sends
nothing twice, and looks whether what it lost had happened. Prints `ready`; after a line `report` one line of JSON about what
has happened since the last: operations, errors by their names, what was lost and what of it had happened, the longest time
without an answer, and whether every session is the one it was, its ephemeral node and its watches with it.
"""

import json
import sys
import threading
import time
from collections import Counter

from kazoo.client import KazooClient
from kazoo.exceptions import ConnectionLoss

hosts, root = sys.argv[1:]
hosts = hosts.split(",")
lock = threading.Lock()
AGAIN = {"max_tries": -1, "delay": 0.01, "max_delay": 0.1}


class Client:
    def __init__(self, number):
        self.number = number
        turned = hosts[number:] + hosts[:number]
        self.zk = KazooClient(hosts=",".join(turned), randomize_hosts=False, timeout=10.0, command_retry=AGAIN)
        self.zk.start(timeout=15)
        self.session = self.zk.client_id[0]
        self.alive = "%s/alive-%d" % (root, number)
        self.watched = "%s/watched-%d" % (root, number)
        self.seen = []
        self.zk.create(self.alive, b"", ephemeral=True, makepath=True)
        self.zk.create(self.watched, b"0")
        self.zk.DataWatch(self.watched, lambda data, stat: self.seen.append(data))
        self.forget()
        for work in (self.work_again, self.work_once):
            threading.Thread(target=work, daemon=True).start()

    def forget(self):
        with lock:
            self.operations = 0
            self.errors = Counter()
            self.lost = 0
            self.happened = 0
            self.last = time.monotonic()
            self.longest = 0.0

    def attempt(self, action, *args):
        try:
            result = action(*args)
        except ConnectionLoss:
            raise
        except Exception as error:  # whatever a client can raise is what this counts
            with lock:
                self.errors["%s of %s" % (type(error).__name__, action.__name__)] += 1
            time.sleep(0.01)
            return None
        now = time.monotonic()
        with lock:
            self.operations += 1
            self.longest = max(self.longest, now - self.last)
            self.last = now
        return result

    def again(self, action, *args):
        try:
            return self.attempt(lambda *given: self.zk.retry(action, *given), *args)
        except ConnectionLoss:
            with lock:
                self.errors["ConnectionLoss in spite of trying again"] += 1

    def work_again(self):
        path = "%s/%d-again" % (root, self.number)
        self.zk.create(path, b"")
        version = 0
        while True:
            stat = self.again(self.zk.set, path, b"%d" % version, version)
            version = stat.version if stat is not None else self.zk.retry(self.zk.get, path)[1].version
            self.again(self.zk.create, path + "/child", b"")
            self.again(self.zk.get, path)
            self.again(self.zk.delete, path + "/child")

    def work_once(self):
        path = "%s/%d-once" % (root, self.number)
        self.zk.create(path, b"0")
        value = b"0"
        step = 0
        while True:
            step += 1
            try:
                if self.attempt(self.zk.set, path, b"%d" % step) is not None:
                    value = b"%d" % step
                found = self.attempt(self.zk.get, path)
            except ConnectionLoss:
                found = self.zk.retry(self.zk.get, path)
                with lock:
                    self.lost += 1
                    self.happened += found[0] != value
                value = found[0]
                continue
            if found is not None and found[0] != value:
                with lock:
                    self.errors["read %r instead of %r" % (found[0], value)] += 1

    def report(self):
        with lock:
            told = {
                "operations": self.operations,
                "errors": dict(self.errors),
                "lost": self.lost,
                "happened": self.happened,
                "longestMs": round(1000 * max(self.longest, time.monotonic() - self.last)),
            }
        stat = self.zk.retry(self.zk.exists, self.alive)
        told["isSame"] = self.zk.client_id[0] == self.session and stat is not None and stat.owner_session_id == self.session
        self.forget()
        return told


clients = [Client(number) for number in range(len(hosts))]
rounds = 0
print("ready", flush=True)
for line in sys.stdin:
    rounds += 1
    value = b"round %d" % rounds
    for client in clients:
        client.zk.retry(client.zk.set, client.watched, value)
    end = time.monotonic() + 10
    while time.monotonic() < end and not all(value in client.seen for client in clients):
        time.sleep(0.02)
    reports = [client.report() for client in clients]
    for client, told in zip(clients, reports):
        told["hasSeen"] = value in client.seen
    print(json.dumps(reports), flush=True)
