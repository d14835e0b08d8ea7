/**
 * Why partners are not drawn by ordinary signatures: a signer that chooses Ed25519's nonce has as many valid signatures over
 * one message as it likes, and keeps the one that draws the partner it wants. With a verifiable random function there is one.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createDraws, type VrfKey } from '@concordat/crypto';
import { toHex, utf8 } from '@concordat/wire';
import { privateKeyOf, publicKeyFrom, rawPublicKeyOf, signEd25519, verifyEd25519 } from './ed25519.ts';
import { sha256 } from './hash.ts';
import { createVrf, createVrfKey, generateVrfSecret } from './vrf.ts';

/** The field of edwards25519, the order of its base point, and the base point (RFC 8032, section 5.1). */
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));
const BASE = {
  x: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
  y: 46316835694926478169428394003475163141307993866256225615783033603165251855960n,
};

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

function mod(value: bigint, modulus = P): bigint {
  return ((value % modulus) + modulus) % modulus;
}

function inverse(value: bigint): bigint {
  let result = 1n;
  for (let square = mod(value), rest = P - 2n; rest > 0n; rest >>= 1n, square = square ** 2n % P)
    if (rest & 1n) result = (result * square) % P;
  return result;
}

function add(a: Point, b: Point): Point {
  const product = mod(D * a.x * b.x * a.y * b.y);
  return {
    x: mod((a.x * b.y + b.x * a.y) * inverse(1n + product)),
    y: mod((a.y * b.y + a.x * b.x) * inverse(1n - product)),
  };
}

function times(scalar: bigint, point: Point): Point {
  let result: Point = { x: 0n, y: 1n };
  for (let rest = scalar, doubled = point; rest > 0n; rest >>= 1n, doubled = add(doubled, doubled))
    if (rest & 1n) result = add(result, doubled);
  return result;
}

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.slice().reverse())}`);
const scalarBytes = (value: bigint): Buffer =>
  Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
const sha512 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha512').update(Buffer.concat(parts)).digest();

function pointBytes({ x, y }: Point): Buffer {
  const bytes = scalarBytes(y);
  bytes[31] = (bytes[31] as number) | (x % 2n === 1n ? 0x80 : 0);
  return bytes;
}

/** Signatures of `seed` over `message`, one for each nonce from `nonce` on. */
function* signatures(seed: Uint8Array, message: Uint8Array, nonce: bigint): Generator<Uint8Array> {
  const expanded = sha512(seed).subarray(0, 32);
  expanded[0] = (expanded[0] as number) & 0xf8;
  expanded[31] = ((expanded[31] as number) & 0x7f) | 0x40;
  const secret = littleEndian(expanded);
  const publicKey = rawPublicKeyOf(privateKeyOf(seed));
  for (let point = times(nonce, BASE), r = nonce; ; r++, point = add(point, BASE)) {
    const commitment = pointBytes(point);
    const challenge = mod(littleEndian(sha512(commitment, publicKey, message)), L);
    yield new Uint8Array(Buffer.concat([commitment, scalarBytes(mod(r + challenge * secret, L))]));
  }
}

const PEERS = 20;
const TRIES = 20;
const ROUNDS = 40;
const FRIEND = 7;

const partnerOf = (seed: Uint8Array): number => createDraws(sha256, sha256(seed), 'partner').below(PEERS);

test('with signatures a cheater meets the partner it wants in most rounds, and every signature is valid', () => {
  const seed = sha256(utf8('cheater'));
  const publicKey = publicKeyFrom(rawPublicKeyOf(privateKeyOf(seed)));
  assert.ok(publicKey !== null);
  let met = 0;
  let metHonestly = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const message = utf8(`round ${round}`);
    const seen = new Set<string>();
    let found = false;
    for (const signature of signatures(seed, message, BigInt(1 + round * 1_000_003))) {
      assert.ok(verifyEd25519(publicKey, message, signature), 'OpenSSL accepts it');
      seen.add(toHex(signature));
      found ||= partnerOf(signature) === FRIEND;
      if (seen.size === TRIES) break;
    }
    if (found) met += 1;
    if (partnerOf(signEd25519(privateKeyOf(seed), message)) === FRIEND) metHonestly += 1;
  }
  // Expected 40 * (1 - (19/20)^20) = 25.7 with a standard deviation of 3, and 2 without cheating.
  assert.ok(met >= 17 && met <= 35, `met its friend in ${met} rounds of ${ROUNDS}`);
  assert.ok(metHonestly <= 7, `${metHonestly} without choosing`);
});

test('with a verifiable random function there is nothing to choose', () => {
  const key = createVrfKey(generateVrfSecret()) as VrfKey;
  const vrf = createVrf();
  for (let round = 0; round < 5; round++) {
    const input = utf8(`round ${round}`);
    const { proof, output } = key.prove(input);
    const tries = Array.from({ length: TRIES }, () => toHex(key.prove(input).proof));
    assert.deepEqual(new Set(tries), new Set([toHex(proof)]));
    assert.deepEqual(vrf.verify(key.publicKey, input, proof), output);
  }
});
