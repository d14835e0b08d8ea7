/**
 * The runtime's own costs, in a size that runs as a test: it asserts counts and prints rates. `BENCH_SCALE=100` makes
 * it long enough to compare figures, side by side on one machine.
 */

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { createPrng, type Process } from '@concordat/kernel';
import { createLengthSplitter } from './framing.ts';
import { createClock } from './host/clock.ts';
import { startTurnLoop } from './host/turns.ts';
import { createJournal, openJournal } from './journal/open.ts';
import { decodeFrame, encodeFrames } from './links/frame.ts';

const SCALE = Number(process.env['BENCH_SCALE'] ?? 1);

const rate = (count: number, started: number): string =>
  `${Math.round((count / (performance.now() - started)) * 1000)}/s`;

async function freshJournal(sync: 'blocking' | 'threadpool') {
  const directory = fs.mkdtempSync(`${tmpdir()}/concordat-bench-`);
  await createJournal(directory);
  return openJournal(directory, { sync });
}

for (const sync of ['blocking', 'threadpool'] as const) {
  test(`journal: commits of one record and of 64 (${sync})`, async (t) => {
    for (const [commits, records] of [
      [20 * SCALE, 1],
      [10 * SCALE, 64],
    ] as const) {
      const journal = await freshJournal(sync);
      const record = new Uint8Array(200);
      const started = performance.now();
      for (let i = 0; i < commits; i++) {
        const durable = new Promise<void>((resolve, reject) =>
          journal.listen({ durable: resolve, failed: reject }),
        );
        for (let j = 0; j < records; j++) journal.append(record);
        journal.commit();
        await durable;
      }
      t.diagnostic(`${records} per commit: ${rate(commits, started)} commits`);
      assert.equal(journal.durable, commits * records);
      await journal.close();
    }
  });
}

test('turns: an injected action each, without disk', async (t) => {
  const count = 200 * SCALE;
  const journal = await freshJournal('blocking');
  const counter: Process<{ turns: number }, string> = {
    start: () => ({ turns: -1 }),
    receive: () => {},
    timeout: () => {},
    settle: (state) => {
      state.turns++;
    },
  };
  const loop = await startTurnLoop({
    self: 0,
    process: counter,
    journal,
    clock: createClock(),
    random: createPrng(1),
    secret: (sizeBytes) => new Uint8Array(sizeBytes),
    exit: () => undefined,
    offload: () => {},
    flushJobs: () => {},
    onNote: () => {},
    onHalt: (error) => assert.fail(error.message),
    observer: { turn: () => {}, synced: () => {} },
    invariantsEvery: 0,
    onStarting: () => {},
  });
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const next = (): void => {
      if (loop.state.turns === count) resolve();
      else {
        loop.inject(() => {});
        setImmediate(next);
      }
    };
    next();
  });
  t.diagnostic(`turns: ${rate(count, started)}`);
  assert.equal(loop.state.turns, count);
  await loop.finish();
  await journal.close();
});

test('frames: 64 messages of 100 bytes, written, split and read', (t) => {
  const count = 200 * SCALE;
  const messages = Array.from({ length: 64 }, (_, i) => new Uint8Array(100).fill(i));
  const splitter = createLengthSplitter(1024 * 1024);
  const started = performance.now();
  let read = 0;
  for (let i = 0; i < count; i++) {
    const block = encodeFrames(messages, 64 * 104);
    const bytes = new Uint8Array(block.buffer, block.byteOffset, block.length);
    splitter.push(bytes, (payload) => {
      read += decodeFrame(payload)?.length ?? 0;
    });
  }
  t.diagnostic(`messages: ${rate(count * 64, started)}`);
  assert.equal(read, count * 64);
});
