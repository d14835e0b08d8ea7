/** A daemon's keeping of changes, asked through its control socket: what is final is there, what comes too late is told. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { modelHash, modelSignatures } from '@concordat/crypto';
import {
  createKeeperService,
  createRecorder,
  encodeBody,
  KEEPER_DEFAULTS,
  OpCode,
  type Order,
  type Recorder,
  sessionIdOf,
} from '@concordat/keeper';
import { bodies } from '@concordat/keeper/frames';
import { createPrng } from '@concordat/kernel';
import { createLogger } from '@concordat/runtime';
import { createWriter, fromHex } from '@concordat/wire';
import { placesIn } from '../../config/organisation.ts';
import type { DomainState } from '../../domain/domain.ts';
import { archiveIn } from '../../keeper/changes/archive.ts';
import { type CopiedChanges, copyChanges, keepChanges } from '../../keeper/changes/copying.ts';
import { startControl } from '../control.ts';
import { createChangesJob } from './changes-job.ts';
import { openSpool, type SpoolLimits, spooledIn } from './spool.ts';

const directory = mkdtempSync(join(tmpdir(), 'job-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const FEDERATION = 'ab'.repeat(32);
const writer = createWriter();
const SESSION = sessionIdOf(0, 1);

/** Everything of a daemon that keeps changes. */
interface Keeping {
  readonly place: string;
  readonly out: string;
  readonly recorder: Recorder;
  /** Slots that are executed ahead. */
  readonly speculated: { readonly before: { readonly marks: { readonly service: number } } }[];
  /** Whether the journal has what was executed. */
  readonly isDurable: { promise: Promise<boolean> };
  /** Writes so many bytes in a transaction; gives its zxid. */
  write(bytes: number): number;
  copy(): Promise<CopiedChanges>;
  close(): Promise<void>;
}

async function keep(name: string, limits: SpoolLimits): Promise<Keeping> {
  const place = join(directory, name);
  const out = join(place, 'out');
  mkdirSync(out, { recursive: true });
  const inner = createKeeperService({
    hash: modelHash,
    signatures: modelSignatures,
    config: { ...KEEPER_DEFAULTS, names: ['alpha'] },
  });
  const spool = await openSpool(placesIn(place).changes, FEDERATION, limits);
  const recorder = createRecorder(inner, spool.end);
  const { service } = recorder;
  const speculated: Keeping['speculated'] = [];
  const isDurable = { promise: Promise.resolve(true) };
  const replica = { speculated, config: { cluster: fromHex(FEDERATION) } };
  const state = { recorder, replica } as unknown as DomainState;
  const host = { state, durable: () => isDurable.promise };
  const job = createChangesJob(host, spool, createLogger({ level: 'error', write: () => {} }));
  const control = await startControl(placesIn(place).control, (request) => job.answer(request));
  const execute = (...orders: Order[]): void => {
    const body = encodeBody({ gateway: 0, epoch: 1, identities: [[]], orders });
    const context = { domain: 0, client: 1, seq: 1, time: 1000, random: createPrng(1), emit: () => {} };
    service.advance(1000, () => {});
    service.execute(body, context);
  };
  execute(
    { kind: 'claim' },
    { kind: 'open', key: new Uint8Array(32), timeoutMs: 4000 },
    {
      kind: 'request',
      session: SESSION,
      identities: 0,
      ...request(bodies.create('/n', null), OpCode.create),
    },
  );
  return {
    ...{ place, out, recorder, speculated, isDurable },
    write: (bytes) => {
      const body = bodies.setData('/n', new Uint8Array(bytes).fill(service.keeper.meta.get().zxid));
      execute({ kind: 'request', session: SESSION, identities: 0, ...request(body, OpCode.setData) });
      return service.keeper.meta.get().zxid;
    },
    copy: () => copyChanges(place, out, (federation) => assert.equal(federation, FEDERATION)),
    close: async () => {
      await job.close();
      await control.close();
    },
  };
}

function request(body: ReturnType<typeof bodies.create>, op: number): { op: number; payload: Uint8Array } {
  body(writer);
  return { op, payload: writer.finish() };
}

it('has what is final, from when somebody first asked', async () => {
  const keeping = await keep('final', { fileBytes: 2 ** 20, allBytes: 2 ** 24 });
  keeping.write(10);
  assert.equal(keeping.recorder.isOn, false);
  await keepChanges(keeping.place);
  const first = keeping.write(11);
  const mark = keeping.recorder.service.mark();
  keeping.speculated.push({ before: { marks: { service: mark } } });
  const ahead = keeping.write(12);
  const one = await keeping.copy();
  assert.deepEqual(
    [one.files.map(({ from, end }) => [from.zxid, end.zxid]), one.gaps],
    [[[first - 1, first]], []],
  );
  // What was executed ahead is taken back, and something else is decided.
  keeping.recorder.service.rollback(mark);
  keeping.speculated.length = 0;
  assert.equal(keeping.write(13), ahead);
  const two = await keeping.copy();
  assert.deepEqual(
    two.files.map(({ from, end }) => [from.zxid, end.zxid]),
    [[first, ahead]],
  );
  assert.deepEqual((await keeping.copy()).files, []);
  await keeping.close();
});

it('has nothing that the journal does not have', async () => {
  const keeping = await keep('durable', { fileBytes: 2 ** 20, allBytes: 2 ** 24 });
  await keepChanges(keeping.place);
  const first = keeping.write(10);
  await keeping.copy();
  let settle: (isDurable: boolean) => void = () => {};
  keeping.isDurable.promise = new Promise((resolve) => {
    settle = resolve;
  });
  keeping.write(11);
  const copied = assert.rejects(keeping.copy(), { code: 'no-changes', message: /the daemon halts/ });
  await sleep(500);
  settle(false);
  await copied;
  assert.equal((await openSpool(placesIn(keeping.place).changes, FEDERATION)).end?.zxid, first);
  await keeping.close();
});

it('tells a gap to whoever comes too seldom', async () => {
  const keeping = await keep('gap', { fileBytes: 1000, allBytes: 4000 });
  const seldom = join(keeping.place, 'seldom');
  mkdirSync(seldom);
  const late = (): Promise<CopiedChanges> => copyChanges(keeping.place, seldom, () => {});
  await keepChanges(keeping.place);
  const early = keeping.write(10);
  assert.equal((await late()).files.at(-1)?.end.zxid, early);
  let last = early;
  for (let round = 0; round < 8; round++) {
    last = keeping.write(1100);
    const { files, gaps } = await keeping.copy();
    assert.deepEqual([files.length, files.at(-1)?.end.zxid, gaps], [1, last, []]);
  }
  const { files, gaps } = await late();
  assert.deepEqual([files.length, gaps.length], [1, 1]);
  assert.deepEqual([gaps[0]?.from.zxid, gaps[0]?.until.zxid], [early, files[0]?.from.zxid]);
  assert.equal(files[0]?.end.zxid, last);
  assert.deepEqual([archiveIn(seldom).files.length, archiveIn(keeping.out).files.length], [2, 8]);
  await keeping.close();
});

it('ends if nobody comes for so long, and begins again when somebody does', async () => {
  const keeping = await keep('nobody', { fileBytes: 1000, allBytes: 4000 });
  await keepChanges(keeping.place);
  const early = keeping.write(10);
  assert.equal((await keeping.copy()).files.length, 1);
  keeping.write(5000);
  for (let i = 0; keeping.recorder.isOn; i++) {
    assert.ok(i < 500, 'it ends');
    await sleep(20);
  }
  await sleep(50);
  assert.deepEqual(await spooledIn(placesIn(keeping.place).changes), []);
  const lost = keeping.write(20);
  const { files, gaps } = await keeping.copy();
  assert.deepEqual([files, gaps.map(({ from, until }) => [from.zxid, until.zxid])], [[], [[early, lost]]]);
  const again = keeping.write(30);
  const later = await keeping.copy();
  assert.deepEqual(
    later.files.map(({ from, end }) => [from.zxid, end.zxid]),
    [[lost, again]],
  );
  await keeping.close();
});
