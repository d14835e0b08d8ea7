"""What a kazoo user expects, through one endpoint after another. Prints one PASS or FAIL line per claim.

Arguments: host:port of every endpoint. Runs each claim with the main client at one endpoint and the second
client at the next one.
"""

import subprocess
import sys
import threading
import time
import traceback
import uuid

from expecting import raises, same
from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)
from kazoo.security import CREATOR_ALL_ACL

WAIT = 15
ENDPOINTS = sys.argv[1:]
failures = 0


def client(endpoint, timeout=10.0):
    zk = KazooClient(hosts=endpoint, timeout=timeout)
    zk.start(timeout=WAIT)
    return zk


def until(condition, what):
    end = time.time() + WAIT
    while time.time() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("not in time: " + what)


def basics(zk, other, root):
    same(zk.create(root + "/a", b"one"), root + "/a")
    data, stat = zk.get(root + "/a")
    same((data, stat.version, stat.numChildren, stat.dataLength, stat.ephemeralOwner), (b"one", 0, 0, 3, 0))
    same(zk.set(root + "/a", b"two").version, 1)
    raises(BadVersionError, zk.set, root + "/a", b"three", version=0)
    raises(NodeExistsError, zk.create, root + "/a", b"")
    zk.create(root + "/a/b", b"")
    same(zk.exists(root + "/a").numChildren, 1)
    raises(NotEmptyError, zk.delete, root + "/a")
    raises(BadVersionError, zk.delete, root + "/a/b", version=7)
    zk.delete(root + "/a/b", version=0)
    zk.delete(root + "/a")
    same(zk.exists(root + "/a"), None)
    raises(NoNodeError, zk.get, root + "/a")


def empty_and_large_values(zk, other, root):
    zk.create(root + "/empty", b"")
    same(zk.get(root + "/empty")[0], b"")
    large = bytes(i % 251 for i in range(500_000))
    zk.create(root + "/large", large)
    other.sync(root + "/large")
    same(other.get(root + "/large")[0], large)


def written_here_read_there(zk, other, root):
    for i in range(20):
        zk.ensure_path(root + "/moving")
        zk.set(root + "/moving", b"%d" % i)
        other.sync(root + "/moving")
        same(other.get(root + "/moving")[0], b"%d" % i)


def sequential_nodes(zk, other, root):
    zk.create(root + "/queue", b"")
    paths = []
    for i in range(6):
        maker = zk if i % 2 == 0 else other
        maker.sync(root + "/queue")
        paths.append(maker.create(root + "/queue/n-", b"", sequence=True))
    same(paths, [root + "/queue/n-%010d" % i for i in range(6)])
    zk.sync(root + "/queue")
    same(sorted(root + "/queue/" + name for name in zk.get_children(root + "/queue")), paths)


def ephemerals_go_with_a_closed_session(zk, other, root, endpoint):
    short = client(endpoint)
    path = short.create(root + "/fleeting", b"", ephemeral=True)
    other.sync(path)
    same(other.exists(path).ephemeralOwner, short.client_id[0])
    gone = threading.Event()
    other.exists(path, watch=lambda event: event.type == "DELETED" and gone.set())
    short.stop()
    short.close()
    assert gone.wait(WAIT), "the watch on the ephemeral did not fire"
    other.sync(path)
    same(other.exists(path), None)


KILLED_HOLDER = """
import sys, time
from kazoo.client import KazooClient
zk = KazooClient(hosts=sys.argv[1], timeout=4.0)
zk.start()
zk.create(sys.argv[2], b"", ephemeral=True)
print("made", flush=True)
time.sleep(60)
"""


def ephemerals_go_with_an_expired_session(zk, other, root, endpoint):
    path = root + "/orphan"
    holder = subprocess.Popen([sys.executable, "-c", KILLED_HOLDER, endpoint, path], stdout=subprocess.PIPE)
    try:
        same(holder.stdout.readline(), b"made\n")
    finally:
        # The connection breaks without a goodbye: no close of the session, and no more pings.
        holder.kill()
        holder.wait()
    other.sync(path)
    assert other.exists(path), "the ephemeral vanished before its session expired"
    until(lambda: other.exists(path) is None, "the ephemeral of a dead session to vanish")


def one_shot_watches(zk, other, root):
    events = []
    path = root + "/watched"
    other.sync(root)
    same(other.exists(path, watch=lambda e: events.append(("exists", e.type, e.path))), None)
    zk.create(path, b"0")
    until(lambda: len(events) == 1, "the exists watch")
    other.sync(path)
    other.get(path, watch=lambda e: events.append(("data", e.type, e.path)))
    other.get_children(path, watch=lambda e: events.append(("children", e.type, e.path)))
    zk.set(path, b"1")
    until(lambda: len(events) == 2, "the data watch")
    zk.set(path, b"2")
    zk.create(path + "/child", b"")
    until(lambda: len(events) == 3, "the child watch")
    zk.create(path + "/second", b"")
    other.sync(path)
    same(
        events,
        [
            ("exists", "CREATED", path),
            ("data", "CHANGED", path),
            ("children", "CHILD", path),
        ],
    )
    other.get(path + "/child", watch=lambda e: events.append(("data", e.type, e.path)))
    zk.delete(path + "/child")
    until(lambda: len(events) == 4, "the data watch of a deleted node")
    same(events[3], ("data", "DELETED", path + "/child"))


def an_event_comes_before_the_state_it_tells_of(zk, other, root):
    path = root + "/ordered"
    zk.create(path, b"0")
    other.sync(path)
    for i in range(1, 30):
        fired = threading.Event()
        other.get(path, watch=lambda e: fired.set())
        zk.set(path, b"%d" % i)
        while other.get(path)[0] != b"%d" % i:
            pass
        # kazoo hands events to a thread of its own, so the event is here or about to be.
        assert fired.wait(1), "the new value was read and its event never came"


def watch_recipes(zk, other, root):
    seen, children = [], []
    zk.create(root + "/recipe", b"0")
    other.sync(root + "/recipe")
    other.DataWatch(root + "/recipe", lambda data, stat: seen.append(data))
    other.ChildrenWatch(root + "/recipe", lambda names: children.append(sorted(names)))
    for i in range(1, 4):
        zk.set(root + "/recipe", b"%d" % i)
        until(lambda: seen and seen[-1] == b"%d" % i, "DataWatch")
        zk.create(root + "/recipe/c%d" % i, b"")
        until(lambda: children and len(children[-1]) == i, "ChildrenWatch")


def a_transaction_that_works(zk, other, root):
    zk.create(root + "/tx", b"0")
    transaction = zk.transaction()
    transaction.check(root + "/tx", version=0)
    transaction.create(root + "/tx/a", b"A")
    transaction.create(root + "/tx/s-", b"", sequence=True)
    transaction.set_data(root + "/tx", b"1")
    transaction.create(root + "/tx/b", b"")
    transaction.delete(root + "/tx/b")
    results = transaction.commit()
    # A check answers True; the sequence number counts the children made so far, also within the transaction.
    same(results[0], True)
    same(results[1], root + "/tx/a")
    same(results[2], root + "/tx/s-%010d" % 1)
    same(results[3].version, 1)
    same(results[4:], [root + "/tx/b", True])
    other.sync(root + "/tx")
    same(sorted(other.get_children(root + "/tx")), ["a", "s-%010d" % 1])


def a_transaction_that_fails(zk, other, root):
    zk.create(root + "/fail", b"0")
    transaction = zk.transaction()
    transaction.create(root + "/fail/a", b"")
    transaction.check(root + "/fail", version=9)
    transaction.create(root + "/fail/b", b"")
    results = transaction.commit()
    same(type(results[0]), RolledBackError)
    same(type(results[1]), BadVersionError)
    assert isinstance(results[2], Exception), results[2]
    same(zk.get_children(root + "/fail"), [])


def lock_recipe(zk, other, root):
    inside, overlaps, turns = [0], [0], []

    def worker(session, name):
        lock = session.Lock(root + "/lock", name)
        for _ in range(5):
            with lock:
                inside[0] += 1
                overlaps[0] += inside[0] > 1
                time.sleep(0.005)
                inside[0] -= 1
                turns.append(name)

    threads = [threading.Thread(target=worker, args=(s, n)) for s, n in ((zk, "here"), (other, "there"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * WAIT)
    same((len(turns), overlaps[0]), (10, 0))


def lock_of_a_dead_holder(zk, other, root, endpoint):
    holder = client(endpoint)
    lock = holder.Lock(root + "/deadlock", "holder")
    lock.acquire(timeout=WAIT)
    waiter = other.Lock(root + "/deadlock", "waiter")
    assert not waiter.acquire(blocking=False), "a held lock was given away"
    holder.stop()
    holder.close()
    assert waiter.acquire(timeout=WAIT), "the lock of a closed session was never free"
    waiter.release()


def election_recipe(zk, other, root):
    leaders, now = [], [0]

    def lead(name):
        now[0] += 1
        leaders.append((name, now[0]))
        time.sleep(0.05)
        now[0] -= 1

    def run(session, name):
        session.Election(root + "/election", name).run(lead, name)

    threads = [threading.Thread(target=run, args=(s, n)) for s, n in ((zk, "here"), (other, "there"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * WAIT)
    same(sorted(leaders), [("here", 1), ("there", 1)])


def many_at_once(zk, other, root):
    zk.create(root + "/many", b"")
    pending = [zk.create_async(root + "/many/n%d" % i, b"%d" % i) for i in range(200)]
    reads = [zk.get_async(root + "/many/n%d" % i) for i in range(200)]
    same([p.get(timeout=WAIT) for p in pending], [root + "/many/n%d" % i for i in range(200)])
    # A session's reads see its writes, although nobody waited for them.
    same([r.get(timeout=WAIT)[0] for r in reads], [b"%d" % i for i in range(200)])
    other.sync(root + "/many")
    same(len(other.get_children(root + "/many")), 200)


def acls_of_the_creator(zk, other, root, endpoint):
    owner = client(endpoint)
    owner.add_auth("digest", "ann:secret")
    owner.create(root + "/own", b"mine", acl=CREATOR_ALL_ACL)
    same([acl.id.scheme for acl in owner.get_acls(root + "/own")[0]], ["digest"])
    same(owner.get(root + "/own")[0], b"mine")
    other.sync(root + "/own")
    raises(NoAuthError, other.get, root + "/own")
    raises(NoAuthError, other.set, root + "/own", b"stolen")
    other.add_auth("digest", "ann:secret")
    same(other.get(root + "/own")[0], b"mine")
    owner.stop()
    owner.close()


NEEDS_ENDPOINT = {
    acls_of_the_creator,
    ephemerals_go_with_a_closed_session,
    ephemerals_go_with_an_expired_session,
    lock_of_a_dead_holder,
}
CLAIMS = [
    basics,
    empty_and_large_values,
    written_here_read_there,
    sequential_nodes,
    ephemerals_go_with_a_closed_session,
    ephemerals_go_with_an_expired_session,
    one_shot_watches,
    an_event_comes_before_the_state_it_tells_of,
    watch_recipes,
    a_transaction_that_works,
    a_transaction_that_fails,
    lock_recipe,
    lock_of_a_dead_holder,
    election_recipe,
    many_at_once,
    acls_of_the_creator,
]

for index, endpoint in enumerate(ENDPOINTS):
    neighbour = ENDPOINTS[(index + 1) % len(ENDPOINTS)]
    zk, other = client(endpoint), client(neighbour)
    for claim in CLAIMS:
        name = "kazoo at endpoint %d: %s" % (index, claim.__name__.replace("_", " "))
        root = "/%s-%s" % (claim.__name__, uuid.uuid4().hex)
        try:
            zk.create(root, b"")
            other.sync(root)
            if claim in NEEDS_ENDPOINT:
                claim(zk, other, root, endpoint)
            else:
                claim(zk, other, root)
            print("PASS " + name)
        except Exception as error:
            print("FAIL %s: %s" % (name, repr(error)))
            traceback.print_exc(limit=-3)
    for session in (zk, other):
        session.stop()
        session.close()
