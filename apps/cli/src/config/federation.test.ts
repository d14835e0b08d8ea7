/** How often a federation looks for ended nodes is read as it was written, obeyed, and part of what names the federation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '@concordat/wire';
import { keeperConfigOf } from '../daemon/daemon.ts';
import { formatFederation, parseFederation } from './federation.ts';

const hex = (fill: number): string => toHex(new Uint8Array(32).fill(fill));
const MEMBER = { name: 'alpha', address: '127.0.0.1:1', key: hex(0xab), pin: hex(0xcd) };

test('sweeps are part of what all members agree on', () => {
  const read = (sweepMs?: number) =>
    parseFederation(formatFederation(0, 0, [MEMBER], { sweepMs }), 'federation.yaml');
  assert.equal(read().sweepMs, undefined);
  assert.equal(read(250).sweepMs, 250);
  assert.equal(keeperConfigOf(read(), 500).sweepMs, 60_000);
  assert.equal(keeperConfigOf(read(250), 500).sweepMs, 250);
  const ids = [read(), read(250), read(60_000)].map(({ id }) => toHex(id));
  assert.equal(new Set(ids).size, 3);
  for (const sweepMs of [99, 86_400_001, 250.5])
    assert.throws(() => read(sweepMs), {
      code: 'bad-federation',
      message: /^federation\.yaml:\d+: sweepMs: /,
    });
});
