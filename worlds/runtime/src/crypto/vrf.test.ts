/**
 * The random function against the published example, mutated proofs, and keys made by cheaters. The vector is RFC 9381's,
 * appendix A, example 1 (2048 bits); that of other inputs is checked against the definition, written again with big integers.
 */

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  certifyVrfKey,
  createDraws,
  isCertifiedVrfKey,
  VRF_CERTIFICATE_BYTES,
  type VrfKey,
} from '@concordat/crypto';
import { fromHex, toHex, utf8 } from '@concordat/wire';
import { sha256 } from './hash.ts';
import { createVrf, createVrfKey, generateVrfSecret } from './vrf.ts';
import { loadVrfSecret, storeVrfSecret } from './vrf-key-file.ts';

const hex = (text: string): Uint8Array => fromHex(text) ?? assert.fail('not hexadecimal');
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
const bytesOf = (value: bigint, size = 256): Uint8Array =>
  hex(value.toString(16).padStart(Math.max(2 * size, 2 * Math.ceil(value.toString(16).length / 2)), '0'));

const vrf = createVrf();

const P =
  'efb52a568fa3038fffb853e2183791c6bc81ceee86d20e8f9b6401dc79a8f1f6248d3a25fdb3f99245fce41667da038f59745b87cc1aed8b4a9c1d74e7d5c16cf7343f2b12f1b5055337369bf018fa07adc0d16f2164a516e80d2b4734f0c6563d6ee6d4a9e1a54e300cfe9ee679afc3d14a152dfb49b6cfb208bbf921f764af';
const Q =
  'ecbca5ee88bbc635d8263aaba84f6502fdb2b4998a40f7c149133d840b6b1bd9a972fe2a981c770272b78fda213f76a062dd865dd116d4c8980975ee9347fe0f500567e51d78dbee4a34e626051cf018d7feb72f19189525d4f70b6467d0cef514633ab08a9e7a9ec632064b7b5e3e82128fe563757a614092fc5cf624d10e1b';
const N =
  'ddaba77202bafb796b85bcec98958aa58ae2d117cbc66a6e75c4c2af983985a3064eaef93e2b03393256d94d75d6a6656b2956524ed8711898a0c3abae84371da0283bc5f433fc384d810a3c118ed302c0b03da16bee70b80ba3480e7acc1eb358b3f20fbe90cc4c8a7e2ba9e28b2a3800a5efbaa3c264f79b231f7cdc9577818df1bac60ef7a3f78a44f046fd29b0689556da7a7f61eefe67427f3f691aee0a4b1efe2ee2e0e6091143ebb7d69254c9d8ab01ff5e0ad7329f566082f9251e64f436c547e68de75351ea3a09746ceb7efed2d234121088aaed01696583c172ec88bc173a0d4d8ec43f4dcc18ff8379317e83ef9685536283368c9c6deb783075';
const EXAMPLE_1 = {
  proof:
    '14234ff8a9487e1b36a23086e258135b8a8a7ff2e23f19c0dfeca0c0a943f119ebd336fdc292ef67b56e32ba06f9941893754a8b97c82f68974b2b34c17f6d43bfd55eb110cd7ea3452d59a24e4ddb8d4cdf040c814e22e3537ca09c2e2dc5dd8ea281e6492ad335378f9f437eed30c51eeeee66ef14efb4000c75c802e9c5a6bb8039c0258d4347981159d0ef6990b5e9c8ac2fb03915d7ff1ffa0626e2e11714a63342e59124c1fcea8e2816c1d9a7751feaaa66cf6c82cd3c58ffde66460d98246ab358cc33baefae4dfb0d191e9b6d6c0e3f92c35200408925dc8bef39b78d1259f8163a5003a693555f05290ef2e68345f27c6e2a8847c5c919d92e7505',
  output: '79f0615d4677fb72571889453644013f1a31b08d222e3cee349d64ce1c41045a',
};

const FIRST_KEY =
  '64f70acdc41c0ee7cb4961760368e34889c058ad3c7e578e8e72ed0d2fd1c7cfbb8beffd107204d544919db9d2470669c969e178d4deb8393daec4584ca9f162805c9ba46e617d89d4ab6480b0873b1cb92cf7232c88f013931ffe30f8ddf2cddbff4402bcb721985d2bb2eee5382dd09210b5d1da6b6b8207fe3e526de54efb55b56cd52d97cd77df6315569d5b59823c85ad99c57ad2959ec7d12cdf0c3e66cc57eaa1e644da9b0ca69b0df43945b0bd88ac66903ec98fe0e770b683ca7a332e69cba9229115a5295273aeeb4af2662063a312cbb4b871323f71888fd39557a5f4610ea7a590b021d43e5a89b69de68c728ce147f2743e0b97a5b3eb0d6ab1';

/** The encoding of section 4.1 and appendix B.2.1 of RFC 8017, written again. */
function encodingOf(modulus: Uint8Array, input: Uint8Array): bigint {
  const head = Buffer.concat([hex('010100000100'), modulus, input]);
  const blocks = Array.from({ length: 8 }, (_, i) =>
    createHash('sha256')
      .update(head)
      .update(Buffer.from([0, 0, 0, i]))
      .digest(),
  );
  return numberOf(Buffer.concat(blocks).subarray(0, 255));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base % modulus, rest = exponent; rest > 0n; rest >>= 1n, square = square ** 2n % modulus)
    if (rest & 1n) result = (result * square) % modulus;
  return result;
}

function inverse(a: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, a % modulus, 0n, 1n];
  while (r1 > 0n) [r0, r1, t0, t1] = [r1, r0 % r1, t1, t0 - (r0 / r1) * t1];
  return ((t0 % modulus) + modulus) % modulus;
}

/** The number below a * b that is x modulo a and y modulo b. */
const combine = (x: bigint, a: bigint, y: bigint, b: bigint): bigint =>
  (x + a * ((((y - x) * inverse(a, b)) % b) + b)) % (a * b);

const E = 65537n;

function secretOf(p: bigint, q: bigint): Uint8Array {
  const d = inverse(E, (p - 1n) * (q - 1n));
  const parts = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const jwk = Object.entries(parts).map(([name, value]) => [
    name,
    Buffer.from(bytesOf(value, name === 'e' ? 3 : 128)).toString('base64url'),
  ]);
  const key = createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(jwk) }, format: 'jwk' });
  return new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));
}

const example = createVrfKey(secretOf(numberOf(hex(P)), numberOf(hex(Q)))) as VrfKey;

describe('RSA-FDH-VRF-SHA256', () => {
  it("makes and accepts the RFC's example", () => {
    assert.equal(toHex(example.publicKey), N);
    const { proof, output } = example.prove(new Uint8Array(0));
    assert.equal(toHex(proof), EXAMPLE_1.proof);
    assert.equal(toHex(output), EXAMPLE_1.output);
    assert.deepEqual(vrf.verify(example.publicKey, new Uint8Array(0), proof), output);
  });

  it('takes exactly 2048 bits: a key that other implementations test with is one too short', () => {
    assert.ok(numberOf(hex(FIRST_KEY)).toString(2).length === 2047);
    assert.equal(vrf.isKey(hex(FIRST_KEY)), false);
    assert.equal(vrf.verify(hex(FIRST_KEY), new Uint8Array(0), new Uint8Array(256).fill(1)), null);
  });

  it('draws these from the example, on every machine', () => {
    const draws = createDraws(sha256, hex(EXAMPLE_1.output), 'partner');
    assert.deepEqual(
      Array.from({ length: 12 }, () => draws.below(250)),
      [216, 136, 96, 135, 138, 35, 123, 189, 20, 40, 82, 152],
    );
  });

  it('agrees with the definition for inputs of every size', () => {
    const n = numberOf(example.publicKey);
    for (const size of [1, 2, 31, 32, 100, 1000]) {
      const input = new Uint8Array(size).fill(size);
      const { proof, output } = example.prove(input);
      assert.equal(power(numberOf(proof), E, n), encodingOf(example.publicKey, input));
      const expected = createHash('sha256')
        .update(Buffer.from([1, 2]))
        .update(proof)
        .digest();
      assert.equal(toHex(output), expected.toString('hex'));
      assert.deepEqual(vrf.verify(example.publicKey, input, proof), output);
    }
  });

  it('accepts nothing but the one proof of an input under a key', () => {
    const input = utf8('round 7');
    const { proof } = example.prove(input);
    const rejects = (bytes: Uint8Array, what: string) =>
      assert.equal(vrf.verify(example.publicKey, input, bytes), null, what);
    for (let bit = 0; bit < 2048; bit++) {
      const bent = proof.slice();
      bent[bit >>> 3] = (bent[bit >>> 3] as number) ^ (1 << (bit & 7));
      rejects(bent, `bit ${bit}`);
    }
    const n = numberOf(example.publicKey);
    const s = numberOf(proof);
    rejects(bytesOf(s + n), 'plus the modulus');
    rejects(bytesOf(n - s), 'negated');
    rejects(bytesOf(s + n).subarray(-256), 'plus the modulus, cut to size');
    rejects(Uint8Array.of(0, ...proof), 'with a leading zero');
    rejects(Uint8Array.of(...proof, 0), 'with a trailing zero');
    rejects(proof.subarray(1), 'without its first byte');
    for (const value of [0n, 1n, n - 1n, n, 2n ** 2048n - 1n]) rejects(bytesOf(value), `${value}`);
    rejects(new Uint8Array(0), 'nothing');
    assert.equal(vrf.verify(example.publicKey, utf8('round 8'), proof), null);
  });

  it('accepts a proof that begins with zero bytes in that spelling only', () => {
    const first = Array.from({ length: 5000 }, (_, i) => i).find((i) => {
      return example.prove(Uint8Array.of(i >> 8, i)).proof[0] === 0;
    });
    assert.ok(first !== undefined);
    const input = Uint8Array.of(first >> 8, first);
    const { proof, output } = example.prove(input);
    assert.deepEqual(vrf.verify(example.publicKey, input, proof), output);
    assert.equal(vrf.verify(example.publicKey, input, proof.subarray(1)), null);
  });

  it('answers null to keys that are none', () => {
    const { proof } = example.prove(new Uint8Array(0));
    const even = example.publicKey.slice();
    even[255] = (even[255] as number) & 0xfe;
    const keys: Uint8Array[] = [
      new Uint8Array(0),
      new Uint8Array(256),
      even,
      Uint8Array.of(0, ...example.publicKey),
    ];
    keys.push(new Uint8Array(256).fill(0xff), example.publicKey.subarray(1));
    for (const key of keys) assert.equal(vrf.verify(key, new Uint8Array(0), proof), null);
    for (const key of keys) assert.equal(vrf.isKey(key), false, 'all ones is divisible by three');
    assert.ok(vrf.isKey(example.publicKey));
  });

  it('forgets keys beyond its bound and still knows them', () => {
    const small = createVrf(1);
    const other = createVrfKey(generateVrfSecret()) as VrfKey;
    for (const key of [example, other, example, other]) {
      const { proof, output } = key.prove(utf8('x'));
      assert.deepEqual(small.verify(key.publicKey, utf8('x'), proof), output);
      assert.equal(small.verify((key === other ? example : other).publicKey, utf8('x'), proof), null);
    }
  });
});

describe('keys', () => {
  it('are made only of bytes that say 2048 bits and 65537', () => {
    const der = (bits: number, exponent: number): Uint8Array =>
      generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent }).privateKey.export({
        format: 'der',
        type: 'pkcs8',
      });
    const ed = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
    for (const secret of [der(1024, 65537), der(2048, 3), ed, new Uint8Array(0), utf8('secret')]) {
      assert.equal(createVrfKey(secret), null);
    }
    const secret = generateVrfSecret();
    const key = createVrfKey(secret) as VrfKey;
    assert.equal(key.publicKey.length, 256);
    assert.ok(vrf.isKey(key.publicKey));
    assert.deepEqual(createVrfKey(secret)?.prove(utf8('x')), key.prove(utf8('x')));
  });

  it('are refused where a byte of the secret is damaged, or still prove what verifies', () => {
    const secret = generateVrfSecret();
    let refused = 0;
    for (let at = 0; at < secret.length; at += 37) {
      const bent = secret.slice();
      bent[at] = (bent[at] as number) ^ 0x10;
      const key = createVrfKey(bent);
      if (key === null) refused += 1;
      else assert.notEqual(vrf.verify(key.publicKey, utf8('x'), key.prove(utf8('x')).proof), null);
    }
    assert.ok(refused > 5, `${refused} of 33 refused`);
  });

  it('come back from disk as they were, for their owner alone', () => {
    const directory = mkdtempSync(join(tmpdir(), 'concordat-vrf-'));
    after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'vrf.json');
    const secret = generateVrfSecret();
    storeVrfSecret(file, secret);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(loadVrfSecret(file), secret);
    assert.throws(() => storeVrfSecret(file, secret), { code: 'EEXIST' });
    const { version, kind, secret: text } = JSON.parse(readFileSync(file, 'utf8'));
    const damaged = [{ version: 2, kind, secret: text }, { version, kind: 'other', secret: text }, null];
    for (const value of [...damaged, { version, kind, secret: text.slice(2) }, { version, kind }]) {
      writeFileSync(file, JSON.stringify(value));
      assert.equal(loadVrfSecret(file), null);
    }
    chmodSync(file, 0o644);
    assert.throws(() => loadVrfSecret(file), { code: 'exposed-secret' });
  });
});

/** A modulus of 2048 bits with the factors that `make` draws. */
function modulusOf(make: () => bigint[]): { n: bigint; factors: bigint[] } {
  for (;;) {
    const factors = make();
    const n = factors.reduce((product, factor) => product * factor, 1n);
    if (n.toString(2).length === 2048) return { n, factors };
  }
}

describe('certificates', () => {
  it('convince of an honest key, and of no other or changed one', () => {
    const certificate = certifyVrfKey(example);
    assert.equal(certificate.length, VRF_CERTIFICATE_BYTES);
    assert.ok(isCertifiedVrfKey(vrf, example.publicKey, certificate));
    const other = createVrfKey(generateVrfSecret()) as VrfKey;
    assert.equal(isCertifiedVrfKey(vrf, other.publicKey, certificate), false);
    assert.equal(isCertifiedVrfKey(vrf, example.publicKey, certificate.subarray(256)), false);
    for (let at = 17; at < certificate.length; at += 256) {
      const bent = certificate.slice();
      bent[at] = (bent[at] as number) ^ 1;
      assert.equal(isCertifiedVrfKey(vrf, example.publicKey, bent), false);
    }
  });

  it('cannot be made where the exponent divides p - 1, which gives every power 65537 roots', () => {
    const add = 2n * E;
    const { n, factors } = modulusOf(() => [
      generatePrimeSync(1024, { add, rem: 1n, bigint: true }),
      generatePrimeSync(1024, { bigint: true }),
    ]);
    const [p, q] = factors as [bigint, bigint];
    // A root of one other than one, and with it a second root of anything.
    let unity = 1n;
    for (let base = 2n; unity === 1n; base++) unity = power(base, (p - 1n) / E, p);
    const [one, other] = [12345n, (12345n * combine(unity, p, 1n, q)) % n];
    assert.notEqual(one, other);
    assert.equal(power(one, E, n), power(other, E, n), 'two proofs, two outputs');
    // It looks like a key, and its owner, who knows all there is to know, finds no root of most numbers.
    const publicKey = bytesOf(n);
    assert.ok(vrf.isKey(publicKey));
    const inputs = Array.from({ length: 9 }, (_, i) => [...utf8('concordat vrf key certificate'), i]);
    const rooted = inputs.filter((input) => {
      return power(encodingOf(publicKey, Uint8Array.from(input)), (p - 1n) / E, p) === 1n;
    });
    assert.ok(rooted.length < 9);
  });

  it('are refused where a small prime divides the modulus, though every root is there', () => {
    const { n, factors } = modulusOf(() => [
      3n,
      generatePrimeSync(1023, { bigint: true }),
      generatePrimeSync(1024, { bigint: true }),
    ]);
    const publicKey = bytesOf(n);
    const [first, ...others] = factors as [bigint, ...bigint[]];
    const proofs = Array.from({ length: 9 }, (_, i) => {
      const input = Uint8Array.from([...utf8('concordat vrf key certificate'), i]);
      const m = encodingOf(publicKey, input);
      const rootModulo = (prime: bigint): bigint => power(m % prime, inverse(E, prime - 1n), prime);
      let [root, modulus] = [rootModulo(first), first];
      for (const prime of others)
        [root, modulus] = [combine(root, modulus, rootModulo(prime), prime), modulus * prime];
      const proof = bytesOf(root);
      assert.notEqual(vrf.verify(publicKey, input, proof), null);
      return proof;
    });
    assert.equal(isCertifiedVrfKey(vrf, publicKey, Buffer.concat(proofs)), false);
  });

  it('are refused where a small prime divides the modulus twice, which gives some inputs several proofs', () => {
    const { n, factors } = modulusOf(() => [
      9n,
      generatePrimeSync(1022, { bigint: true }),
      generatePrimeSync(1023, { bigint: true }),
    ]);
    const [, p, q] = factors as [bigint, bigint, bigint];
    const publicKey = bytesOf(n);
    const input = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i)).find((bytes) => {
      return encodingOf(publicKey, bytes) % 9n === 0n;
    });
    assert.ok(input !== undefined);
    const m = encodingOf(publicKey, input);
    const rootModulo = (prime: bigint): bigint => power(m % prime, inverse(E, prime - 1n), prime);
    const root = combine(rootModulo(p), p, rootModulo(q), q);
    const outputs = [0n, 3n, 6n].map((rest) => {
      return vrf.verify(publicKey, input, bytesOf(combine(root, p * q, rest, 9n)));
    });
    assert.equal(new Set(outputs.map((output) => toHex(output as Uint8Array))).size, 3, 'a choice of three');
    assert.equal(vrf.isKey(publicKey), false);
    assert.equal(isCertifiedVrfKey(vrf, publicKey, new Uint8Array(VRF_CERTIFICATE_BYTES)), false);
  });
});
