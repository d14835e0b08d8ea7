/**
 * A conviction, whole by itself: the evidence, and the tracker's word on whose key signed it. Whoever has the stream's configuration
 * (an invite has it) can judge it offline, when nobody remembers the members any more. This is the form of evidence files.
 *
 *   20 bytes "concordat conviction" | u8 version (1) | 32 bytes stream | u32 member | 32 bytes its key |
 *   64 bytes the tracker's signature over member and key | u32 length, evidence
 */

import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { createReader, createWriter, equalBytes, utf8 } from '@concordat/wire';
import type { StreamConfig } from '../config.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import { listMembers } from '../membership/member-list.ts';
import { signedBytes, streamId } from '../statement.ts';
import type { Sealing } from '../trade/sealing.ts';
import { evidenceContext } from './context.ts';
import { decodeEvidence } from './evidence.ts';
import { type EvidenceContext, type EvidenceVerdict, judgeEvidence } from './judging.ts';

/** A member that was convicted, and by what. */
export interface Conviction {
  readonly member: NodeId;
  /** Under which it signed. */
  readonly publicKey: Uint8Array;
  readonly rule: string;
  readonly evidence: Uint8Array;
}

export interface SignedConviction extends Omit<Conviction, 'rule'> {
  readonly stream: Digest;
  /** The tracker's, over member and key. */
  readonly signature: Uint8Array;
}

const MAGIC = utf8('concordat conviction');
const VERSION = 1;
/** The largest packet with its path, and room for what was said of it. */
const MAX_EVIDENCE_BYTES = 256 * 1024;
export const MAX_CONVICTION_BYTES =
  MAGIC.length + 1 + 32 + 4 + PUBLIC_KEY_BYTES + SIGNATURE_BYTES + 4 + MAX_EVIDENCE_BYTES;

/** Whose key it is: what the tracker signs of a member that is out. Ids are given once, so there is one for each. */
export function cardBody(member: NodeId, publicKey: Uint8Array): Uint8Array {
  const writer = createWriter(64);
  writer.u32(member);
  writer.fixed(publicKey);
  return writer.finish();
}

export function decodeCardBody(bytes: Uint8Array): Pick<Conviction, 'member' | 'publicKey'> | null {
  const reader = createReader(bytes);
  return reader.finish({ member: reader.u32(), publicKey: reader.fixed(PUBLIC_KEY_BYTES) });
}

/** @param keys the tracker's */
export function signConviction(
  keys: Pick<StreamKeys, 'sign'>,
  stream: Digest,
  { member, publicKey, evidence }: Conviction,
): SignedConviction {
  const signature = keys.sign(signedBytes(stream, 'card', cardBody(member, publicKey)));
  return { stream, member, publicKey, signature, evidence };
}

export function encodeConviction(conviction: SignedConviction): Uint8Array {
  const writer = createWriter(256 + conviction.evidence.length);
  writer.fixed(MAGIC);
  writer.u8(VERSION);
  writer.fixed(conviction.stream);
  writer.u32(conviction.member);
  writer.fixed(conviction.publicKey);
  writer.fixed(conviction.signature);
  writer.bytes(conviction.evidence);
  return writer.finish();
}

/** True for what begins as such a file, whether or not it is whole. */
export const beginsConviction = (bytes: Uint8Array): boolean =>
  equalBytes(bytes.subarray(0, MAGIC.length), MAGIC);

/** The conviction in bytes from anyone; null unless canonical. Whether it holds is for `judgeConviction`. */
export function decodeConviction(bytes: Uint8Array): SignedConviction | null {
  if (bytes.length > MAX_CONVICTION_BYTES || !beginsConviction(bytes)) return null;
  const reader = createReader(bytes);
  reader.fixed(MAGIC.length);
  if (reader.u8() !== VERSION) return null;
  return reader.finish({
    stream: reader.fixed(32),
    member: reader.u32(),
    publicKey: reader.fixed(PUBLIC_KEY_BYTES),
    signature: reader.fixed(SIGNATURE_BYTES),
    evidence: reader.bytes(MAX_EVIDENCE_BYTES),
  });
}

/** What a judge knows: all of it is in an invite. */
export interface Court {
  readonly config: StreamConfig;
  readonly broadcaster: Signer;
  readonly tracker: Signer;
  readonly keys: Pick<StreamKeys, 'hash' | 'verify' | 'vrf'>;
  readonly sealing: Sealing;
}

/**
 * What judging takes where membership changes: ids are given once, so whatever list has a member tells its key. Whether a partner was
 * permitted is not judged, as it depends on what its chooser knew of newcomers.
 */
export function contextAmong(
  { config, broadcaster, keys, sealing }: Omit<Court, 'tracker'>,
  members: readonly Signer[],
): EvidenceContext {
  const list = listMembers(0, members, new Uint8Array(0));
  return evidenceContext({ config, keys, broadcaster, listOf: () => list, sealing }, []);
}

/** Judges a file from anyone. */
export function judgeConviction(conviction: SignedConviction, court: Court): EvidenceVerdict {
  const { keys, config, tracker } = court;
  const { member, publicKey, signature } = conviction;
  const invalid = (reason: string): EvidenceVerdict => ({ valid: false, reason });
  const stream = streamId(keys.hash, config);
  if (!equalBytes(conviction.stream, stream)) return invalid('it is about another stream');
  if (!keys.verify(tracker, signedBytes(stream, 'card', cardBody(member, publicKey)), signature))
    return invalid('the tracker of the stream does not say that the key in it is that of the member in it');
  const evidence = decodeEvidence(conviction.evidence);
  if (evidence === null) return invalid('what it carries is no evidence');
  if (evidence.accused !== member) return invalid('its evidence is about another member');
  return judgeEvidence(evidence, contextAmong(court, [{ id: member, publicKey }]));
}
