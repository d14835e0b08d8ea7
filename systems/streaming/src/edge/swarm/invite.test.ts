/** Invites are lines that people copy: a whole one is read back, a damaged one says so. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeToken, issueInvite } from '@concordat/accountability';
import { createSignatures } from '@concordat/runtime';
import fc from 'fast-check';
import { flightPreset } from '../../config.ts';
import { TRACKER_ID } from './ids.ts';
import { decodeInvite, encodeInvite, type Invite } from './invite.ts';

const bytes = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value);
const signatures = createSignatures();
const terms = { issuer: TRACKER_ID, uses: 5000, lastEpoch: 90 };
const invite: Invite = {
  config: flightPreset({
    session: bytes(16, 1),
    broadcasterKey: bytes(32, 2),
    trackerKey: signatures.publicKeyOf(bytes(32, 3)),
  }),
  title: 'Film night, with ümlauts',
  tracker: { host: 'stream.example.org', port: 7300, pin: 'ab'.repeat(32) },
  joinPort: 7301,
  broadcaster: { host: 'stream.example.org', port: 7302, pin: 'cd'.repeat(32) },
  token: encodeToken(issueInvite(signatures, bytes(32, 4), bytes(32, 3), bytes(32, 5), terms)),
};
const line = encodeInvite(invite);

test('an invite is one line without blanks, and read back as it was', () => {
  assert.match(line, /^concordat-stream:[\w-]+$/);
  assert.ok(line.length < 1000);
  assert.deepEqual(decodeInvite(`  ${line}\n`), invite);
});

test('a damaged invite is told from a whole one, wherever the damage is', () => {
  for (const text of [
    '',
    'concordat-stream:',
    line.slice(0, -3),
    line.replace('concordat-stream:', 'stream:'),
  ])
    assert.equal(typeof decodeInvite(text), 'string', text);
  fc.assert(
    fc.property(
      fc.integer({ min: 17, max: line.length - 2 }),
      fc.constantFrom('A', 'b', '_', '9'),
      (at, char) => {
        const text = line.slice(0, at) + char + line.slice(at + 1);
        assert.ok(text === line || typeof decodeInvite(text) === 'string');
      },
    ),
  );
});

test('an invite to a stream in which honesty does not pay is refused, with the reason', () => {
  const unsound = { ...invite.config, keys: { ...invite.config.keys, askBytes: 1 } };
  assert.match(`${decodeInvite(encodeInvite({ ...invite, config: unsound }))}`, /unsound/);
});
