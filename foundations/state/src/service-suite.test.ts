/**
 * A small service on `state` passes the service suite, and the suite rejects broken variants of it: the tests of
 * every other service rest on that.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import type { Service } from '@concordat/kernel';
import { type ServiceDriver, serviceSuite } from '@concordat/kernel/compliance';
import { createReader, createWriter, utf8 } from '@concordat/wire';
import { createState, numberKey } from './index.ts';

const NONE = new Uint8Array(0);

const registerCodec = {
  ...numberKey,
  encode: (value: Uint8Array) => value,
  decode: (bytes: Uint8Array) => bytes,
};

/** A register bank: operations write or clear a register, replies tell what it held. */
function createRegisters(version = 1): Service {
  const state = createState({ hash: modelHash, version, versions: [1, 2] });
  const plain = state.map('registers', registerCodec);
  // The second version keeps what was written the other way round.
  const reversed = state.map('reversed', registerCodec);
  const present = () => (state.version() === 1 ? plain : reversed);
  const ticks = state.cell('ticks', { encode: encodeTicks, decode: decodeTicks }, 0);
  return {
    version: state.version,
    versions: state.versions,
    switchTo: (next) => {
      for (const key of plain.sortedKeys()) {
        reversed.set(key, (plain.get(key) ?? NONE).slice().reverse());
        plain.delete(key);
      }
      state.switchTo(next);
    },
    digest: state.digest,
    mark: state.mark,
    rollback: state.rollback,
    release: state.release,
    snapshot: state.snapshot,
    restore: state.restore,
    execute: (op, context) => {
      const reader = createReader(op);
      const key = reader.u8();
      const value = reader.bytes(64);
      if (reader.finish(true) === null) return utf8('malformed');
      const registers = present();
      const before = registers.get(key);
      if (value.length === 0) registers.delete(key);
      else registers.set(key, state.version() === 1 ? value : value.slice().reverse());
      context.emit(utf8(`wrote ${key} at ${context.time} drawing ${context.random.below(100)}`));
      return before ?? utf8('empty');
    },
    query: (op) => present().get(op[0] ?? 0) ?? utf8('empty'),
    advance: () => ticks.set(ticks.get() + 1),
  };
}

function encodeTicks(ticks: number): Uint8Array {
  const writer = createWriter();
  writer.u53(ticks);
  return writer.finish();
}

function decodeTicks(bytes: Uint8Array): number | null {
  const reader = createReader(bytes);
  return reader.finish(reader.u53());
}

const driverOf = (create: ServiceDriver['create']): ServiceDriver => ({
  create,
  operation: (random) => {
    const writer = createWriter();
    writer.u8(random.below(30));
    writer.bytes(Uint8Array.from({ length: random.below(64) }, () => random.below(256)));
    return writer.finish();
  },
  query: (random) => Uint8Array.of(random.below(30)),
});

describe('a service on state', () => {
  for (const { name, run } of serviceSuite(driverOf(createRegisters))) it(name, run);
});

type Variant = (honest: Service) => Partial<Service>;

let ambient = 0;

const broken: Record<string, Variant> = {
  'depends on what other instances did': () => ({ query: () => Uint8Array.of(ambient++ & 0xff) }),
  'changes on a query': (honest) => ({
    query: (op) => {
      honest.advance(0, () => {});
      return honest.query(op);
    },
  }),
  'throws on a malformed operation': (honest) => ({
    execute: (op, context) => {
      const reply = honest.execute(op, context);
      if (reply.length === 9) throw new Error('malformed');
      return reply;
    },
  }),
  'ignores rollbacks': () => ({ rollback: () => {} }),
  'keeps its digest': () => ({ digest: () => new Uint8Array(32) }),
  'forgets a part of its behaviour in a rollback': (honest) => {
    let replies = 0;
    return { execute: (op, context) => Uint8Array.of(...honest.execute(op, context), replies++ & 0xff) };
  },
  'reads snapshots from the present': (honest) => ({ snapshot: () => honest.snapshot(honest.mark()) }),
  'keeps a view of an operation': (honest) => {
    let kept: Uint8Array = new Uint8Array(1);
    return {
      execute: (op, context) => {
        const reply = Uint8Array.of(...honest.execute(op, context), kept[0] ?? 0);
        kept = op.subarray(0, 1);
        return reply;
      },
    };
  },
  'accepts any part': (honest) => ({
    restore: (digest, parts) => {
      const restore = honest.restore(digest, parts);
      return restore && { ...restore, offer: () => true };
    },
  }),
  'accepts any list of parts': (honest) => ({
    restore: (digest, parts) =>
      honest.restore(digest, parts) ?? { offer: () => false, missing: () => [0], finish: () => {} },
  }),
  'migrates what it remembers beside the state': (honest) => {
    let executed = 0;
    return {
      execute: (op, context) => {
        executed += 1;
        return honest.execute(op, context);
      },
      switchTo: (version) => {
        honest.switchTo(version);
        honest.advance(0, () => {});
        if (executed % 2 === 0) honest.advance(0, () => {});
      },
    };
  },
  'stays of the newer version in a rollback': (honest) => {
    let latest = 1;
    return {
      version: () => Math.max(latest, honest.version()),
      switchTo: (version) => {
        honest.switchTo(version);
        latest = version;
      },
    };
  },
  'restores its newest version alone': (honest) => ({
    restore: (digest, parts) => (honest.version() === 2 ? honest.restore(digest, parts) : null),
  }),
};

describe('the service suite', () => {
  for (const [name, variant] of Object.entries(broken)) {
    it(`rejects a service that ${name}`, () => {
      const create = (version?: number): Service => {
        const honest = createRegisters(version);
        return { ...honest, ...variant(honest) };
      };
      assert.throws(() => {
        for (const { run } of serviceSuite(driverOf(create))) run();
      });
    });
  }
});
