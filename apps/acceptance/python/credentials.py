"""Who a kazoo client is: by its certificate, by SASL, by both. Prints one PASS or FAIL line per claim.

Arguments: host:port without and with TLS, a directory with ca.pem, bob.pem, bob.key, and bob's subject.
"""

import sys
import threading
import traceback
import warnings

from expecting import raises, same
from kazoo.client import KazooClient, KeeperState
from kazoo.exceptions import AuthFailedError, InvalidACLError, NoAuthError
from kazoo.security import ACL, Id, Permissions

warnings.simplefilter("ignore")
WAIT = 15
PLAIN, SECURE, PLACE, SUBJECT = sys.argv[1:]
failures = 0


def client(hosts, **options):
    zk = KazooClient(hosts=hosts, timeout=10.0, **options)
    zk.start(timeout=WAIT)
    return zk


def certified(name):
    return dict(
        use_ssl=True,
        ca="%s/ca.pem" % PLACE,
        certfile="%s/%s.pem" % (PLACE, name),
        keyfile="%s/%s.key" % (PLACE, name),
    )


def login(user, password):
    return dict(sasl_options={"mechanism": "DIGEST-MD5", "username": user, "password": password})


def only(scheme, name):
    return [ACL(Permissions.ALL, Id(scheme, name))]


def by_certificate():
    bob = client(SECURE, **certified("bob"))
    other = client(PLAIN)
    bob.create("/by-name", b"x", acl=only("x509", SUBJECT))
    bob.create("/by-auth", b"x", acl=only("auth", ""))
    same(bob.get_acls("/by-auth")[0], only("x509", SUBJECT))
    for path in ("/by-name", "/by-auth"):
        same(bob.get(path)[0], b"x")
        raises(NoAuthError, other.get, path)
    raises(InvalidACLError, bob.create, "/by-nothing", b"", acl=only("x509", "bob"))
    bob.stop()
    other.stop()


def large_frames():
    bob = client(SECURE, **certified("bob"))
    bob.create("/large", b"y" * 900_000)
    same(len(bob.get("/large")[0]), 900_000)
    bob.stop()


def by_password():
    alice = client(PLAIN, **login("alice", "wonderland"))
    other = client(PLAIN)
    alice.create("/sasl-name", b"x", acl=only("sasl", "alice"))
    alice.create("/sasl-auth", b"x", acl=only("auth", ""))
    same(alice.get_acls("/sasl-auth")[0], only("sasl", "alice"))
    for path in ("/sasl-name", "/sasl-auth"):
        same(alice.get(path)[0], b"x")
        raises(NoAuthError, other.get, path)
    alice.stop()
    other.stop()


def by_both():
    both = client(SECURE, **certified("bob"), **login("alice", "wonderland"))
    same(both.get("/by-name")[0], b"x")
    same(both.get("/sasl-name")[0], b"x")
    both.stop()


def wrong_password():
    zk = KazooClient(hosts=PLAIN, timeout=10.0, **login("alice", "Wonderland"))
    refused = threading.Event()
    zk.add_listener(lambda _: zk.client_state == KeeperState.AUTH_FAILED and refused.set())
    try:
        zk.start(timeout=WAIT)
    except (AuthFailedError, zk.handler.timeout_exception):
        pass
    assert refused.wait(WAIT) and not zk.connected, "it is %s" % zk.client_state
    zk.stop()


def run(claim, what):
    global failures
    try:
        claim()
        print("PASS kazoo: " + what)
    except BaseException:
        failures += 1
        print("FAIL kazoo: %s: %s" % (what, traceback.format_exc()))


run(by_certificate, "a certificate is an identity, by name and by auth")
run(large_frames, "large requests and answers pass through TLS")
run(by_password, "SASL DIGEST-MD5 logs in, by name and by auth")
run(by_both, "a certificate and SASL together are both identities")
run(wrong_password, "a wrong password is AuthFailed")
sys.exit(1 if failures else 0)
