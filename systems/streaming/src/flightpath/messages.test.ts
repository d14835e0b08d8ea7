/** Messages of membership on the wire: one form each, bounded, and of the sizes that caps count. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import fc from 'fast-check';
import { flightPreset } from '../config.ts';
import { emptyDelta, signDelta } from '../membership/delta.ts';
import { createEpochHead, signEpochHead } from '../membership/epoch-list.ts';
import { signTicket } from '../membership/ticket.ts';
import { sampleKeys, sampleMember, sampleVrfKey } from '../testing/sample-members.ts';
import { EVIDENCE_ROOM, type TrackerMessage } from '../tracker/messages.ts';
import { nextPages } from '../tracker/next-pages.ts';
import { createFlightCodec, isMembership, membershipBytes } from './messages.ts';

const codec = createFlightCodec(
  flightPreset({
    session: new Uint8Array(16),
    broadcasterKey: new Uint8Array(32),
    trackerKey: new Uint8Array(32),
  }),
);
const keys = sampleKeys(1);
const stream = new Uint8Array(32);
const members = Array.from({ length: 70 }, (_, i) => ({
  ...sampleMember(i),
  address: `höst-${i}.example:99`,
}));
const ticket = signTicket(keys, stream, { epoch: 2, place: 71, startRound: 90, member: sampleMember(71) });
const head = signEpochHead(
  keys,
  stream,
  createEpochHead(
    modelHash,
    2,
    80,
    nextPages([], members, () => true),
  ),
);
const { publicKey } = sampleMember(9);

const SAMPLES: readonly TrackerMessage[] = [
  {
    kind: 'join',
    publicKey,
    vrfKey: sampleVrfKey(9),
    certificate: new Uint8Array(2304).fill(3),
    address: 'peer.example:4000',
    token: Uint8Array.of(1, 2, 3),
    signature: new Uint8Array(64).fill(7),
  },
  { kind: 'welcome', ticket, head, helpers: members.slice(0, 4) },
  { kind: 'refused', reason: 'full', retryAfterMs: 10_000 },
  { kind: 'ping', nonce: 5, epoch: 2, known: 1, wantsTickets: true, evidence: Uint8Array.of(9, 9) },
  { kind: 'pong', nonce: 5, sessionMs: 81_000.5, signature: new Uint8Array(64), epoch: 2, suspects: [3, 4] },
  { kind: 'epoch-ask', epoch: 2 },
  { kind: 'epoch', head },
  { kind: 'page-ask', epoch: 2, wanted: Uint8Array.of(3) },
  { kind: 'page', epoch: 2, page: 1, members: members.slice(64) },
  { kind: 'delta', head: signDelta(keys, stream, emptyDelta(modelHash, 2)), tickets: [ticket, ticket] },
  { kind: 'leave' },
  { kind: 'removals', removed: [{ id: 7, why: 'left', round: 300 }] },
];

describe('messages of membership', () => {
  it('are the same after a journey, and as large as they count for', () => {
    for (const message of SAMPLES) {
      const bytes = codec.encode(message);
      const decoded = codec.decode(bytes);
      assert.deepEqual(decoded, message);
      assert.ok(decoded !== null && isMembership(decoded));
      assert.equal(membershipBytes(message), bytes.length, message.kind);
    }
  });

  it('have these bytes, for good', () => {
    const all = createHash('sha256');
    for (const message of SAMPLES) all.update(codec.encode(message));
    assert.equal(all.digest('hex').slice(0, 16), GOLDEN);
  });

  it('have no second spelling: a changed byte is another message or none', () => {
    for (const message of SAMPLES) {
      const bytes = codec.encode(message);
      const step = Math.max(1, Math.floor(bytes.length / 200));
      for (let at = 0; at < bytes.length; at += step) {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ 0x81;
        const decoded = codec.decode(changed);
        if (decoded !== null) assert.deepEqual(codec.encode(decoded), changed);
      }
      assert.equal(codec.decode(bytes.subarray(0, bytes.length - 1)), null);
      assert.equal(codec.decode(Uint8Array.of(...bytes, 0)), null);
    }
  });

  it('are never thrown about, whatever arrives', () => {
    const anything = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fc.constantFrom(64, 65), fc.nat(13), anything, (kind, type, rest) => {
        const bytes = Uint8Array.of(kind, type, ...rest);
        const decoded = codec.decode(bytes);
        if (decoded !== null) assert.deepEqual(codec.encode(decoded), bytes);
      }),
    );
  });

  it('refuse a ping whose room is not filled with zeros', () => {
    const bytes = codec.encode(SAMPLES[3] as TrackerMessage);
    assert.equal(bytes.length, 2 + 13 + 4 + EVIDENCE_ROOM);
    bytes[bytes.length - 1] = 1;
    assert.equal(codec.decode(bytes), null);
  });
});

const GOLDEN = '0c2acc7e40f4f439';
