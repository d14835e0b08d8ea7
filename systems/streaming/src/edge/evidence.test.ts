/**
 * Evidence files as a court gets them, with real keys: bytes and a stream's configuration, and nothing else. That a conviction becomes such
 * a file, and what becomes of altered ones, is in apps/cli (stream-evidence.test.ts).
 */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createProof, encodeProof, NO_EVICTIONS } from '@concordat/accountability';
import type { Note } from '@concordat/kernel';
import { createLogger, sha256 } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { flightPreset } from '../config.ts';
import { type Conviction, cardBody, encodeConviction, signConviction } from '../evidence/conviction.ts';
import { createEpochHead, headBody } from '../membership/epoch-list.ts';
import { signEvictions, twoEvictionLists } from '../membership/evictions.ts';
import { type StatementKind, signedBytes, statementName, streamId } from '../statement.ts';
import { sampleMember } from '../testing/sample-members.ts';
import { convictionIn, judgeEvidenceFile, keepContradiction, keepConviction } from './evidence.ts';
import { makeIdentity } from './swarm/identity.ts';
import { BROADCASTER_ID, TRACKER_ID } from './swarm/ids.ts';

const tracker = makeIdentity('tracker');
const broadcaster = makeIdentity('broadcaster');
const config = flightPreset({
  session: new Uint8Array(16).fill(4),
  broadcasterKey: broadcaster.identity.publicKey,
  trackerKey: tracker.identity.publicKey,
});
const stream = streamId(sha256, config);
const directory = mkdtempSync(join(tmpdir(), 'concordat-evidence-'));
after(() => rmSync(directory, { recursive: true }));

const said: string[] = [];
const logger = createLogger({ write: (line) => void said.push(line) });

/** A proof against `accused` from two bodies that the tracker signed. */
function proofOf(
  rule: string,
  kind: StatementKind,
  bodies: readonly [Uint8Array, Uint8Array],
  accused: number,
) {
  const [a, b] = bodies.map((body) => ({
    kind: statementName(kind),
    body: body.slice(),
    signature: tracker.keys.sign(signedBytes(stream, kind, body)),
  }));
  const proof = a === undefined || b === undefined ? null : createProof(stream, accused, rule, a, b);
  return encodeProof(proof ?? assert.fail('two statements'));
}

const headOf = (ids: readonly number[]): Uint8Array =>
  headBody(createEpochHead(sha256, 3, 120, [ids.map((id) => sampleMember(id))]));

describe('evidence against those who are trusted', () => {
  it('convicts a tracker of two lists, and of two keys for one member, by its own stream alone', () => {
    const lists = proofOf('two-lists-of-one-epoch', 'members', [headOf([1, 2]), headOf([1, 3])], TRACKER_ID);
    const keys: [Uint8Array, Uint8Array] = [
      cardBody(7, new Uint8Array(32)),
      cardBody(7, new Uint8Array(32).fill(1)),
    ];
    const cards = proofOf('two-keys-of-one-member', 'card', keys, TRACKER_ID);
    for (const [bytes, rule] of [
      [lists, 'two-lists-of-one-epoch'],
      [cards, 'two-keys-of-one-member'],
    ] as const) {
      const judged = judgeEvidenceFile(bytes, config);
      assert.ok(judged.valid, JSON.stringify(judged));
      assert.deepEqual([judged.accused, judged.rule], ['the tracker', rule]);
      const other = { ...config, session: new Uint8Array(16) };
      assert.deepEqual(judgeEvidenceFile(bytes, other), {
        valid: false,
        reason: 'the proof is about another cluster',
      });
    }
    const swapped = proofOf('two-lists-of-one-epoch', 'members', [headOf([1]), headOf([2])], BROADCASTER_ID);
    assert.ok(!judgeEvidenceFile(swapped, config).valid, 'the broadcaster signed neither');
    const nobody = proofOf('two-lists-of-one-epoch', 'members', [headOf([1]), headOf([2])], 5);
    assert.match(JSON.stringify(judgeEvidenceFile(nobody, config)), /accuses neither a member nor/);
  });

  it('convicts a broadcaster of two lists of evictions, and a viewer keeps it as a file', () => {
    const charge = (member: number) => ({
      member,
      round: 9,
      rule: 'bad-briefcase',
      proof: new Uint8Array(32).fill(member),
    });
    const lists = [4, 5].map((member) =>
      signEvictions(broadcaster.keys, stream, NO_EVICTIONS, charge(member)),
    );
    const [one = NO_EVICTIONS, other = NO_EVICTIONS] = lists;
    const bytes = twoEvictionLists(broadcaster.keys, stream, BROADCASTER_ID, one, other);
    assert.ok(bytes !== null);
    const note: Note = {
      kind: 'evidence',
      accused: BROADCASTER_ID,
      rule: 'two-eviction-lists',
      about: 0,
      proof: toHex(bytes),
    };
    const folder = join(directory, 'viewer');
    keepContradiction(folder, note, logger);
    keepContradiction(folder, { ...note, kind: 'strike' }, logger);
    // What a peer has against members carries no proof in its note: it goes to the tracker.
    keepContradiction(folder, { kind: 'evidence', accused: 3, rule: 'bad-briefcase' }, logger);
    assert.deepEqual(readdirSync(folder), ['two-eviction-lists-broadcaster-0.proof']);
    const file = readFileSync(join(folder, 'two-eviction-lists-broadcaster-0.proof'));
    const judged = judgeEvidenceFile(file, config);
    assert.ok(judged.valid && judged.accused === 'the broadcaster', JSON.stringify(judged));
  });
});

describe('convictions as files', () => {
  const conviction: Conviction = {
    member: 12,
    publicKey: new Uint8Array(32).fill(6),
    rule: 'two-statements',
    evidence: Uint8Array.of(1, 2, 3),
  };
  const reasonOf = (bytes: Uint8Array): string => {
    const judged = judgeEvidenceFile(bytes, config);
    return judged.valid ? 'valid' : judged.reason;
  };

  it('are read from notes of the tracker and the broadcaster, and from no others', () => {
    const note: Note = {
      kind: 'evicted',
      member: 12,
      rule: 'two-statements',
      key: toHex(conviction.publicKey),
      evidence: toHex(conviction.evidence),
    };
    assert.deepEqual(convictionIn(note), conviction);
    for (const other of [
      { ...note, kind: 'joined' },
      { ...note, key: 'x' },
      { ...note, evidence: 'y' },
      { kind: 'evicted' },
    ])
      assert.equal(convictionIn(other), null);
  });

  it('say nothing if the tracker did not sign whose key it is, or if what they carry is none', () => {
    const signed = encodeConviction(signConviction(tracker.keys, stream, conviction));
    assert.equal(reasonOf(signed), 'what it carries is no evidence');
    const usurped = encodeConviction(signConviction(broadcaster.keys, stream, conviction));
    assert.match(reasonOf(usurped), /the tracker of the stream does not say/);
    assert.equal(reasonOf(new Uint8Array(0)), 'it is not a proof of misbehaviour');
    for (const size of [20, 21, 60, signed.length - 1])
      assert.match(reasonOf(signed.subarray(0, size)), /damaged, or of another version/);
  });

  it('are 1,024 at most; further ones are told, and not kept', () => {
    const folder = join(directory, 'full');
    mkdirSync(folder);
    for (let i = 0; i < 1023; i++) writeFileSync(join(folder, `${i}.proof`), '');
    const keep = (member: number) =>
      keepConviction(folder, tracker.keys, config, { ...conviction, member }, logger);
    assert.equal(keep(1), join(folder, 'two-statements-1.proof'));
    said.length = 0;
    assert.equal(keep(2), null);
    assert.match(said.join(), /1024 files.*evidence-not-kept/);
    assert.equal(readdirSync(folder).length, 1024);
  });
});
