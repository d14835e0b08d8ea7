/** A large state has many parts, and the list of them must be taken by whoever restarts, or fetches it, as it was written. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIGEST_BYTES } from '@concordat/crypto';
import { type Digest, MAX_FRAME_BYTES } from '@concordat/kernel';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import { decodeRecord, encodeRecord } from '../replica/records.ts';
import { MAX_PARTS } from './roots.ts';

const digest = (fill: number): Digest => new Uint8Array(DIGEST_BYTES).fill(fill);
const roots = { core: digest(1), service: digest(2), configuration: digest(3) };
const parts = { core: [digest(4)], service: Array.from({ length: MAX_PARTS }, (_, i) => digest(i % 251)) };

test('the parts of a state of gigabytes travel in one frame', () => {
  // A million nodes of 1,000 bytes have 125,000.
  assert.ok(MAX_PARTS > 400_000);
  const bytes = encodeMessage({ type: 'manifest', slot: 128, roots, parts });
  assert.ok(bytes.length < MAX_FRAME_BYTES);
  const found = decodeMessage(bytes);
  assert.ok(found?.type === 'manifest');
  assert.equal(found.parts.service.length, MAX_PARTS);
});

test('and so they are read from the journal', () => {
  const found = decodeRecord(encodeRecord({ type: 'snapshot', certificate: [], roots, parts }));
  assert.ok(found?.type === 'snapshot');
  assert.equal(found.parts.service.length, MAX_PARTS);
});
