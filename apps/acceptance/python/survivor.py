"""A kazoo client that lives through the death of the server it is connected to.

Arguments: the hosts in the order in which to try them; a path to create and watch. Prints `ready`, then `saw VALUE`
for every value of the node that its watch shows; answers a line `report` with how its session fared.
"""

import sys
import threading
import time

from kazoo.client import KazooClient, KazooState

hosts, path = sys.argv[1:]
lost = [0]
written = [0]
zk = KazooClient(hosts=hosts, randomize_hosts=False, timeout=10.0)
zk.add_listener(lambda state: lost.__setitem__(0, lost[0] + (state == KazooState.LOST)))
zk.start(timeout=15)
session = zk.client_id[0]
zk.create(path, b"0")
zk.create(path + "-alive", b"", ephemeral=True)
zk.create(path + "-counter", b"0")
zk.DataWatch(path, lambda data, stat: print("saw " + data.decode()))


def write():
    while True:
        zk.retry(zk.set, path + "-counter", b"%d" % written[0])
        written[0] += 1
        time.sleep(0.02)


threading.Thread(target=write, daemon=True).start()
print("ready")
for line in sys.stdin:
    if line.strip() != "report":
        continue
    zk.retry(zk.sync, path)
    print(
        "report session=%s ephemeral=%s lost=%d written=%d"
        % (
            "same" if zk.client_id[0] == session else "other",
            "there" if zk.retry(zk.exists, path + "-alive") else "gone",
            lost[0],
            written[0],
        )
    )
