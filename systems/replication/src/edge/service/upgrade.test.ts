/** A service gets another version: fields, collections and operations change, and the state goes over. */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng, HaltError, type Service } from '@concordat/kernel';
import { serviceSuite } from '@concordat/kernel/compliance';
import type { Reader } from '@concordat/wire';
import type { Codec } from './codecs.ts';
import { decodeReply, encodeCall } from './frames.ts';
import { bool, defineService, type OperationCodecs, record, refuse, text, u53 } from './index.ts';

const name = text(32);

/** Accounts with balances. */
const first = defineService({
  version: 1,
  state: (declare) => ({
    accounts: declare.table('accounts', name, u53),
    opened: declare.cell('opened', u53, 0),
    notes: declare.table('notes', name, text(64)),
  }),
  operations: {
    open: {
      input: record({ account: name }),
      output: bool,
      execute: ({ state }, { account }) => {
        if (state.accounts.has(account)) return refuse('taken');
        state.accounts.set(account, 0);
        state.opened.set(state.opened.get() + 1);
        state.notes.set(account, 'new');
        return true;
      },
    },
    pay: {
      input: record({ account: name, amount: u53 }),
      output: u53,
      execute: ({ state, emit }, { account, amount }) => {
        const balance = (state.accounts.get(account) ?? 0) + amount;
        state.accounts.set(account, balance);
        emit(account);
        return balance;
      },
    },
  },
  queries: {
    balance: { input: name, output: u53, answer: ({ state }, account) => state.accounts.get(account) ?? 0 },
    opened: { input: record({}), output: u53, answer: ({ state }) => state.opened.get() },
  },
  event: name,
});

const account = record({ balance: u53, currency: text(3) });

/** Accounts have a currency now, payments name it, notes are gone, and there is a journal of them. */
const second = defineService({
  version: 2,
  former: first,
  state: (declare) => ({
    accounts: declare.table('accounts.2', name, account),
    opened: declare.cell('opened', u53, 0),
    journal: declare.table('journal', u53, name),
  }),
  migrate: ({ former, state }) => {
    for (const id of former.accounts.sortedKeys())
      state.accounts.set(id, { balance: former.accounts.get(id) ?? 0, currency: 'EUR' });
  },
  operations: {
    open: {
      input: record({ account: name }),
      output: bool,
      execute: ({ state }, { account: id }) => {
        if (state.accounts.has(id)) return refuse('taken');
        state.accounts.set(id, { balance: 0, currency: 'EUR' });
        state.opened.set(state.opened.get() + 1);
        return true;
      },
    },
    pay: {
      input: record({ account: name, amount: u53, currency: text(3) }),
      output: account,
      execute: ({ state, emit }, { account: id, amount, currency }) => {
        const before = state.accounts.get(id) ?? { balance: 0, currency };
        if (before.currency !== currency) return refuse('other-currency');
        const after = { balance: before.balance + amount, currency };
        state.accounts.set(id, after);
        state.journal.set(state.journal.size, id);
        emit(id);
        return after;
      },
    },
    close: {
      input: record({ account: name }),
      output: bool,
      execute: ({ state }, { account: id }) => state.accounts.delete(id),
    },
  },
  queries: {
    balance: {
      input: name,
      output: u53,
      answer: ({ state }, id) => state.accounts.get(id)?.balance ?? 0,
    },
    opened: { input: record({}), output: u53, answer: ({ state }) => state.opened.get() },
    paid: { input: record({}), output: u53, answer: ({ state }) => state.journal.size },
  },
  event: name,
});

/** What both versions know of their operations. */
type Calls = Readonly<Record<string, OperationCodecs<never, unknown>>>;

const callOf = (kind: 'operation' | 'query', calls: object, of: string, args: unknown): Uint8Array => {
  const codecs = (calls as Calls)[of];
  assert.ok(codecs !== undefined, of);
  return encodeCall(kind, of, codecs as { input: Codec<unknown>; output: Codec<unknown> }, args);
};

let seq = 0;

function executed(service: Service, op: Uint8Array, read: (from: Reader) => unknown): unknown {
  seq += 1;
  const context = { domain: 0, client: 1, seq, time: seq, random: createPrng(1), emit: () => {} };
  const reply = decodeReply(service.execute(op, context), read);
  return reply?.status === 'ok' ? reply.value : reply && `${reply.code}: ${reply.detail}`.replace(/: $/, '');
}

/** Executes an operation as a client of this definition. */
function run(service: Service, by: { readonly operations: object }, of: string, args: unknown): unknown {
  const { output } = (by.operations as Calls)[of] as OperationCodecs<never, unknown>;
  return executed(service, callOf('operation', by.operations, of, args), output.read);
}

function ask(service: Service, by: { readonly queries: object }, of: string, args: unknown = {}): unknown {
  const { output } = (by.queries as Calls)[of] as OperationCodecs<never, unknown>;
  const reply = decodeReply(service.query(callOf('query', by.queries, of, args)), output.read);
  return reply?.status === 'ok' ? reply.value : `${reply?.code}`;
}

const create = (version?: number): Service =>
  second.create({ hash: modelHash, ...(version !== undefined && { version }) });

describe('a service of two versions', () => {
  const accounts = ['ann', 'bob', 'cid'];
  for (const { name: title, run: check } of serviceSuite({
    create,
    operation: (random) => {
      const id = random.pick(accounts);
      const amount = random.below(9);
      return random.pick([
        callOf('operation', first.operations, 'open', { account: id }),
        callOf('operation', first.operations, 'pay', { account: id, amount }),
        callOf('operation', second.operations, 'pay', { account: id, amount, currency: 'EUR' }),
        callOf('operation', second.operations, 'close', { account: id }),
      ]);
    },
    query: (random) => callOf('query', second.queries, 'balance', random.pick(accounts)),
  }))
    it(title, check);
});

test('operations are those of the version in force, for clients of either', () => {
  const service = create(1);
  const inForce = (version: number, what: string): string =>
    `version ${version} of the service, which is in force, ${what}`;
  assert.equal(
    run(service, second, 'open', { account: 'ann' }),
    true,
    'what has not changed, both may ask for',
  );
  assert.equal(run(service, first, 'pay', { account: 'ann', amount: 3 }), 3);
  assert.equal(
    run(service, second, 'pay', { account: 'ann', amount: 1, currency: 'EUR' }),
    `other-version: ${inForce(1, 'has it in another form')}`,
  );
  assert.equal(
    run(service, second, 'close', { account: 'ann' }),
    `unknown-operation: ${inForce(1, 'has no such')}`,
  );
  assert.equal(ask(service, second, 'paid'), 'unknown-operation');
  assert.equal(ask(service, second, 'balance', 'ann'), 3);

  service.switchTo(2);
  assert.equal(ask(service, first, 'balance', 'ann'), 3, 'the balance went over');
  assert.equal(ask(service, first, 'opened'), 1, 'what keeps its name stays');
  assert.equal(
    run(service, first, 'pay', { account: 'ann', amount: 1 }),
    `other-version: ${inForce(2, 'has it in another form')}`,
  );
  assert.deepEqual(run(service, second, 'pay', { account: 'ann', amount: 1, currency: 'EUR' }), {
    balance: 4,
    currency: 'EUR',
  });
  assert.equal(run(service, first, 'open', { account: 'ann' }), 'taken');
  assert.equal(ask(service, second, 'paid'), 1);
});

test('a binary of the former version alone, and one with both, are one until the switch', () => {
  const [older, newer] = [first.create({ hash: modelHash }), create(1)];
  assert.deepEqual([older.versions, newer.versions], [[1], [1, 2]]);
  assert.equal(first.version, 1);
  for (const service of [older, newer]) {
    run(service, first, 'open', { account: 'ann' });
    run(service, first, 'pay', { account: 'bob', amount: 2 });
    run(service, second, 'pay', { account: 'bob', amount: 2, currency: 'EUR' });
  }
  assert.deepEqual(newer.digest(), older.digest());
});

test('after the switch a binary that no longer has the former version goes on: it need not know its collections', () => {
  const { former: _former, migrate: _migrate, ...alone } = second.definition;
  const later = defineService({ ...alone, version: 2 } as Parameters<typeof defineService>[0]);
  const service = create(1);
  run(service, first, 'open', { account: 'ann' });
  run(service, first, 'pay', { account: 'bob', amount: 2 });
  const before = service.mark();
  service.switchTo(2);
  const restored = later.create({ hash: modelHash });
  assert.deepEqual(restored.versions, [2]);
  const offer = (mark: number): boolean => {
    const snapshot = service.snapshot(mark);
    const digests = Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
    const restore = restored.restore(snapshot.digest, digests);
    if (restore === null) return false;
    const isTaken = digests.every((_, part) => restore.offer(part, snapshot.read(part).slice()));
    if (isTaken) restore.finish();
    return isTaken;
  };
  assert.equal(offer(before), false, 'the former version is none of its own');
  assert.equal(offer(service.mark()), true);
  assert.equal(ask(restored, second, 'balance', 'bob'), 2);
  assert.deepEqual(restored.digest(), service.digest());
  assert.equal(
    later.create({ hash: modelHash, version: 1 }).version(),
    2,
    'it begins with the oldest it has',
  );
});

test('a migration that throws halts, and says which', () => {
  const failing = defineService({
    version: 2,
    former: first,
    state: () => null,
    operations: {},
    event: name,
    migrate: () => {
      throw new Error('no such account');
    },
  });
  const service = failing.create({ hash: modelHash, version: 1 });
  run(service, first, 'open', { account: 'ann' });
  assert.throws(
    () => service.switchTo(2),
    (error) => error instanceof HaltError && /version 2 threw: mend it.*no such account/.test(error.message),
  );
  assert.equal(service.version(), 1);
});

test('three versions follow on one another, and a switch goes through all of them', () => {
  const third = defineService({
    version: 5,
    former: second,
    state: (declare) => ({ total: declare.cell('total', u53, 0) }),
    operations: {},
    queries: { total: { input: record({}), output: u53, answer: ({ state }) => state.total.get() } },
    event: name,
    migrate: ({ former, state }) => {
      for (const id of former.accounts.sortedKeys())
        state.total.set(state.total.get() + (former.accounts.get(id)?.balance ?? 0));
    },
  });
  const make = (version?: number): Service =>
    third.create({ hash: modelHash, ...(version !== undefined && { version }) });
  const [atOnce, inSteps] = [make(1), make(1)];
  assert.deepEqual(atOnce.versions, [1, 2, 5]);
  assert.equal(make().version(), 5);
  for (const service of [atOnce, inSteps]) {
    run(service, first, 'pay', { account: 'ann', amount: 3 });
    run(service, first, 'pay', { account: 'bob', amount: 4 });
  }
  atOnce.switchTo(5);
  inSteps.switchTo(2);
  inSteps.switchTo(5);
  assert.equal(ask(atOnce, third, 'total'), 7);
  assert.deepEqual(atOnce.digest(), inSteps.digest());
  assert.throws(() => atOnce.switchTo(2), /switches to a version/);
  assert.throws(() => make(2).switchTo(4), /switches to a version/);
});

test('what cannot follow on a version is refused where it is defined or created', () => {
  const next = { version: 2, former: first, operations: {}, event: name };
  assert.throws(() => defineService({ ...next, version: 1, state: () => null }), /follows on an earlier one/);
  assert.throws(() => defineService({ ...next, event: u53, state: () => null }), /events keep their form/);
  assert.throws(
    () => defineService({ version: 1, state: () => null, operations: {}, migrate: () => {} }),
    /a former version to migrate from/,
  );
  const changed = defineService({
    ...next,
    state: (declare) => declare.table('accounts', name, account),
  });
  assert.throws(() => changed.create({ hash: modelHash }), /'accounts' keeps its form/);
  const begun = defineService({ ...next, state: (declare) => declare.cell('opened', u53, 1) });
  assert.throws(() => begun.create({ hash: modelHash }), /'opened' keeps its form/);
});
