/** Evidence files as a court would get them: a file, the public federation file, and nothing else. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createProof, encodeProof, signStatement } from '@concordat/accountability';
import { createKeys, generateIdentity } from '@concordat/runtime';
import { createWriter, toHex } from '@concordat/wire';
import { type Federation, formatFederation, parseFederation, publicKeysOf } from '../config/federation.ts';
import { judgeFile } from './evidence.ts';

const directory = mkdtempSync(join(tmpdir(), 'concordat-evidence-'));
after(() => rmSync(directory, { recursive: true }));

const NAMES = ['alpha', 'bravo', 'charlie', 'delta'];
const identities = NAMES.map((name) => generateIdentity(name));

function federationWith(u: number, r: number): Federation {
  const members = identities.slice(0, 2 * u + r + 1).map(({ publicKey, pin }, i) => ({
    name: NAMES[i] ?? '',
    address: `127.0.0.1:${7000 + i}`,
    key: toHex(publicKey),
    pin,
  }));
  return parseFederation(formatFederation(u, r, members), 'federation.yaml');
}

const federation = federationWith(1, 1);

/** The body of a signed proposal: incarnation, view, slot, history, digest of the batch. */
function proposal(incarnation: number, slot: number, fill: number): Uint8Array {
  const writer = createWriter();
  for (const field of [incarnation, 2, slot]) writer.u53(field);
  for (const digest of [fill, 9]) writer.fixed(new Uint8Array(32).fill(digest));
  return writer.finish();
}

/** A file with a proof against member 2 from two proposals. */
function evidence(a: Uint8Array, b: Uint8Array, cluster = federation.id): string {
  const seed = identities[2]?.seed ?? new Uint8Array(0);
  const keys = createKeys({ self: 2, seed, publicKeys: publicKeysOf(federation) });
  const sign = (body: Uint8Array) => signStatement(keys, cluster, 'pre-prepare', body);
  const proof = createProof(cluster, 2, 'two-proposals', sign(a), sign(b));
  assert.ok(proof !== null);
  const file = join(directory, `${Math.floor(a[0] ?? 0)}-${toHex(b).slice(-72, -64)}.proof`);
  writeFileSync(file, encodeProof(proof));
  return file;
}

test('two proposals for one slot convict, by name', () => {
  const { valid, text } = judgeFile(evidence(proposal(0, 5, 1), proposal(0, 5, 2)), federation);
  assert.ok(valid, text);
  assert.match(text, /accused: charlie \(member 2\)/);
  assert.match(text, /rule: two-proposals/);
  assert.match(text, /slot 5 of view 2/);
});

test('what an honest member may sign convicts nobody', () => {
  const cases = [
    [proposal(0, 5, 1), proposal(0, 6, 3)],
    [proposal(0, 5, 1), proposal(1, 5, 4)],
  ] as const;
  for (const [a, b] of cases) assert.match(judgeFile(evidence(a, b), federation).text, /INVALID.*honest/);
});

test('a proof is worth nothing in another federation', () => {
  const file = evidence(proposal(0, 5, 1), proposal(0, 5, 5));
  assert.match(judgeFile(file, federationWith(1, 0)).text, /INVALID.*another cluster/);
});

test('damaged, foreign and missing files are told apart from proofs', () => {
  const garbage = join(directory, 'garbage');
  writeFileSync(garbage, 'not a proof');
  assert.match(judgeFile(garbage, federation).text, /INVALID.*not a proof/);
  assert.match(judgeFile(join(directory, 'missing'), federation).text, /INVALID.*ENOENT/);
});
