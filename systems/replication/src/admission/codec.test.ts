/** Bytes of the request quorum's messages: golden, the same after a round trip, and refused if they are anything else. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAC_BYTES } from '@concordat/crypto';
import { toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Request } from '../request.ts';
import { UNSIGNED } from './codec.ts';
import type { AdmissionMessage } from './messages.ts';

const digest = new Uint8Array(32).fill(0xdd);
const ref = { domain: 1, client: 2, seq: 3, digest };
const request: Request = { domain: 1, client: 2, seq: 3, acked: 2, body: utf8('b'), signature: UNSIGNED };
const mac = new Uint8Array(MAC_BYTES).fill(0xaa);
const row = new Uint8Array(2 * MAC_BYTES).fill(0xbb);
const inline = { acked: 2, body: utf8('b') };

const MARK = '000100000000000000020000000000000003';
const REF = `${MARK}${'dd'.repeat(32)}`;
const CONTENT = `${MARK}00000000000000020000000162`;
const INLINE = '01' + '0000000000000002' + '0000000162';
const TAGS = `00000020${'bb'.repeat(32)}`;

const samples: readonly (readonly [AdmissionMessage, string])[] = [
  [{ type: 'filter-request', request, mac }, `20${CONTENT}${'aa'.repeat(16)}`],
  [{ type: 'entry', ref, inline, bodyBytes: 1, row }, `21${REF}${INLINE}00000001${TAGS}`],
  [{ type: 'entry', ref, inline: null, bodyBytes: 999, row }, `21${REF}00000003e7${TAGS}`],
  [
    {
      type: 'vouchers',
      isUrgent: true,
      vouchers: [
        {
          ref,
          inline: null,
          rows: [
            { filter: 0, tags: row },
            { filter: 3, tags: row },
          ],
        },
      ],
    },
    `220100000001${REF}000000000200${TAGS}03${TAGS}`,
  ],
  [{ type: 'adopt', ref, content: inline }, `23${REF}${INLINE}`],
  [{ type: 'adopt', ref, content: null }, `23${REF}00`],
  [{ type: 'fetch-body', ref }, `24${REF}`],
  [{ type: 'body', request }, `25${CONTENT}`],
  [{ type: 'body-denied', ref }, `26${REF}`],
  [
    { type: 'completed', view: 7, done: [{ domain: 1, client: 2, seq: 3 }] },
    `27000000000000000700000001${MARK}`,
  ],
  [{ type: 'await-completed', marks: [{ domain: 1, client: 2, seq: 3 }] }, `2900000001${MARK}`],
  [{ type: 'await-replies', domain: 1, client: 2, seq: 3, mac }, `28${MARK}${'aa'.repeat(16)}`],
];

describe('messages of a request quorum', () => {
  for (const [message, golden] of samples) {
    it(`${message.type} has these bytes`, () => {
      assert.equal(toHex(encodeMessage(message)), golden);
      assert.deepEqual(decodeMessage(encodeMessage(message)), message);
    });
    it(`${message.type} is refused cut short, or with more after it`, () => {
      const bytes = encodeMessage(message);
      for (let size = 0; size < bytes.length; size++) assert.equal(decodeMessage(bytes.slice(0, size)), null);
      assert.equal(decodeMessage(Uint8Array.of(...bytes, 0)), null);
    });
  }

  it('have one form: whatever decodes encodes to the same bytes', () => {
    const golden = samples.map(([message]) => encodeMessage(message));
    fc.assert(
      fc.property(fc.constantFrom(...golden), fc.nat(), fc.nat(255), (bytes, at, value) => {
        const changed = bytes.slice();
        changed[at % bytes.length] = value;
        const message = decodeMessage(changed);
        if (message !== null) assert.deepEqual(encodeMessage(message), changed);
      }),
      { numRuns: 2000 },
    );
  });

  it('have rows in order, of whole tags', () => {
    const rows = [
      { filter: 3, tags: row },
      { filter: 0, tags: row },
    ];
    const bytes = encodeMessage({
      type: 'vouchers',
      isUrgent: false,
      vouchers: [{ ref, inline: null, rows }],
    });
    assert.equal(decodeMessage(bytes), null);
    const entry: AdmissionMessage = { type: 'entry', ref, inline, bodyBytes: 1, row: row.slice(1) };
    assert.equal(decodeMessage(encodeMessage(entry)), null);
  });
});
