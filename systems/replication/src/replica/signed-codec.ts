/**
 * Bytes of what replicas sign, and of the proofs made of it. What a signature covers is written apart from the signature.
 */

import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { type Digest, MAX_MEMBERS } from '@concordat/kernel';
import type { Reader, Writer } from '@concordat/wire';
import { readBatch, writeBatch } from '../batch.ts';
import type {
  Acknowledge,
  Certificate,
  Checkpoint,
  CommitCertificate,
  NewView,
  PrePrepare,
  SlotClaim,
  ViewChange,
  Vouch,
} from './messages.ts';

/** Claims in a VIEW-CHANGE: no configuration has a larger window. */
export const MAX_CLAIMS = 4096;
/** Batches accepted for one slot that a VIEW-CHANGE tells of. */
export const MAX_ACCEPTED = 8;

const digest = (r: Reader): Digest => r.fixed(DIGEST_BYTES);

export function writePrePrepare(w: Writer, m: PrePrepare): void {
  w.u53(m.view);
  w.u53(m.slot);
  w.fixed(m.history);
  w.u53(m.incarnation);
  writeBatch(w, m.batch);
  w.fixed(m.signature);
}

export function readPrePrepare(r: Reader): PrePrepare {
  return {
    type: 'pre-prepare',
    view: r.u53(),
    slot: r.u53(),
    history: digest(r),
    incarnation: r.u53(),
    batch: readBatch(r),
    signature: r.fixed(SIGNATURE_BYTES),
  };
}

export function writeAcknowledge(w: Writer, m: Acknowledge): void {
  w.u53(m.view);
  w.u53(m.slot);
  w.fixed(m.history);
  w.u53(m.incarnation);
  w.fixed(m.signature);
}

export const readAcknowledge = (r: Reader): Acknowledge => ({
  type: 'acknowledge',
  view: r.u53(),
  slot: r.u53(),
  history: digest(r),
  incarnation: r.u53(),
  signature: r.fixed(SIGNATURE_BYTES),
});

export function writeCheckpoint(w: Writer, m: Checkpoint): void {
  w.u53(m.slot);
  w.fixed(m.history);
  w.fixed(m.state);
  w.u16(m.sender);
  w.u53(m.incarnation);
  w.u53(m.epoch);
  w.fixed(m.signature);
}

export const writeCertificate = (w: Writer, certificate: Certificate): void =>
  w.list(certificate, (item) => writeCheckpoint(w, item));

const CHECKPOINT_BYTES = 8 + 2 * DIGEST_BYTES + 2 + 8 + 8 + SIGNATURE_BYTES;

export function readCheckpoint(r: Reader): Checkpoint {
  return {
    type: 'checkpoint',
    slot: r.u53(),
    history: digest(r),
    state: digest(r),
    sender: r.u16(),
    incarnation: r.u53(),
    epoch: r.u53(),
    signature: r.fixed(SIGNATURE_BYTES),
  };
}

export function readCertificate(r: Reader): Checkpoint[] {
  const items = r.list(MAX_MEMBERS, CHECKPOINT_BYTES, () => readCheckpoint(r));
  if (!ascends(items, (item) => item.sender)) r.fail();
  return items;
}

/** The part of a VIEW-CHANGE that its signature covers. */
export function writeViewChangeBody(w: Writer, m: Omit<ViewChange, 'signature' | 'type'>): void {
  w.u53(m.view);
  w.u16(m.sender);
  w.u53(m.incarnation);
  writeCertificate(w, m.stable);
  w.list(m.claims, (claim) => {
    w.u53(claim.slot);
    w.list(claim.prepared === null ? [] : [claim.prepared], (vouch) => writeVouch(w, vouch));
    w.list(claim.accepted, (vouch) => writeVouch(w, vouch));
  });
  w.list(m.certificate === null ? [] : [m.certificate], (certificate) =>
    writeCommitCertificate(w, certificate),
  );
}

export function writeCommitCertificate(w: Writer, m: CommitCertificate): void {
  w.u53(m.view);
  w.list(m.digests, (item) => w.fixed(item));
  w.list(m.acknowledgements, (item) => {
    w.u16(item.sender);
    w.u53(item.incarnation);
    w.u53(item.slot);
    w.fixed(item.signature);
  });
}

const ACKNOWLEDGEMENT_BYTES = 2 + 8 + 8 + SIGNATURE_BYTES;

export function readCommitCertificate(r: Reader): CommitCertificate {
  const view = r.u53();
  const digests = r.list(MAX_CLAIMS, DIGEST_BYTES, () => digest(r));
  const acknowledgements = r.list(MAX_MEMBERS, ACKNOWLEDGEMENT_BYTES, () => ({
    sender: r.u16(),
    incarnation: r.u53(),
    slot: r.u53(),
    signature: r.fixed(SIGNATURE_BYTES),
  }));
  if (!ascends(acknowledgements, (item) => item.sender)) r.fail();
  return { view, digests, acknowledgements };
}

export function writeViewChange(w: Writer, m: ViewChange): void {
  writeViewChangeBody(w, m);
  w.fixed(m.signature);
}

export function readViewChange(r: Reader): ViewChange {
  const view = r.u53();
  const sender = r.u16();
  const incarnation = r.u53();
  const stable = readCertificate(r);
  const claims = r.list(MAX_CLAIMS, 16, () => readClaim(r));
  if (!ascends(claims, (claim) => claim.slot)) r.fail();
  const certificate = r.list(1, 16, () => readCommitCertificate(r))[0] ?? null;
  return {
    type: 'view-change',
    view,
    sender,
    incarnation,
    stable,
    claims,
    certificate,
    signature: r.fixed(SIGNATURE_BYTES),
  };
}

function writeVouch(w: Writer, vouch: Vouch): void {
  w.u53(vouch.view);
  w.fixed(vouch.digest);
}

const readVouch = (r: Reader): Vouch => ({ view: r.u53(), digest: digest(r) });

function readClaim(r: Reader): SlotClaim {
  const slot = r.u53();
  const prepared = r.list(1, 8 + DIGEST_BYTES, () => readVouch(r))[0] ?? null;
  const accepted = r.list(MAX_ACCEPTED, 8 + DIGEST_BYTES, () => readVouch(r));
  if (!ascends(accepted, (vouch) => -vouch.view)) r.fail();
  return { slot, prepared, accepted };
}

/** The part of a NEW-VIEW that its signature covers. */
export function writeNewViewBody(w: Writer, m: Omit<NewView, 'signature' | 'type'>): void {
  w.u53(m.view);
  w.u53(m.incarnation);
  w.list(m.changes, (change) => writeViewChange(w, change));
}

export function writeNewView(w: Writer, m: NewView): void {
  writeNewViewBody(w, m);
  w.fixed(m.signature);
}

export function readNewView(r: Reader): NewView {
  const view = r.u53();
  const incarnation = r.u53();
  const changes = r.list(MAX_MEMBERS, 90, () => readViewChange(r));
  if (!ascends(changes, (change) => change.sender)) r.fail();
  return { type: 'new-view', view, incarnation, changes, signature: r.fixed(SIGNATURE_BYTES) };
}

/** True if the keys grow strictly: the one order in which a set may be written. */
export function ascends<T>(items: readonly T[], key: (item: T) => number): boolean {
  for (let i = 1; i < items.length; i++) if (key(items[i - 1] as T) >= key(items[i] as T)) return false;
  return true;
}
