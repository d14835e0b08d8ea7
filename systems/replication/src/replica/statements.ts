/**
 * What a replica signs, and how others check it. Each statement names the incarnation of its
 * signer: promises of an incarnation that lost its journal count for nothing later (DESIGN section 9, rule 2).
 */

import { statementBytes } from '@concordat/accountability';
import type { Hash, Keys } from '@concordat/crypto';
import type { Digest, SignatureCheck } from '@concordat/kernel';
import { createWriter } from '@concordat/wire';
import { batchDigest, genesisHistory, historiesAfter } from '../batch.ts';
import type { Acknowledge, Checkpoint, NewView, PrePrepare, ViewChange } from './messages.ts';
import { writeNewViewBody, writeViewChangeBody } from './signed-codec.ts';

/** Shared by all statements: none is begun before another is finished. */
const writer = createWriter(4096);

type Proposal = Pick<PrePrepare, 'incarnation' | 'view' | 'slot' | 'history' | 'batch'>;

/**
 * Body of the signed proposal: incarnation, view, slot, history, batch digest. Two with different histories convict.
 * The history alone would not do: whoever does not know the log before the slot could be shown another batch with it.
 */
export function proposalBody(hash: Hash, { batch, ...place }: Proposal): Uint8Array {
  return proposalBodyOf({ ...place, batch: batchDigest(hash, batch) });
}

/** The same for whoever knows only the batch's digest. */
export function proposalBodyOf(m: Omit<Proposal, 'batch'> & { readonly batch: Digest }): Uint8Array {
  writer.u53(m.incarnation);
  writer.u53(m.view);
  writer.u53(m.slot);
  writer.fixed(m.history);
  writer.fixed(m.batch);
  return writer.finish();
}

export const PROPOSAL = 'pre-prepare';

export const proposalBytes = (hash: Hash, cluster: Digest, m: Proposal): Uint8Array =>
  statementBytes(cluster, PROPOSAL, proposalBody(hash, m));

function acknowledgeBytes(cluster: Digest, m: Omit<Acknowledge, 'signature' | 'type'>): Uint8Array {
  writer.u53(m.incarnation);
  writer.u53(m.view);
  writer.u53(m.slot);
  writer.fixed(m.history);
  return statementBytes(cluster, 'acknowledge', writer.finish());
}

function checkpointBytes(cluster: Digest, m: Omit<Checkpoint, 'signature' | 'type'>): Uint8Array {
  writer.u53(m.slot);
  writer.fixed(m.history);
  writer.fixed(m.state);
  writer.u16(m.sender);
  writer.u53(m.incarnation);
  writer.u53(m.epoch);
  return statementBytes(cluster, 'checkpoint', writer.finish());
}

/** A VIEW-CHANGE is long: its digest is what is signed. */
function viewChangeBytes(keys: Keys, cluster: Digest, m: Omit<ViewChange, 'signature' | 'type'>): Uint8Array {
  writeViewChangeBody(writer, m);
  return statementBytes(cluster, 'view-change', keys.hash(writer.finish()));
}

export const NEW_VIEW = 'new-view';

/** Body of the signed NEW-VIEW: incarnation, view, digest of its messages. Two with different digests convict. */
export function newViewBody(keys: Keys, m: Omit<NewView, 'signature' | 'type'>): Uint8Array {
  writeNewViewBody(writer, m);
  const digest = keys.hash(writer.finish());
  writer.u53(m.incarnation);
  writer.u53(m.view);
  writer.fixed(digest);
  return writer.finish();
}

const newViewBytes = (keys: Keys, cluster: Digest, m: Omit<NewView, 'signature' | 'type'>): Uint8Array =>
  statementBytes(cluster, NEW_VIEW, newViewBody(keys, m));

export function signPrePrepare(
  keys: Keys,
  cluster: Digest,
  content: Omit<PrePrepare, 'signature' | 'type'>,
): PrePrepare {
  return {
    type: 'pre-prepare',
    ...content,
    signature: keys.sign(proposalBytes(keys.hash, cluster, content)),
  };
}

export function signAcknowledge(
  keys: Keys,
  cluster: Digest,
  content: Omit<Acknowledge, 'signature' | 'type'>,
): Acknowledge {
  return { type: 'acknowledge', ...content, signature: keys.sign(acknowledgeBytes(cluster, content)) };
}

export function signCheckpoint(
  keys: Keys,
  cluster: Digest,
  content: Omit<Checkpoint, 'signature' | 'type'>,
): Checkpoint {
  return { type: 'checkpoint', ...content, signature: keys.sign(checkpointBytes(cluster, content)) };
}

export function signViewChange(
  keys: Keys,
  cluster: Digest,
  content: Omit<ViewChange, 'signature' | 'type'>,
): ViewChange {
  return { type: 'view-change', ...content, signature: keys.sign(viewChangeBytes(keys, cluster, content)) };
}

export function signNewView(
  keys: Keys,
  cluster: Digest,
  content: Omit<NewView, 'signature' | 'type'>,
): NewView {
  return { type: 'new-view', ...content, signature: keys.sign(newViewBytes(keys, cluster, content)) };
}

export const prePrepareCheck = (
  keys: Keys,
  cluster: Digest,
  primary: number,
  m: PrePrepare,
): SignatureCheck => ({
  signer: primary,
  bytes: proposalBytes(keys.hash, cluster, m),
  signature: m.signature,
});

export const acknowledgeCheck = (
  cluster: Digest,
  sender: number,
  m: Omit<Acknowledge, 'type'>,
): SignatureCheck => ({ signer: sender, bytes: acknowledgeBytes(cluster, m), signature: m.signature });

export const checkpointCheck = (cluster: Digest, m: Checkpoint): SignatureCheck => ({
  signer: m.sender,
  bytes: checkpointBytes(cluster, m),
  signature: m.signature,
});

/** What an empty certificate names. */
type Beginning = Pick<Checkpoint, 'slot' | 'history'>;

/** Every signature inside a VIEW-CHANGE: its own and those of its certificates. */
export function viewChangeChecks(
  keys: Keys,
  cluster: Digest,
  genesis: Beginning,
  m: ViewChange,
): SignatureCheck[] {
  const own = { signer: m.sender, bytes: viewChangeBytes(keys, cluster, m), signature: m.signature };
  return [
    own,
    ...m.stable.map((item) => checkpointCheck(cluster, item)),
    ...certificateChecks(keys, cluster, genesis, m),
  ];
}

/** Of the acknowledgements in a VIEW-CHANGE. One that is outside the certificate's log is checked as if for nothing. */
function certificateChecks(
  { hash }: Keys,
  cluster: Digest,
  genesis: Beginning,
  { stable, certificate }: Pick<ViewChange, 'stable' | 'certificate'>,
): SignatureCheck[] {
  if (certificate === null) return [];
  const { slot: base, history: before } = stable[0] ?? genesis;
  const { view, digests, acknowledgements } = certificate;
  const histories = historiesAfter(hash, before, digests);
  return acknowledgements.map(({ sender, incarnation, slot, signature }) => {
    const history = histories[slot - base - 1] ?? genesisHistory();
    return acknowledgeCheck(cluster, sender, { view, slot, history, incarnation, signature });
  });
}

export function newViewChecks(
  keys: Keys,
  cluster: Digest,
  genesis: Beginning,
  primary: number,
  m: NewView,
): SignatureCheck[] {
  const own = { signer: primary, bytes: newViewBytes(keys, cluster, m), signature: m.signature };
  return [own, ...m.changes.flatMap((change) => viewChangeChecks(keys, cluster, genesis, change))];
}
