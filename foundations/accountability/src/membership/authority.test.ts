import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  certifyVrfKey,
  createModelKeys,
  createModelVrfKey,
  modelSeeds,
  modelSignatures,
  modelVrf,
  VRF_CERTIFICATE_BYTES,
} from '@concordat/crypto';
import { equalBytes, utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { createCatalogue } from '../catalogue.ts';
import { createProof, type Proof, type Rule } from '../proof.ts';
import { decodeProof, encodeProof } from '../proof-codec.ts';
import { statementBytes } from '../statement.ts';
import {
  type AdmissionPolicy,
  admitInvited,
  admitListed,
  createRedemptions,
  doubleUseIn,
} from './admission.ts';
import { type Application, apply, decodeApplication, encodeApplication } from './application.ts';
import {
  authorityOffences,
  createAuthority,
  createAuthorityState,
  type MembershipAuthority,
} from './authority.ts';
import { isEvictionList, isJustified } from './evictions.ts';
import {
  decodeInviteCredential,
  decodeToken,
  encodeToken,
  INVITE_USED_TWICE,
  issueInvite,
  judgeDoubleUse,
  redeemInvite,
  type Token,
} from './invite.ts';
import { AUTHORITY, isMember, isMemberList, type MemberProof, verifierOf } from './members.ts';

const cluster = new Uint8Array(32).fill(7);
const keys = createModelKeys(1, 5)(AUTHORITY);
const [authoritySeed = new Uint8Array(32)] = modelSeeds(1, 5);
const signatures = modelSignatures;

const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const keyOf = (n: number): Uint8Array => signatures.publicKeyOf(seedOf(n));

function application(n: number, credential: Uint8Array = new Uint8Array(0)): Application {
  const vrfKey = createModelVrfKey(seedOf(n));
  return apply(signatures, cluster, seedOf(n), {
    vrfKey: vrfKey.publicKey,
    vrfCertificate: certifyVrfKey(vrfKey),
    about: utf8(`host ${n}`),
    credential,
  });
}

const TWO_VOTES: Rule = {
  name: 'two-votes',
  kind: 'vote',
  convicts: (a, b) => a[0] === b[0],
  explain: ({ accused }) => `member ${accused} voted twice`,
};
const LATE: Rule = { ...TWO_VOTES, name: 'late', kind: 'late' };
const catalogue = createCatalogue([
  { rule: TWO_VOTES, sentence: 'Votes twice.', severity: 'eviction' },
  { rule: LATE, sentence: 'Forgets a period.', severity: 'strike' },
]);

/** Two statements of whoever has the seed. */
function proofBy(n: number, accused: number, rule = TWO_VOTES): Proof {
  const sign = (body: Uint8Array) => {
    const signature = signatures.signWith(seedOf(n), statementBytes(cluster, rule.kind, body));
    return { kind: rule.kind, body, signature };
  };
  return createProof(
    cluster,
    accused,
    rule.name,
    sign(Uint8Array.of(1, 1)),
    sign(Uint8Array.of(1, 2)),
  ) as Proof;
}

const optionsWith = (policy: AdmissionPolicy) =>
  ({ cluster, keys, signatures, vrf: modelVrf, policy, catalogue, keptEpochs: 2 }) as const;

function authorityWith(policy: AdmissionPolicy): MembershipAuthority {
  const options = optionsWith(policy);
  return createAuthority(options, createAuthorityState(options));
}

const reasonOf = (authority: MembershipAuthority, asked: Application): string | undefined => {
  const admission = authority.admit(asked);
  return admission.admitted ? undefined : admission.reason;
};

describe('an authority with a list of keys', () => {
  const listed = () => authorityWith(admitListed([1, 2, 3].map(keyOf)));

  it('lists from the next epoch on whom it admitted, and signs that for everyone', () => {
    const authority = listed();
    assert.deepEqual(authority.admit(application(2)), { admitted: true, id: 1, from: 2 });
    assert.deepEqual(authority.membersOf(1)?.cards, []);
    assert.equal(authority.membersOf(2), null);
    const list = authority.advance();
    assert.equal(authority.membersOf(2), list);
    assert.deepEqual(
      list.cards.map(({ id, about }) => [id, about]),
      [[1, utf8('host 2')]],
    );
    const observer = {
      hash: keys.hash,
      verify: verifierOf(signatures, () => signatures.publicKeyOf(authoritySeed)),
    };
    assert.ok(isMemberList(observer, cluster, list));
    assert.ok(isMember(observer, cluster, authority.proofOf(1) as MemberProof));
    assert.equal(authority.proofOf(2), null);
  });

  it('refuses strangers, members again, keys that came and went, and applications in the name of another', () => {
    const authority = listed();
    assert.match(reasonOf(authority, application(9)) ?? '', /not on the list/);
    authority.admit(application(1));
    assert.match(reasonOf(authority, application(1)) ?? '', /already member 1/);
    authority.leave(1);
    assert.match(reasonOf(authority, application(1)) ?? '', /do not come back/);
    const forged = { ...application(2), about: utf8('elsewhere') };
    assert.match(reasonOf(authority, forged) ?? '', /not signed/);
    assert.match(reasonOf(authority, { ...application(9), signingKey: keyOf(2) }) ?? '', /not signed/);
    assert.deepEqual(authority.advance().cards, []);
  });

  it('refuses keys for draws that are not certified', () => {
    const authority = listed();
    const { vrfKey, about, credential } = application(2);
    for (const vrfCertificate of [new Uint8Array(VRF_CERTIFICATE_BYTES), application(3).vrfCertificate]) {
      const asked = apply(signatures, cluster, seedOf(2), { vrfKey, vrfCertificate, about, credential });
      assert.match(reasonOf(authority, asked) ?? '', /not certified/);
    }
  });

  it('evicts on proofs, for good, and says so in a list that anyone can check', () => {
    const authority = listed();
    for (const n of [1, 2, 3]) authority.admit(application(n));
    authority.advance();
    const proof = proofBy(2, 2);
    const outcome = authority.evict(proof, 17);
    assert.ok(outcome.evicted);
    assert.deepEqual([outcome.eviction.member, outcome.eviction.epoch, outcome.eviction.round], [2, 2, 17]);
    const context = { cluster, verify: verifierOf(signatures, keyOf), rules: catalogue.rules };
    assert.ok(isJustified(keys.hash, outcome.eviction, proof, context));
    assert.ok(isEvictionList(keys, cluster, authority.evictions()));
    assert.equal(authority.evictions().version, 1);
    assert.deepEqual(
      authority.advance().cards.map(({ id }) => id),
      [1, 3],
    );
    assert.match(reasonOf(authority, application(2)) ?? '', /do not come back/);
    assert.equal(authority.evict(proof, 18).evicted, false, 'no member any more');
    const early = authority.evict(proofBy(1, 1), 5);
    assert.ok(early.evicted && early.eviction.epoch === 3);
    const third = authority.evict(proofBy(3, 3), 2);
    assert.ok(third.evicted && third.eviction.round === 5, 'not before the one listed last');
  });

  it('evicts nobody for what another signed, for strikes, or for rules that it does not know', () => {
    const authority = listed();
    for (const n of [1, 2]) authority.admit(application(n));
    authority.advance();
    const reasons = [proofBy(1, 2), proofBy(2, 2, LATE), proofBy(2, 2, INVITE_USED_TWICE), proofBy(3, 3)].map(
      (proof) => {
        const outcome = authority.evict(proof, 1);
        return outcome.evicted ? 'evicted' : outcome.reason;
      },
    );
    assert.deepEqual(reasons, [
      'the accused did not sign both statements',
      'it is worth a strike only',
      'the rule is not known here',
      'the accused is no member',
    ]);
    assert.equal(authority.evictions().version, 0);
  });

  it('keeps as many former lists as it was told', () => {
    const authority = listed();
    for (let i = 0; i < 4; i++) authority.advance();
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((epoch) => authority.membersOf(epoch)?.epoch),
      [undefined, undefined, 3, 4, 5],
    );
  });

  it('can be convicted by what it signs, and by nothing else', () => {
    const rules = createCatalogue(authorityOffences);
    assert.deepEqual(
      rules.offences.map(({ rule }) => rule.name),
      ['two-member-lists', 'two-eviction-lists'],
    );
    assert.throws(() => createCatalogue([...authorityOffences, ...authorityOffences]), /different names/);
    assert.equal(rules.offenceOf('two-votes'), undefined);
  });
});

describe('an authority with invites', () => {
  const token = (uses: number, lastEpoch: number, ticket = 200): Token =>
    issueInvite(signatures, cluster, authoritySeed, seedOf(ticket), { issuer: AUTHORITY, uses, lastEpoch });
  const invited = (n: number, by: Token): Application =>
    application(n, redeemInvite(signatures, cluster, by, keyOf(n)));

  function open() {
    const redemptions = createRedemptions();
    const issuerKey = (issuer: number) =>
      issuer === AUTHORITY ? signatures.publicKeyOf(authoritySeed) : undefined;
    const invites = { signatures, cluster, issuerKey };
    return { redemptions, invites, authority: authorityWith(admitInvited(invites, redemptions)) };
  }

  it('admits as many as the invite says', () => {
    const { authority } = open();
    const three = token(3, 10);
    for (const n of [1, 2, 3]) assert.equal(reasonOf(authority, invited(n, three)), undefined);
    assert.match(reasonOf(authority, invited(4, three)) ?? '', /used up/);
    assert.equal(reasonOf(authority, invited(4, token(1, 10, 201))), undefined);
  });

  it('uses up nothing for what it refuses', () => {
    const { authority } = open();
    const two = token(2, 10);
    assert.equal(reasonOf(authority, invited(1, two)), undefined);
    for (let i = 0; i < 5; i++) assert.match(reasonOf(authority, invited(1, two)) ?? '', /already member/);
    assert.equal(reasonOf(authority, invited(2, two)), undefined);
  });

  it('binds a redemption to its key, and an invite to its terms and issuer', () => {
    const { authority } = open();
    const one = token(1, 10);
    const overheard = application(2, invited(1, one).credential);
    assert.match(reasonOf(authority, overheard) ?? '', /redeemed for another key/);
    const generous = { ...one, invite: { ...one.invite, uses: 200 } };
    assert.match(reasonOf(authority, invited(1, generous)) ?? '', /did not sign/);
    const self = issueInvite(signatures, cluster, seedOf(9), seedOf(200), {
      issuer: 9,
      uses: 1,
      lastEpoch: 10,
    });
    assert.match(reasonOf(authority, invited(9, self)) ?? '', /may not invite/);
    const foreign = issueInvite(signatures, new Uint8Array(32), authoritySeed, seedOf(200), {
      issuer: 0,
      uses: 1,
      lastEpoch: 10,
    });
    assert.match(reasonOf(authority, invited(1, foreign)) ?? '', /did not sign/);
    assert.match(reasonOf(authority, application(1)) ?? '', /no invite/);
  });

  it('lets invites end', () => {
    const { authority } = open();
    const brief = token(2, 1);
    assert.equal(reasonOf(authority, invited(1, brief)), undefined);
    authority.advance();
    assert.match(reasonOf(authority, invited(2, brief)) ?? '', /ended with epoch 1/);
  });

  it('has evidence against a ticket for one that is used with two keys', () => {
    const { authority, redemptions, invites } = open();
    const one = token(1, 10);
    assert.equal(doubleUseIn(invites, redemptions, invited(1, one)), null, 'not used yet');
    authority.admit(invited(1, one));
    assert.equal(doubleUseIn(invites, redemptions, invited(1, one)), null, 'the same key again');
    const proof = doubleUseIn(invites, redemptions, invited(2, one)) as Proof;
    assert.deepEqual(decodeProof(encodeProof(proof)), proof);
    const issuerKey = signatures.publicKeyOf(authoritySeed);
    const judge = (about: Proof, invite = one.invite) =>
      judgeDoubleUse(signatures, cluster, issuerKey, invite, about);
    assert.deepEqual(judge(proof), {
      valid: true,
      explanation: 'an invite that member 0 gave out for one was redeemed with two keys',
    });
    assert.equal(judge({ ...proof, accused: 3 }).valid, false, 'who did not issue it');
    assert.equal(judge(proof, token(1, 10, 201).invite).valid, false, 'another invite');
    assert.equal(
      judge(proof, { ...one.invite, signature: new Uint8Array(64) }).valid,
      false,
      'not issued at all',
    );
    const overheard = application(3, invited(1, one).credential);
    assert.equal(doubleUseIn(invites, redemptions, overheard), null, 'overheard redemptions prove nothing');
  });

  it('has none where an invite is for several', () => {
    const { authority, redemptions, invites } = open();
    const two = token(2, 10);
    authority.admit(invited(1, two));
    assert.equal(doubleUseIn(invites, redemptions, invited(2, two)), null);
  });
});

describe('applications, tokens and credentials as bytes', () => {
  const one = issueInvite(signatures, cluster, authoritySeed, seedOf(1), {
    issuer: 4,
    uses: 2,
    lastEpoch: 9,
  });
  const credential = redeemInvite(signatures, cluster, one, keyOf(1));
  const asked = application(1, credential);

  it('survive a round trip', () => {
    assert.deepEqual(decodeApplication(encodeApplication(asked)), asked);
    assert.deepEqual(decodeToken(encodeToken(one)), one);
    assert.deepEqual(decodeInviteCredential(credential)?.invite, one.invite);
    const plain = apply(signatures, cluster, seedOf(1), {
      vrfKey: new Uint8Array(0),
      vrfCertificate: new Uint8Array(0),
      about: new Uint8Array(0),
      credential: new Uint8Array(0),
    });
    assert.deepEqual(decodeApplication(encodeApplication(plain)), plain);
    const half = { ...asked, vrfCertificate: new Uint8Array(0) };
    assert.equal(decodeApplication(encodeApplication(half)), null);
  });

  it('decode canonically or not at all, whatever the bytes', () => {
    const [whole, token] = [encodeApplication(asked), encodeToken(one)];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(4000), fc.nat(255), (noise, at, byte) => {
        const variants = (bytes: Uint8Array): Uint8Array[] => {
          const bent = bytes.slice();
          bent[at % bent.length] = byte;
          return [noise, Uint8Array.of(...bytes.subarray(0, at), ...noise), bent];
        };
        for (const bytes of variants(whole)) {
          const decoded = decodeApplication(bytes);
          if (decoded !== null) assert.ok(equalBytes(encodeApplication(decoded), bytes));
        }
        for (const bytes of variants(token)) {
          const decoded = decodeToken(bytes);
          if (decoded !== null) assert.ok(equalBytes(encodeToken(decoded), bytes));
          decodeInviteCredential(bytes);
        }
      }),
    );
  });
});
