/**
 * Attacks around executors: what a lying executor tells clients, order replicas and other executors, and what a lying order
 * replica tells those who learn from it. Pure, like the attacks on ordering; a world puts them around an honest process.
 */

import type { Digest } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { batchDigest } from '../batch.ts';
import type { Attacker } from '../replica/adversaries.ts';
import type { Message } from '../replica/messages.ts';
import { signCheckpoint } from '../replica/statements.ts';

const other = (digest: Digest): Digest => digest.map((byte) => byte ^ 0xff);
const spoilt = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));

/** Answers every client with something else. */
const falseReplies: Attacker = () => (m) => {
  switch (m.type) {
    case 'reply':
      return [{ ...m, reply: spoilt(m.reply) }];
    case 'answer':
      return [{ ...m, result: other(m.result), answer: null }];
    case 'reply-digest':
      return [{ ...m, digest: other(m.digest) }];
    default:
      return [m];
  }
};

/** Signs states that it never had. */
const falseTokens: Attacker = (liar) => (m) =>
  m.type === 'checkpoint' ? [signCheckpoint(liar.keys, liar.cluster, { ...m, state: other(m.state) })] : [m];

/** Signs one state for some and another for others, also of slots to come. */
const splitTokens: Attacker = (liar) => (m, to) => {
  if (m.type !== 'checkpoint') return [m];
  const ahead = signCheckpoint(liar.keys, liar.cluster, { ...m, slot: 2 * m.slot });
  const lie = signCheckpoint(liar.keys, liar.cluster, { ...m, state: other(m.state) });
  return to % 2 === 0 ? [ahead, m] : [ahead, lie];
};

/** Serves another state than the one that is proven. */
const falseState: Attacker = () => (m) => {
  if (m.type === 'part') return [{ ...m, bytes: spoilt(m.bytes) }];
  if (m.type === 'manifest') return [{ ...m, roots: { ...m.roots, service: other(m.roots.service) } }];
  return [m];
};

/** Serves a true manifest and then nothing that belongs to it. */
const falseParts: Attacker = () => (m) => (m.type === 'part' ? [{ ...m, bytes: spoilt(m.bytes) }] : [m]);

/** Tells filter nodes that they may forget what nobody has executed yet. */
const falseCompletion: Attacker = () => (m) =>
  m.type === 'completed' ? [{ ...m, done: m.done.map((mark) => ({ ...mark, seq: mark.seq + 1000 })) }] : [m];

/** By name: what lying executors do. */
export const executionAttackers = {
  'false-replies': falseReplies,
  'false-tokens': falseTokens,
  'split-tokens': splitTokens,
  'false-state': falseState,
  'false-parts': falseParts,
  'false-completion': falseCompletion,
} as const satisfies Record<string, Attacker>;

/** Says that a log is committed which nobody proposed. */
const falseFeed: Attacker = () => (m) => {
  if (m.type !== 'next-batch') return [m];
  const digests = m.digests.map(other);
  const end = m.after + digests.length;
  return [{ ...m, digests, accepted: end, tentative: end, committed: end }];
};

/** Says that everything is committed as soon as it is accepted. */
const hastyFeed: Attacker = () => (m) => {
  if (m.type !== 'next-batch') return [m];
  const end = m.after + m.digests.length;
  return [{ ...m, accepted: end, tentative: end, committed: end }];
};

/** Names batches, but sends no contents. */
const noContents: Attacker = () => (m) => (m.type === 'batch' ? [] : [m]);

/** Sends contents without their requests, or with others in their place. */
const falseContents: Attacker = () => (m) =>
  m.type === 'batch'
    ? [
        { ...m, requests: m.requests.slice(1) },
        { ...m, batch: { ...m.batch, time: m.batch.time + 1 } },
      ]
    : [m];

/** Shows certificates that prove nothing. */
const falseCertificates: Attacker = () => (m) =>
  m.type === 'stable'
    ? [{ ...m, certificate: m.certificate.map((item) => ({ ...item, state: other(item.state) })) }]
    : [m];

/** Names, as committed, a batch of something that nobody asked for and whose body nobody has. */
const phantomBatches: Attacker = (liar) => {
  const { hash } = liar.keys;
  const ref = { domain: liar.self, client: 999_999, seq: 1, digest: hash(utf8('nobody asked')) };
  const batch = { time: 1, refs: [ref] };
  return (m) => {
    if (m.type === 'batch') return [m, { ...m, batch, requests: [] }];
    if (m.type !== 'next-batch') return [m];
    const digests = m.digests.map(() => batchDigest(hash, batch));
    const end = m.after + digests.length;
    return [{ ...m, digests, accepted: end, tentative: end, committed: end }];
  };
};

/** Names, as committed, batches of its own making, and sends them whole. */
const inventedBatches: Attacker = ({ keys }) => {
  const batch = { time: 1, refs: [] };
  return (m) => {
    if (m.type !== 'next-batch') return [m];
    const digests = m.digests.map(() => batchDigest(keys.hash, batch));
    const end = m.after + digests.length;
    const contents = digests.map(
      (_, i): Message => ({
        type: 'batch',
        slot: m.after + 1 + i,
        batch,
        requests: [],
      }),
    );
    return [{ ...m, digests, accepted: end, tentative: end, committed: end }, ...contents];
  };
};

/** By name: what lying order replicas do to those who learn from them. */
export const feedAttackers = {
  'false-feed': falseFeed,
  'hasty-feed': hastyFeed,
  'no-contents': noContents,
  'false-contents': falseContents,
  'phantom-batches': phantomBatches,
  'invented-batches': inventedBatches,
  'false-certificates': falseCertificates,
} as const satisfies Record<string, Attacker>;
