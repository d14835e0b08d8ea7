/**
 * Invites: the authority, or a member who may, signs that whoever holds a ticket's secret can become a member, so many times and
 * until such an epoch. Redeeming one signs the key that is to be listed with the ticket, so an overheard redemption is worth
 * nothing under another key, and two of a ticket that was for one convict the ticket: whoever gave it out answers for it.
 *
 *   invite       u8 format (1) | u53 issuer | 32 bytes ticket's public key | u8 uses | u53 last epoch
 *   signed       invite | 64 bytes signature of the issuer
 *   token        signed invite | 32 bytes secret of the ticket: what a friend is handed, a secret itself
 *   redemption   invite | 32 bytes signing key
 *   credential   signed invite | 64 bytes signature of the ticket over the redemption
 */

import { PUBLIC_KEY_BYTES, SEED_BYTES, SIGNATURE_BYTES, type Signatures } from '@concordat/crypto';
import { assert, type Digest, type NodeId } from '@concordat/kernel';
import { compareBytes, concatBytes, createReader, createWriter, equalBytes } from '@concordat/wire';
import { createProof, type Proof, type Rule, type Verdict, verifyProof } from '../proof.ts';
import { type SignedStatement, statementBytes } from '../statement.ts';

const FORMAT = 1;
const INVITE_BYTES = 1 + 8 + PUBLIC_KEY_BYTES + 1 + 8;
const SIGNED_BYTES = INVITE_BYTES + SIGNATURE_BYTES;
export const TOKEN_BYTES = SIGNED_BYTES + SEED_BYTES;
export const INVITE_CREDENTIAL_BYTES = SIGNED_BYTES + SIGNATURE_BYTES;

export const INVITE = 'invite';
export const REDEMPTION = 'redemption';
export const MAX_INVITE_USES = 255;

export interface Invite {
  readonly issuer: NodeId;
  /** Also the name of the invite. */
  readonly ticketKey: Uint8Array;
  /** 1 to 255. */
  readonly uses: number;
  /** The last epoch in which it can be redeemed. */
  readonly lastEpoch: number;
}

export interface SignedInvite extends Invite {
  readonly signature: Uint8Array;
}

/** What a friend is handed. */
export interface Token {
  readonly invite: SignedInvite;
  /** 32 secret bytes. */
  readonly ticketSeed: Uint8Array;
}

/** What an applicant shows. */
export interface InviteCredential {
  readonly invite: SignedInvite;
  /** Of the ticket, over the invite and the applicant's key. */
  readonly redemption: Uint8Array;
}

function inviteBytes({ issuer, ticketKey, uses, lastEpoch }: Invite): Uint8Array {
  const writer = createWriter(INVITE_BYTES);
  writer.u8(FORMAT);
  writer.u53(issuer);
  writer.fixed(ticketKey);
  writer.u8(uses);
  writer.u53(lastEpoch);
  return writer.finish();
}

function readInvite(bytes: Uint8Array): Invite | null {
  const r = createReader(bytes);
  if (r.u8() !== FORMAT) return null;
  const invite = { issuer: r.u53(), ticketKey: r.fixed(PUBLIC_KEY_BYTES), uses: r.u8(), lastEpoch: r.u53() };
  return invite.uses > 0 ? r.finish(invite) : null;
}

function readSignedInvite(bytes: Uint8Array): SignedInvite | null {
  const invite = readInvite(bytes.subarray(0, INVITE_BYTES));
  return invite === null ? null : { ...invite, signature: bytes.slice(INVITE_BYTES, SIGNED_BYTES) };
}

const signedBytes = (invite: SignedInvite): Uint8Array =>
  concatBytes([inviteBytes(invite), invite.signature]);

/** `ticketSeed` is 32 fresh random bytes; `issuerSeed` the secret of the issuer's signing key. */
export function issueInvite(
  signatures: Signatures,
  cluster: Digest,
  issuerSeed: Uint8Array,
  ticketSeed: Uint8Array,
  terms: Pick<Invite, 'issuer' | 'uses' | 'lastEpoch'>,
): Token {
  assert(terms.uses >= 1 && terms.uses <= MAX_INVITE_USES, 'an invite is for 1 to 255 uses');
  const invite: Invite = { ...terms, ticketKey: signatures.publicKeyOf(ticketSeed) };
  const signature = signatures.signWith(issuerSeed, statementBytes(cluster, INVITE, inviteBytes(invite)));
  return { invite: { ...invite, signature }, ticketSeed };
}

/** True if the holder of `issuerKey` signed the invite. */
export const isIssuedBy = (
  signatures: Signatures,
  cluster: Digest,
  issuerKey: Uint8Array,
  invite: SignedInvite,
): boolean =>
  signatures.verifyWith(issuerKey, statementBytes(cluster, INVITE, inviteBytes(invite)), invite.signature);

const redemptionBody = (invite: Invite, signingKey: Uint8Array): Uint8Array =>
  concatBytes([inviteBytes(invite), signingKey]);

/** The credential of an application with `signingKey`. Keep the key first: a second redemption with another convicts. */
export const redeemInvite = (
  signatures: Signatures,
  cluster: Digest,
  { invite, ticketSeed }: Token,
  signingKey: Uint8Array,
): Uint8Array =>
  concatBytes([
    signedBytes(invite),
    signatures.signWith(ticketSeed, statementBytes(cluster, REDEMPTION, redemptionBody(invite, signingKey))),
  ]);

/** What the ticket's holder signed by redeeming it for `signingKey`. */
export const redemptionStatement = (
  { invite, redemption }: InviteCredential,
  signingKey: Uint8Array,
): SignedStatement => ({
  kind: REDEMPTION,
  body: redemptionBody(invite, signingKey),
  signature: redemption,
});

/** True if the ticket's holder redeemed the invite for `signingKey`. */
export const isRedeemedFor = (
  signatures: Signatures,
  cluster: Digest,
  credential: InviteCredential,
  signingKey: Uint8Array,
): boolean => {
  const { kind, body, signature } = redemptionStatement(credential, signingKey);
  return signatures.verifyWith(credential.invite.ticketKey, statementBytes(cluster, kind, body), signature);
};

export const encodeToken = ({ invite, ticketSeed }: Token): Uint8Array =>
  concatBytes([signedBytes(invite), ticketSeed]);

/** Null unless canonical. */
export function decodeToken(bytes: Uint8Array): Token | null {
  if (bytes.length !== TOKEN_BYTES) return null;
  const invite = readSignedInvite(bytes);
  return invite === null ? null : { invite, ticketSeed: bytes.slice(SIGNED_BYTES) };
}

/** Null unless canonical. */
export function decodeInviteCredential(bytes: Uint8Array): InviteCredential | null {
  if (bytes.length !== INVITE_CREDENTIAL_BYTES) return null;
  const invite = readSignedInvite(bytes);
  return invite === null ? null : { invite, redemption: bytes.slice(SIGNED_BYTES) };
}

function readRedemption(
  body: Uint8Array,
): { invite: Invite; inviteBytes: Uint8Array; signingKey: Uint8Array } | null {
  if (body.length !== INVITE_BYTES + PUBLIC_KEY_BYTES) return null;
  const invite = readInvite(body.subarray(0, INVITE_BYTES));
  if (invite === null) return null;
  return { invite, inviteBytes: body.subarray(0, INVITE_BYTES), signingKey: body.subarray(INVITE_BYTES) };
}

/** Nobody redeems a ticket that is for one with two keys. Signed by the ticket; its issuer is whom the proof names. */
export const INVITE_USED_TWICE: Rule = {
  name: 'invite-used-twice',
  kind: REDEMPTION,
  convicts: (a, b) => {
    const [one, other] = [readRedemption(a), readRedemption(b)];
    if (one === null || other === null || !equalBytes(one.inviteBytes, other.inviteBytes)) return false;
    return one.invite.uses === 1 && compareBytes(one.signingKey, other.signingKey) !== 0;
  },
  explain: ({ accused }) => `an invite that member ${accused} gave out for one was redeemed with two keys`,
};

/** The proof that a ticket for one was used twice; null if the two say nothing of the kind. */
export function proveDoubleUse(
  cluster: Digest,
  issuer: NodeId,
  a: SignedStatement,
  b: SignedStatement,
): Proof | null {
  const proof = createProof(cluster, issuer, INVITE_USED_TWICE.name, a, b);
  return proof !== null && INVITE_USED_TWICE.convicts(a.body, b.body) ? proof : null;
}

/**
 * Judges a proof by `invite-used-twice`, offline: beside the proof it takes the invite, which ties the ticket to its issuer. It
 * says that the ticket was used twice, not by whom - the second may have stolen it - so it is a strike, and no eviction.
 */
export function judgeDoubleUse(
  signatures: Signatures,
  cluster: Digest,
  issuerKey: Uint8Array,
  invite: SignedInvite,
  proof: Proof,
): Verdict {
  const isOfInvite = proof.statements.every(({ body }) => {
    const redemption = readRedemption(body);
    return redemption !== null && equalBytes(redemption.inviteBytes, inviteBytes(invite));
  });
  if (!isOfInvite || invite.issuer !== proof.accused || !isIssuedBy(signatures, cluster, issuerKey, invite)) {
    return { valid: false, reason: 'the accused did not issue the invite' };
  }
  return verifyProof(proof, {
    cluster,
    verify: (_, bytes, signature) => signatures.verifyWith(invite.ticketKey, bytes, signature),
    rules: [INVITE_USED_TWICE],
  });
}
