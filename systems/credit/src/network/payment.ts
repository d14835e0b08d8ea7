/**
 * Payments: units move from payer to payee along augmenting paths until the amount is met, or nothing moves at all. What a
 * later path of one payment takes back from an earlier one counts, so a payment fails only if no flow of its amount exists.
 * A reservation takes the units and gives them to nobody until it ends: committed, released or forfeited, once.
 */

import { assert } from '@concordat/kernel';
import type { HoldOutcome } from '../policies/policy.ts';
import { isCutOff, rememberCut } from './cuts.ts';
import { expired, type Hold, type Steps } from './holds.ts';
import { type CreditNetwork, pairKey, placeBetween } from './network.ts';
import { endParked, stepEnd } from './parking.ts';
import { adjust, settleLink, settleRow, transfer } from './recovery.ts';
import { findPath, type SearchBounds, UNBOUNDED } from './search.ts';

export interface PaymentRequest {
  readonly from: number;
  readonly to: number;
  /** Units, a multiple of the policy's grain. */
  readonly amount: number;
  readonly bounds?: SearchBounds;
}

/** Finds a way for the units: `findSteps` below, or landmarks. Moves them and says how, or moves nothing. */
export type Router = (network: CreditNetwork, request: PaymentRequest) => Steps | null;

export type Refusal =
  /** Payer and payee are the same, or one is no account. */
  | 'no-such-pair'
  /** The payer's own links cannot pay so much. */
  | 'payer-exhausted'
  /** The payee's own links cannot bring him so much. */
  | 'payee-exhausted'
  /** Somewhere between the two, what links had is used: no flow of the amount exists, or landmarks do not know of one. */
  | 'no-route'
  /** A bound of the search was met before it was known. */
  | 'too-far'
  | 'too-many-holds';

export type PaymentResult =
  | { readonly ok: true; readonly steps: Steps }
  | { readonly ok: false; readonly why: Refusal };

export type Reservation =
  | { readonly ok: true; readonly hold: Hold }
  | { readonly ok: false; readonly why: Refusal };

/** Why the payment that was just tried and undone was not made. */
function refusalOf(network: CreditNetwork, { from, to, amount }: PaymentRequest): Refusal {
  if (sumOfRow(network, from, network.out) < amount) return 'payer-exhausted';
  if (sumOfRow(network, to, network.back) < amount) return 'payee-exhausted';
  const { dry } = network.search;
  return dry === 'hops' || dry === 'visits' ? 'too-far' : 'no-route';
}

function sumOfRow(network: CreditNetwork, node: number, units: Int32Array): number {
  settleRow(network, node);
  let sum = 0;
  for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1)
    sum += units[at] as number;
  return sum;
}

function pairProblem(network: CreditNetwork, { from, to, amount }: PaymentRequest): Refusal | null {
  assert(
    Number.isSafeInteger(amount) && amount > 0 && amount % network.policy.grain === 0,
    'an amount is a positive multiple of the grain',
  );
  const isPair = from !== to && from >= 0 && to >= 0 && from < network.nodeCount && to < network.nodeCount;
  return isPair ? null : 'no-such-pair';
}

/** The exact router: shortest augmenting paths, until the amount is met or no path is left. */
export function findSteps(network: CreditNetwork, request: PaymentRequest): Steps | null {
  const { from, to, amount, bounds = UNBOUNDED } = request;
  const { grain } = network.policy;
  const steps: number[] = [];
  if (isCutOff(network, from, to, amount)) {
    network.search.dry = 'from';
    return null;
  }
  let left = amount;
  while (left > 0) {
    if (findPath(network, from, to, grain, bounds) === 0) {
      undoSteps(network, steps);
      rememberCut(network);
      return null;
    }
    left -= pushAlong(network, network.search.path, left, steps);
  }
  return steps;
}

/**
 * Moves as much as the links of `path` (nodes) can pay, at most `limit`, notes it in `steps`, and returns it; 0 if some link is
 * gone or has nothing left.
 */
export function pushAlong(
  network: CreditNetwork,
  path: readonly number[],
  limit: number,
  steps: number[],
): number {
  const { grain } = network.policy;
  let units = limit;
  for (let i = 1; i < path.length; i += 1) {
    const node = path[i - 1] as number;
    const place = placeBetween(network, node, path[i] as number);
    if (place < 0) return 0;
    settleLink(network, node, place);
    units = Math.min(units, network.out[place] as number);
  }
  units -= units % grain;
  if (units > 0)
    for (let i = 1; i < path.length; i += 1)
      moveStep(network, path[i - 1] as number, path[i] as number, units, steps);
  return units;
}

function moveStep(network: CreditNetwork, from: number, to: number, units: number, steps: number[]): void {
  transfer(network, placeBetween(network, from, to), placeBetween(network, to, from), units);
  steps.push(from, to, units);
}

/** Takes back what a payment moved that did not come about. */
export function undoSteps(network: CreditNetwork, steps: Steps): void {
  for (let at = steps.length - 3; at >= 0; at -= 3) {
    const [from, to] = [steps[at] as number, steps[at + 1] as number];
    transfer(
      network,
      placeBetween(network, from, to),
      placeBetween(network, to, from),
      -(steps[at + 2] as number),
    );
  }
}

/** Pays at once, or changes nothing. */
export function pay(
  network: CreditNetwork,
  request: PaymentRequest,
  route: Router = findSteps,
): PaymentResult {
  assert(!network.policy.isSymmetric, 'capacity without direction is reserved, not paid');
  const problem = pairProblem(network, request);
  if (problem !== null) return { ok: false, why: problem };
  const steps = route(network, request);
  return steps === null ? { ok: false, why: refusalOf(network, request) } : { ok: true, steps };
}

/** Reserves units until the hold is ended, or changes nothing. Ends what is over first, to make room for it. */
export function reserve(
  network: CreditNetwork,
  request: PaymentRequest,
  nowMs: number,
  route: Router = findSteps,
): Reservation {
  const problem = pairProblem(network, request);
  if (problem !== null) return { ok: false, why: problem };
  const { holds, policy } = network;
  if (holds.byToken.size >= holds.max) return { ok: false, why: 'too-many-holds' };
  const moved = route(network, request);
  if (moved === null) return { ok: false, why: refusalOf(network, request) };
  const { from, to, amount } = request;
  const expiresAtMs = Math.max(holds.lastExpiryMs, nowMs + policy.holdMs);
  const hold = { token: holds.nextToken, from, to, amount, expiresAtMs, steps: netSteps(moved) };
  withhold(network, hold);
  return { ok: true, hold };
}

/** What several paths of a payment come to, link by link: what one moved and another took back is not held. */
function netSteps(steps: Steps): Steps {
  const net = new Map<string, [number, number, number]>();
  for (let at = 0; at < steps.length; at += 3) {
    const [from, to, units] = [steps[at] as number, steps[at + 1] as number, steps[at + 2] as number];
    const found = net.get(pairKey(from, to));
    if (found === undefined) net.set(pairKey(from, to), [from, to, units]);
    else found[2] += found[0] === from ? units : -units;
  }
  const flat: number[] = [];
  for (const [from, to, units] of net.values()) {
    if (units > 0) flat.push(from, to, units);
    if (units < 0) flat.push(to, from, -units);
  }
  return flat;
}

/** Takes what was moved from the payees again: it is held. */
function withhold(network: CreditNetwork, hold: Hold): void {
  const { holds, policy } = network;
  const taken = policy.isSymmetric ? -2 : -1;
  const { steps } = hold;
  for (let at = 0; at < steps.length; at += 3) {
    const [from, to, units] = [steps[at] as number, steps[at + 1] as number, steps[at + 2] as number];
    adjust(network, placeBetween(network, from, to), placeBetween(network, to, from), 0, taken * units);
  }
  holds.byToken.set(hold.token, hold);
  holds.nextToken = hold.token + 1;
  holds.lastExpiryMs = hold.expiresAtMs;
}

/** Makes a reservation as a record says it was made: what `reserve` did, without looking for a way. Null if it cannot be. */
export function rehold(network: CreditNetwork, hold: Hold): Hold | null {
  if (!canMove(network, hold.steps) || network.holds.byToken.has(hold.token)) return null;
  redoSteps(network, hold.steps);
  withhold(network, hold);
  return hold;
}

/** Moves units as a record says they were moved; each link must have them. */
export function redoSteps(network: CreditNetwork, steps: Steps): boolean {
  for (let at = 0; at < steps.length; at += 3) {
    const [from, to, units] = [steps[at] as number, steps[at + 1] as number, steps[at + 2] as number];
    const place = placeBetween(network, from, to);
    if (place < 0) return false;
    settleLink(network, from, place);
    if ((network.out[place] as number) < units) return false;
    transfer(network, place, placeBetween(network, to, from), units);
  }
  return true;
}

function canMove(network: CreditNetwork, steps: Steps): boolean {
  for (let at = 0; at < steps.length; at += 3) {
    const place = placeBetween(network, steps[at] as number, steps[at + 1] as number);
    if (place < 0) return false;
    settleLink(network, steps[at] as number, place);
    if ((network.out[place] as number) < (steps[at + 2] as number)) return false;
  }
  return true;
}

/** Ends a reservation, once; null if there is none of that token, or it is over. Links removed meanwhile see the end, too. */
export function endHold(network: CreditNetwork, token: number, outcome: HoldOutcome): Hold | null {
  const { holds } = network;
  const hold = holds.byToken.get(token);
  if (hold === undefined) return null;
  holds.byToken.delete(token);
  const { steps } = hold;
  for (let at = 0; at < steps.length; at += 3) {
    const [from, to, units] = [steps[at] as number, steps[at + 1] as number, steps[at + 2] as number];
    const place = placeBetween(network, from, to);
    if (place < 0) endParked(network, from, to, units, outcome);
    else endStep(network, from, place, units, outcome);
  }
  return hold;
}

function endStep(
  network: CreditNetwork,
  from: number,
  place: number,
  units: number,
  outcome: HoldOutcome,
): void {
  const { base, out, back, policy } = network;
  settleLink(network, from, place);
  const twin = placeBetween(network, network.targets[place] as number, from);
  const began = (base[place] as number) + (base[twin] as number);
  // Of a link that was forgotten while parked and is fresh again.
  if ((out[place] as number) + (back[place] as number) + units > began) return;
  const end = stepEnd(policy, outcome, units, base[place] as number);
  adjust(network, place, twin, end.payer, end.payee);
  base[place]! += end.payerBase;
  base[twin]! += end.payeeBase;
}

/** Ends at most `limit` reservations that are over, as the policy says, and returns their tokens. */
export function endExpired(network: CreditNetwork, nowMs: number, limit: number): readonly number[] {
  const tokens = expired(network.holds, nowMs, limit);
  for (const token of tokens) endHold(network, token, network.policy.onExpiry);
  return tokens;
}
