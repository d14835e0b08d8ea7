import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys, type Keys } from '@concordat/crypto';
import { createReader, createWriter, equalBytes, toHex, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import {
  createProof,
  decodeProof,
  encodeProof,
  MAX_BODY_BYTES,
  MAX_PROOF_BYTES,
  type Proof,
  type Rule,
  signStatement,
  statementBytes,
  type Verdict,
  verifyProof,
} from './index.ts';

const cluster = new Uint8Array(32).fill(7);
const keysOf = createModelKeys(4, 1);
const keys = [0, 1, 2, 3].map(keysOf) as [Keys, Keys, Keys, Keys];

interface Vote {
  readonly incarnation: number;
  readonly slot: number;
  readonly choice: number;
}

function bodyOf({ incarnation, slot, choice }: Vote): Uint8Array {
  const writer = createWriter(16);
  writer.u16(incarnation);
  writer.u32(slot);
  writer.u32(choice);
  return writer.finish();
}

function voteOf(body: Uint8Array): Vote | null {
  const reader = createReader(body);
  return reader.finish({ incarnation: reader.u16(), slot: reader.u32(), choice: reader.u32() });
}

const twoVotes: Rule = {
  name: 'two-votes-for-one-slot',
  kind: 'vote',
  convicts: (a, b) => {
    const [one, other] = [voteOf(a), voteOf(b)];
    if (one === null || other === null) return false;
    return one.incarnation === other.incarnation && one.slot === other.slot && one.choice !== other.choice;
  },
  explain: (proof) => `member ${proof.accused} voted twice in slot ${voteOf(proof.statements[0].body)?.slot}`,
};

const judge = (proof: Proof): Verdict =>
  verifyProof(proof, { cluster, verify: keys[0].verify, rules: [twoVotes] });

function accuse(accused: number, a: Vote, b: Vote): Proof | null {
  const signer = keys[accused] as Keys;
  const sign = (vote: Vote) => signStatement(signer, cluster, twoVotes.kind, bodyOf(vote));
  return createProof(cluster, accused, twoVotes.name, sign(a), sign(b));
}

const honest: Vote = { incarnation: 1, slot: 5, choice: 8 };
const valid = accuse(2, honest, { ...honest, choice: 9 }) as Proof;

describe('statements', () => {
  it('have these bytes', () => {
    const expected = `${toHex(utf8('concordat statement'))}01${'07'.repeat(32)}04${toHex(utf8('vote'))}ff00`;
    assert.equal(toHex(statementBytes(cluster, 'vote', Uint8Array.of(0xff, 0))), expected);
  });

  it('never share their bytes', () => {
    const kind = fc.stringMatching(/^[a-c]{1,4}$/);
    const body = fc.uint8Array({ maxLength: 6 });
    const statement = fc.tuple(fc.constantFrom(1, 2), kind, body);
    fc.assert(
      fc.property(statement, statement, (one, other) => {
        const bytes = [one, other].map(([id, name, content]) =>
          statementBytes(new Uint8Array(32).fill(id), name, content),
        ) as [Uint8Array, Uint8Array];
        const isSame = one[0] === other[0] && one[1] === other[1] && equalBytes(one[2], other[2]);
        assert.equal(equalBytes(...bytes), isSame);
      }),
    );
  });

  it('are refused with a kind or cluster that has no place in the layout', () => {
    for (const kind of ['', 'two words', 'é', 'x'.repeat(65)]) {
      assert.throws(() => statementBytes(cluster, kind, new Uint8Array(0)), /kind/);
    }
    assert.throws(() => statementBytes(new Uint8Array(31), 'vote', new Uint8Array(0)), /32 bytes/);
  });
});

describe('proofs', () => {
  it('convict who said two things that no honest participant says together', () => {
    const verdict = judge(valid);
    assert.deepEqual(verdict, { valid: true, explanation: 'member 2 voted twice in slot 5' });
  });

  it('need two different statements of one incarnation', () => {
    assert.equal(accuse(2, honest, honest), null);
    const other = accuse(2, honest, { ...honest, incarnation: 2, choice: 9 }) as Proof;
    assert.deepEqual(judge(other), {
      valid: false,
      reason: 'an honest participant may sign both statements',
    });
    const twice: Proof = { ...valid, statements: [valid.statements[0], valid.statements[0]] };
    assert.equal(judge(twice).valid, false);
  });

  it('cannot be made against somebody else, by another rule, or for another cluster', () => {
    assert.match((judge({ ...valid, accused: 1 }) as { reason: string }).reason, /did not sign/);
    assert.match((judge({ ...valid, accused: 99 }) as { reason: string }).reason, /did not sign/);
    assert.match((judge({ ...valid, rule: 'other' }) as { reason: string }).reason, /rule/);
    assert.match((judge({ ...valid, cluster: new Uint8Array(32) }) as { reason: string }).reason, /cluster/);
  });

  it('never convict two signers of one statement each', () => {
    const [a, b] = [honest, { ...honest, choice: 9 }].map(bodyOf) as [Uint8Array, Uint8Array];
    const proof = createProof(
      cluster,
      1,
      twoVotes.name,
      signStatement(keys[1], cluster, 'vote', a),
      signStatement(keys[2], cluster, 'vote', b),
    ) as Proof;
    assert.equal(judge(proof).valid, false);
  });

  it('do not take statements of another kind, even correctly signed', () => {
    const sign = (vote: Vote) => signStatement(keys[2], cluster, 'wish', bodyOf(vote));
    const proof = createProof(
      cluster,
      2,
      twoVotes.name,
      sign(honest),
      sign({ ...honest, choice: 9 }),
    ) as Proof;
    assert.match((judge(proof) as { reason: string }).reason, /kind/);
    const relabelled = proof.statements.map((one) => ({
      ...one,
      kind: 'vote',
    })) as unknown as Proof['statements'];
    assert.match((judge({ ...proof, statements: relabelled }) as { reason: string }).reason, /did not sign/);
  });

  it('survive a round trip as bytes, and have one form', () => {
    const bytes = encodeProof(valid);
    assert.deepEqual(decodeProof(bytes), valid);
    const [a, b] = valid.statements;
    assert.deepEqual(createProof(cluster, 2, twoVotes.name, b, a), valid);
    const swapped = encodeProof({ ...valid, statements: [b, a] });
    assert.equal(decodeProof(swapped), null);
  });

  it('have these bytes', () => {
    const fake = { kind: 'vote', signature: new Uint8Array(64).fill(9) };
    const proof: Proof = {
      cluster,
      accused: 3,
      rule: 'r',
      statements: [
        { ...fake, body: Uint8Array.of(1) },
        { ...fake, body: Uint8Array.of(2) },
      ],
    };
    const signature = '09'.repeat(64);
    const head = `01${'07'.repeat(32)}0000000000000003000000017200000004766f7465`;
    const expected = `${head}0000000101${signature}0000000102${signature}`;
    assert.equal(toHex(encodeProof(proof)), expected);
  });

  it('never verify once a bit is changed or bytes are cut or added', () => {
    const bytes = encodeProof(valid);
    const isConvicting = (mutant: Uint8Array): boolean => {
      const proof = decodeProof(mutant);
      return proof !== null && judge(proof).valid;
    };
    assert.ok(isConvicting(bytes));
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const mutant = bytes.slice();
      mutant[bit >>> 3] = (mutant[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.equal(isConvicting(mutant), false, `bit ${bit}`);
    }
    for (let size = 0; size < bytes.length; size++)
      assert.equal(isConvicting(bytes.subarray(0, size)), false);
    assert.equal(isConvicting(Uint8Array.of(...bytes, 0)), false);
  });

  it('decode canonically or not at all, whatever the bytes', () => {
    const valids = encodeProof(valid);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(valids.length), (noise, at) => {
        for (const bytes of [noise, Uint8Array.of(...valids.subarray(0, at), ...noise)]) {
          const proof = decodeProof(bytes);
          if (proof !== null) assert.ok(equalBytes(encodeProof(proof), bytes));
        }
      }),
    );
  });

  it('are bounded', () => {
    const large = { kind: 'vote', signature: new Uint8Array(64) };
    const body = new Uint8Array(MAX_BODY_BYTES);
    const second = body.slice().fill(1);
    const kind = 'k'.repeat(64);
    const proof: Proof = {
      cluster,
      accused: Number.MAX_SAFE_INTEGER,
      rule: kind,
      statements: [
        { ...large, kind, body },
        { ...large, kind, body: second },
      ],
    };
    const bytes = encodeProof(proof);
    assert.equal(bytes.length, MAX_PROOF_BYTES);
    assert.deepEqual(decodeProof(bytes), proof);
    assert.equal(decodeProof(new Uint8Array(MAX_PROOF_BYTES + 1)), null);
  });
});
