/**
 * The command that changes a federation: the whole next configuration, the approvals of administrators, and a proof of
 * misbehaviour where it is an eviction with evidence. An approval is a signature over the cluster, the present epoch
 * and the next configuration's digest, so it is worth nothing for another change, or for the same one later.
 *
 *   u8 version (1) | configuration | u32 count, approvals: u16 member | 64 bytes signature, by ascending member |
 *   u32 length, proof (empty for none)
 */

import { statementBytes } from '@concordat/accountability';
import { type Hash, SIGNATURE_BYTES } from '@concordat/crypto';
import { type Digest, MAX_MEMBERS, type NodeId } from '@concordat/kernel';
import { createReader, createWriter, type Reader, utf8, type Writer } from '@concordat/wire';
import { MAX_PROOF_BYTES } from '../replica/client-codec.ts';
import {
  type Configuration,
  configurationDigest,
  readConfiguration,
  writeConfiguration,
} from './configuration.ts';

export interface Approval {
  /** Whose administrators approve: a member of the present configuration. */
  readonly member: NodeId;
  readonly signature: Uint8Array;
}

export interface Reconfigure {
  readonly next: Configuration;
  /** By ascending member. */
  readonly approvals: readonly Approval[];
  /** Canonical proof of misbehaviour of a member that `next` no longer has; empty for none. */
  readonly proof: Uint8Array;
}

const VERSION = 1;
const APPROVAL_BYTES = 2 + SIGNATURE_BYTES;

export function writeApprovals(w: Writer, approvals: readonly Approval[]): void {
  w.list(approvals, ({ member, signature }) => {
    w.u16(member);
    w.fixed(signature);
  });
}

export function readApprovals(r: Reader): Approval[] {
  const approvals = r.list(MAX_MEMBERS, APPROVAL_BYTES, () => ({
    member: r.u16(),
    signature: r.fixed(SIGNATURE_BYTES),
  }));
  if (approvals.some(({ member }, i) => member <= (approvals[i - 1]?.member ?? -1))) r.fail();
  return approvals;
}

export function writeReconfigure(w: Writer, m: Reconfigure): void {
  writeConfiguration(w, m.next);
  writeApprovals(w, m.approvals);
  w.bytes(m.proof);
}

export const readReconfigure = (r: Reader): Reconfigure => ({
  next: readConfiguration(r),
  approvals: readApprovals(r),
  proof: r.bytes(MAX_PROOF_BYTES),
});

export function encodeReconfigure(m: Reconfigure): Uint8Array {
  const writer = createWriter(2048);
  writer.u8(VERSION);
  writeReconfigure(writer, m);
  return writer.finish();
}

export function decodeReconfigure(bytes: Uint8Array): Reconfigure | null {
  const reader = createReader(bytes);
  if (reader.u8() !== VERSION) return null;
  return reader.finish(readReconfigure(reader));
}

/** What an administrator signs. */
export function approvalBytes(hash: Hash, cluster: Digest, next: Configuration): Uint8Array {
  const writer = createWriter(40);
  writer.u53(next.epoch - 1);
  writer.fixed(configurationDigest(hash, next));
  return statementBytes(cluster, 'approval', writer.finish());
}

/** What became of a command: when it acts, or why it does not. */
export type Verdict =
  | { readonly accepted: true; readonly epoch: number; readonly afterSlot: number }
  | { readonly accepted: false; readonly reason: string };

const MAX_REASON_BYTES = 512;

/** The reply of a command: u8 accepted, then u53 epoch | u53 slot, or u32 length, reason. */
export function encodeVerdict(verdict: Verdict): Uint8Array {
  const writer = createWriter(64);
  writer.bool(verdict.accepted);
  if (verdict.accepted) {
    writer.u53(verdict.epoch);
    writer.u53(verdict.afterSlot);
  } else writer.bytes(utf8(verdict.reason).subarray(0, MAX_REASON_BYTES));
  return writer.finish();
}

export function decodeVerdict(bytes: Uint8Array): Verdict | null {
  const reader = createReader(bytes);
  const verdict: Verdict = reader.bool()
    ? { accepted: true, epoch: reader.u53(), afterSlot: reader.u53() }
    : { accepted: false, reason: reader.text(MAX_REASON_BYTES) };
  return reader.finish(verdict);
}
