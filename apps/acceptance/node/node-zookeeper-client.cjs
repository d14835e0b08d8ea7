/*
 * Every call of node-zookeeper-client against a server: one line `ok NAME` or `not ok NAME: WHY` for each.
 *
 *   node node-zookeeper-client.cjs MODULE HOST:PORT
 */
const assert = require('node:assert/strict');

const zookeeper = require(process.argv[2]);
// One server: elsewhere another client's change may be seen later.
const server = process.argv[3];
const { ACL, CreateMode, Event, Exception, Id, Permission, State } = zookeeper;
const ROOT = `/node-${process.pid}`;
const DEADLINE_MS = 20_000;

/** A method of a client as a promise of what its callback is given. */
const call = (client, method, ...args) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${method} is not answered`)), DEADLINE_MS);
    client[method](...args, (error, ...results) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(results);
    });
  });

const commit = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.commit((error, results) => (error ? reject(error) : resolve(results)));
  });

const code = (promise) =>
  promise.then(
    () => 'OK',
    (error) => error.getName?.() ?? String(error),
  );

const connected = (options = {}) =>
  new Promise((resolve, reject) => {
    const client = zookeeper.createClient(server, { sessionTimeout: 10_000, retries: 3, ...options });
    const timer = setTimeout(() => reject(new Error('no connection')), DEADLINE_MS);
    client.once('connected', () => {
      clearTimeout(timer);
      resolve(client);
    });
    client.connect();
  });

/** Sets a watch with `method` and resolves with the event after `change`. */
async function watched(client, method, path, change) {
  let told;
  const event = new Promise((resolve, reject) => {
    told = resolve;
    setTimeout(() => reject(new Error('no event')), DEADLINE_MS).unref();
  });
  await call(client, method, path, told);
  await change();
  return event;
}

const TESTS = {
  'connect - a session with an id, a password and a timeout': async (client) => {
    assert.equal(client.getState(), State.SYNC_CONNECTED);
    assert.equal(client.getSessionId().length, 8);
    assert.equal(client.getSessionPassword().length, 16);
    assert.equal(client.getSessionTimeout(), 10_000);
  },
  'create, getData': async (client) => {
    assert.deepEqual(await call(client, 'create', ROOT, Buffer.from('hello')), [ROOT]);
    const [data, stat] = await call(client, 'getData', ROOT);
    assert.equal(data.toString(), 'hello');
    assert.equal(stat.version, 0);
    assert.equal(stat.dataLength, 5);
    assert.deepEqual(stat.czxid, stat.mzxid);
  },
  'create, refused - NODE_EXISTS, NO_NODE': async (client) => {
    assert.equal(await code(call(client, 'create', ROOT)), 'NODE_EXISTS');
    assert.equal(await code(call(client, 'create', `${ROOT}/a/b`)), 'NO_NODE');
  },
  'create, modes - sequences, ephemerals': async (client) => {
    const create = (name, mode) => call(client, 'create', `${ROOT}/${name}`, null, null, CreateMode[mode]);
    const made = async (name, mode) => (await create(name, mode))[0].slice(ROOT.length + 1);
    assert.equal(await made('p-', 'PERSISTENT_SEQUENTIAL'), 'p-0000000000');
    assert.equal(await made('e-', 'EPHEMERAL_SEQUENTIAL'), 'e-0000000001');
    assert.equal(await made('e', 'EPHEMERAL'), 'e');
    const [stat] = await call(client, 'exists', `${ROOT}/e`);
    assert.deepEqual(stat.ephemeralOwner, client.getSessionId());
    assert.equal(await code(call(client, 'create', `${ROOT}/e/child`)), 'NO_CHILDREN_FOR_EPHEMERALS');
  },
  'close - ephemerals go with their session': async (client) => {
    const other = await connected();
    const path = `${ROOT}/mayfly`;
    await call(other, 'create', path, null, null, CreateMode.EPHEMERAL);
    const event = await watched(client, 'exists', path, async () => other.close());
    assert.equal(event.getType(), Event.NODE_DELETED);
    assert.deepEqual((await call(client, 'exists', path))[0], null);
  },
  'setData - versions': async (client) => {
    const [stat] = await call(client, 'setData', ROOT, Buffer.from('second'), 0);
    assert.equal(stat.version, 1);
    assert.equal(await code(call(client, 'setData', ROOT, Buffer.from('third'), 0)), 'BAD_VERSION');
    assert.equal(await code(call(client, 'setData', `${ROOT}/none`, Buffer.from('x'), -1)), 'NO_NODE');
  },
  getChildren: async (client) => {
    const [children, stat] = await call(client, 'getChildren', ROOT);
    assert.deepEqual(children.sort(), ['e', 'e-0000000001', 'p-0000000000']);
    assert.equal(stat.numChildren, 3);
  },
  'remove - NOT_EMPTY, BAD_VERSION, NO_NODE': async (client) => {
    assert.equal(await code(call(client, 'remove', ROOT, -1)), 'NOT_EMPTY');
    assert.equal(await code(call(client, 'remove', `${ROOT}/e`, 7)), 'BAD_VERSION');
    assert.equal(await code(call(client, 'remove', `${ROOT}/e`, 0)), 'OK');
    assert.equal(await code(call(client, 'remove', `${ROOT}/e`, -1)), 'NO_NODE');
  },
  'watch - data changed': async (client) => {
    const event = await watched(client, 'getData', ROOT, () =>
      call(client, 'setData', ROOT, Buffer.from('x'), -1),
    );
    assert.equal(event.getType(), Event.NODE_DATA_CHANGED);
    assert.equal(event.getPath(), ROOT);
  },
  'watch - created, of a node that is absent': async (client) => {
    const path = `${ROOT}/later`;
    const event = await watched(client, 'exists', path, () => call(client, 'create', path));
    assert.equal(event.getType(), Event.NODE_CREATED);
  },
  'watch - children changed': async (client) => {
    const path = `${ROOT}/later`;
    const event = await watched(client, 'getChildren', ROOT, () => call(client, 'remove', path, -1));
    assert.equal(event.getType(), Event.NODE_CHILDREN_CHANGED);
  },
  'mkdirp, listSubTreeBFS, removeRecursive': async (client) => {
    // Version 1.1.3 looks no deeper than this, whatever the server.
    await call(client, 'mkdirp', `${ROOT}/deep/er`);
    const [paths] = await call(client, 'listSubTreeBFS', `${ROOT}/deep`);
    assert.deepEqual(paths, [`${ROOT}/deep`, `${ROOT}/deep/er`]);
    await call(client, 'removeRecursive', `${ROOT}/deep`, -1);
    assert.deepEqual((await call(client, 'exists', `${ROOT}/deep`))[0], null);
  },
  'transaction - all or nothing': async (client) => {
    const path = `${ROOT}/multi`;
    const results = await commit(
      client.transaction().create(path).setData(path, Buffer.from('x'), 0).check(path, 1).remove(path, 1),
    );
    assert.equal(results.length, 4);
    assert.equal(results[1].stat.version, 1);
    const failing = client.transaction().create(path).check(ROOT, 12_345).create(`${path}/a`);
    await assert.rejects(commit(failing), (error) => error.getName() === 'BAD_VERSION');
    assert.deepEqual((await call(client, 'exists', path))[0], null);
  },
  'setACL, getACL, addAuthInfo': async (client) => {
    const path = `${ROOT}/guarded`;
    await call(client, 'create', path, Buffer.from('secret'));
    // The digest of user:password, as every implementation computes it.
    const digest = 'user:tpUq/4Pn5A64fVZyQ0gOJ8ZWqkY=';
    const [stat] = await call(
      client,
      'setACL',
      path,
      [new ACL(Permission.ALL, new Id('digest', digest))],
      -1,
    );
    assert.equal(stat.aversion, 1);
    assert.equal(await code(call(client, 'getData', path)), 'NO_AUTH');
    const other = await connected();
    other.addAuthInfo('digest', Buffer.from('user:password'));
    assert.equal((await call(other, 'getData', path))[0].toString(), 'secret');
    const [acls] = await call(other, 'getACL', path);
    assert.equal(acls[0].id.scheme, 'digest');
    await call(other, 'remove', path, -1);
    other.close();
  },
  chroot: async (client) => {
    const other = zookeeper.createClient(`${server}${ROOT}`, { sessionTimeout: 10_000 });
    await new Promise((resolve) => {
      other.once('connected', resolve);
      other.connect();
    });
    await call(other, 'create', '/inside');
    assert.notEqual((await call(client, 'exists', `${ROOT}/inside`))[0], null);
    await call(other, 'remove', '/inside', -1);
    other.close();
  },
  'exceptions have ZooKeeper’s codes': async (client) => {
    const error = await call(client, 'getData', `${ROOT}/none`).catch((reason) => reason);
    assert.equal(error.getCode(), Exception.NO_NODE);
    assert.match(error.toString(), /NO_NODE\[-101\]/);
  },
  'a thousand requests at once are answered in order': async (client) => {
    const path = `${ROOT}/counter`;
    await call(client, 'create', path);
    const versions = await Promise.all(
      Array.from({ length: 1000 }, () => call(client, 'setData', path, Buffer.from('x'), -1)),
    );
    assert.deepEqual(
      versions.map(([stat]) => stat.version),
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
  },
};

async function main() {
  const client = await connected();
  for (const [name, test] of Object.entries(TESTS)) {
    try {
      await test(client);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${String(error.stack ?? error).replaceAll('\n', ' ')}`);
    }
  }
  await call(client, 'removeRecursive', ROOT, -1);
  client.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.log(`not ok connect: ${error}`);
    process.exit(1);
  },
);
