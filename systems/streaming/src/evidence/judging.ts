/** Judging evidence from anyone, offline. */

import { type Eviction, type Rule, verifyProof } from '@concordat/accountability';
import { tagged } from '@concordat/crypto';
import { type Digest, type NodeId, unreachable } from '@concordat/kernel';
import { createReader, equalBytes } from '@concordat/wire';
import { idOf, type Shape } from '../bits.ts';
import type { PacketCheck } from '../content/packets.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import type { Members } from '../membership/member-list.ts';
import { FLEXIBLE, type PushOffer, type Reserve } from '../messages/messages.ts';
import { isHeaderSigned } from '../peer/headers.ts';
import { statementName } from '../statement.ts';
import type { Sealing } from '../trade/sealing.ts';
import { commitmentOf, isBodySigned, readBody, type StatementBody } from '../trade/statements.ts';
import type { Evidence, EvidencedStatement, PairRule } from './evidence.ts';

/** What a judge has to know. All of it is public. */
export interface EvidenceContext {
  readonly stream: Digest;
  readonly shape: Shape;
  readonly keys: Pick<StreamKeys, 'hash' | 'verify' | 'vrf'>;
  readonly broadcaster: Signer;
  listOf(epoch: number): Members | null;
  readonly evictions: readonly Eviction[];
  readonly sealing: Sealing;
  readonly check: PacketCheck;
  /** Whether the draw of `opening`'s sender permits its partner; null if that cannot be told. */
  permits(opening: Opening): boolean | null;
}

export type Opening = Omit<Reserve, 'signature'> | Omit<PushOffer, 'signature'>;

export type EvidenceVerdict =
  | { readonly valid: true; readonly accused: NodeId; readonly explanation: string }
  | { readonly valid: false; readonly reason: string };

const invalid = (reason: string): EvidenceVerdict => ({ valid: false, reason });

function parse(shape: Shape, body: Uint8Array): StatementBody | null {
  const reader = createReader(body);
  return reader.finish(readBody(reader, shape));
}

const isOpening = (body: StatementBody): body is StatementBody & Opening =>
  body.kind === 'reserve' || body.kind === 'push-offer';

/** In the same round and for the same partner; openings of a protocol with one partner per round for any. */
function isSameOccasion(a: StatementBody, b: StatementBody): boolean {
  if (a.epoch !== b.epoch || a.round !== b.round || a.tag !== b.tag || a.from !== b.from) return false;
  return a.to === b.to || (isOpening(a) && isOpening(b) && a.tag !== FLEXIBLE);
}

function saysTwoThings(a: StatementBody, b: StatementBody): boolean {
  if (!isSameOccasion(a, b)) return false;
  // A pair may be in two trades, one begun by each, with a briefcase for either.
  if (a.kind === 'briefcase' && b.kind === 'briefcase') return equalBytes(a.answers, b.answers);
  return a.kind === b.kind;
}

/** Of an OPENING and what it opened, in either order. */
function breaksCommitment({ keys, shape }: EvidenceContext, a: StatementBody, b: StatementBody): boolean {
  const [reserve, reveal] = a.kind === 'reserve' ? [a, b] : [b, a];
  if (reserve.kind !== 'reserve' || reveal.kind !== 'reveal') return false;
  if (reserve.to !== reveal.to || !isSameOccasion(reserve, reveal)) return false;
  return !equalBytes(commitmentOf(keys.hash, shape, reveal.nonce, reveal, reveal.tag), reserve.commitment);
}

const EXPLANATIONS: Record<Evidence['rule'], string> = {
  'two-statements': 'said two different things where the protocol has one',
  'broken-commitment': 'revealed something else than it had committed to',
  'wrong-partner': 'opened a trade with a peer that its draw does not permit',
  'bad-briefcase': 'sealed something else than its signed list of contents names',
};

/** What a rule's name means, as a clause; of rules that this version knows. */
export const offenceOf = (rule: string): string =>
  new Map<string, string>(Object.entries(EXPLANATIONS)).get(rule) ?? 'broke a rule that is not known here';

function ruleFor(context: EvidenceContext, name: PairRule): Rule {
  return {
    name,
    kind: statementName('trade'),
    convicts: (first, second) => {
      const [a, b] = [parse(context.shape, first), parse(context.shape, second)];
      if (a === null || b === null) return false;
      return name === 'two-statements' ? saysTwoThings(a, b) : breaksCommitment(context, a, b);
    },
    explain: ({ accused }) => `member ${accused} ${EXPLANATIONS[name]}`,
  };
}

function judgePair(
  context: EvidenceContext,
  evidence: Evidence & { readonly rule: PairRule },
): EvidenceVerdict {
  const { accused, proof, rule } = evidence;
  const verdict = verifyProof(proof, {
    cluster: context.stream,
    rules: [ruleFor(context, rule)],
    verify: (signer, bytes, signature) => {
      const member = anyMember(context, signer, proof.statements[0].body);
      return member !== null && context.keys.verify(member, bytes, signature);
    },
  });
  return verdict.valid ? { valid: true, accused, explanation: verdict.explanation } : invalid(verdict.reason);
}

/** The accused, by the list of the epoch that its statement names. */
function anyMember(context: EvidenceContext, accused: NodeId, body: Uint8Array): Signer | null {
  const epoch = parse(context.shape, body)?.epoch;
  const list = epoch === undefined ? null : context.listOf(epoch);
  return list === null ? null : (list.memberOf(accused) ?? null);
}

/** What a statement says, if the accused signed it. */
function signedBy(
  context: EvidenceContext,
  accused: NodeId,
  statement: EvidencedStatement,
): StatementBody | null {
  const body = parse(context.shape, statement.body);
  const member = anyMember(context, accused, statement.body);
  if (body === null || member === null || body.from !== accused) return null;
  return isBodySigned(context.keys, context.stream, member, statement.body, statement.signature)
    ? body
    : null;
}

const UNSIGNED = 'the accused did not sign the statement';

function judgePartner(
  context: EvidenceContext,
  accused: NodeId,
  statement: EvidencedStatement,
): EvidenceVerdict {
  const body = signedBy(context, accused, statement);
  if (body === null || !isOpening(body)) return invalid(UNSIGNED);
  const permits = context.permits(body);
  if (permits === null) return invalid('the list that the draw was made from is not known here');
  if (permits) return invalid('the draw permits this partner');
  return { valid: true, accused, explanation: `member ${accused} ${EXPLANATIONS['wrong-partner']}` };
}

function judgeBriefcase(
  context: EvidenceContext,
  evidence: Evidence & { readonly rule: 'bad-briefcase' },
): EvidenceVerdict {
  const { keys, shape, stream, broadcaster, sealing, check } = context;
  const { accused, at, index, key, header, exhibit } = evidence;
  const body = signedBy(context, accused, evidence.statement);
  if (body === null || body.kind !== 'briefcase') return invalid(UNSIGNED);
  if (!isHeaderSigned(keys, stream, broadcaster, header))
    return invalid('the broadcaster did not sign the header');
  if (!equalBytes(tagged(keys.hash, 'briefcase-key', key), body.keyDigest))
    return invalid('the key is not the one');
  const isInWindow = header.round <= body.round && header.round > body.round - shape.lifetime;
  if (!isInWindow || index >= shape.perRound || body.contents[at] !== idOf(shape, header.round, index))
    return invalid('the list names another packet there');
  const place = { sealDigest: body.sealDigest, count: body.contents.length, at };
  const judged = sealing.judge(exhibit, place, key, { round: header.round, index });
  if (judged === 'foreign') return invalid('the item is not of this briefcase');
  if (judged !== 'garbage' && check(header, judged)) return invalid('the item is what the list says');
  return { valid: true, accused, explanation: `member ${accused} ${EXPLANATIONS['bad-briefcase']}` };
}

/** Judges evidence from anyone. */
export function judgeEvidence(evidence: Evidence, context: EvidenceContext): EvidenceVerdict {
  switch (evidence.rule) {
    case 'two-statements':
    case 'broken-commitment':
      return judgePair(context, evidence);
    case 'wrong-partner':
      return judgePartner(context, evidence.accused, evidence.statement);
    case 'bad-briefcase':
      return judgeBriefcase(context, evidence);
    default:
      return unreachable(evidence);
  }
}
