/** Bytes of a learner's journal: both directions, golden, and what a damaged disk may hold. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import { decodeLearnerRecord, encodeLearnerRecord, type LearnerRecord } from './records.ts';

const digest = (value: number): Uint8Array => new Uint8Array(32).fill(value);

const request = {
  domain: 1,
  client: 2,
  seq: 3,
  acked: 2,
  body: Uint8Array.of(7, 8),
  signature: new Uint8Array(64).fill(9),
};

const records: readonly LearnerRecord[] = [
  { type: 'begin', losses: 2 },
  {
    type: 'batch',
    slot: 5,
    history: digest(1),
    batch: { time: 6, refs: [{ domain: 1, client: 2, seq: 3, digest: digest(2) }] },
    requests: [request],
  },
  {
    type: 'snapshot',
    slot: 8,
    history: digest(1),
    state: digest(2),
    roots: { core: digest(3), service: digest(4), configuration: digest(8) },
    parts: { core: [digest(5)], service: [digest(6), digest(7)] },
  },
  { type: 'part', part: 1, bytes: Uint8Array.of(1, 2, 3) },
  { type: 'snapshot-end' },
  { type: 'body', request },
];

test('records come back as they were', () => {
  for (const record of records)
    assert.deepEqual(decodeLearnerRecord(encodeLearnerRecord(record).slice()), record);
});

test('records that are cut, grown or damaged are refused, or are what another one encodes to', () => {
  const random = createPrng(1);
  for (const record of records) {
    const whole = encodeLearnerRecord(record).slice();
    assert.equal(decodeLearnerRecord(Uint8Array.from([...whole, 0])), null);
    for (let cut = 0; cut < whole.length; cut++)
      assert.equal(decodeLearnerRecord(whole.subarray(0, cut)), null);
    for (let i = 0; i < 500; i++) {
      const damaged = whole.slice();
      const at = random.below(damaged.length);
      damaged[at] = random.below(256);
      const decoded = decodeLearnerRecord(damaged);
      if (decoded !== null) assert.ok(equalBytes(encodeLearnerRecord(decoded), damaged));
    }
  }
});

test('golden bytes: what one version wrote, all later ones recover', () => {
  const hex = records.map((record) => toHex(encodeLearnerRecord(record)));
  assert.equal(hex[0], '010000000000000002');
  assert.equal(
    hex[1],
    `020000000000000005${'01'.repeat(32)}000000000000000600000001` +
      `000100000000000000020000000000000003${'02'.repeat(32)}` +
      `00000001${'0001'}${'0000000000000002'}${'0000000000000003'}${'0000000000000002'}000000020708${'09'.repeat(64)}`,
  );
  assert.equal(
    hex[2],
    `030000000000000008${'01'.repeat(32)}${'02'.repeat(32)}${'03'.repeat(32)}${'04'.repeat(32)}${'08'.repeat(32)}` +
      `00000001${'05'.repeat(32)}00000002${'06'.repeat(32)}${'07'.repeat(32)}`,
  );
  assert.equal(hex[3], '040000000100000003010203');
  assert.equal(hex[4], '05');
  assert.equal(
    hex[5],
    `06${'0001'}${'0000000000000002'}${'0000000000000003'}${'0000000000000002'}000000020708${'09'.repeat(64)}`,
  );
});
