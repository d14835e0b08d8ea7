/**
 * Genie as a rate limiter: a request of one account for something of another is a payment over who knows whom. Its limit is a
 * property of links, so it does not grow with the number of accounts that somebody makes. Framework-free; `guards.ts` has
 * Fastify, Express and plain servers.
 *
 * A check is answered once its charge is durable. Charges of requests that are under way together share one sync.
 */

import { randomInt } from 'node:crypto';
import { createPrng } from '@concordat/kernel';
import type { Metrics } from '@concordat/runtime';
import { landmarkRouter, openLandmarks, refreshLandmarks } from '../../landmarks/landmarks.ts';
import { isName, NAME_MAX } from '../../ledger/ledger.ts';
import { findSteps, type PaymentRequest, pay, type Router } from '../../network/payment.ts';
import type { SearchBounds } from '../../network/search.ts';
import { hopsBetween } from '../../policies/genie.ts';
import { CreditError } from '../errors.ts';
import type { CreditStore } from '../store/store.ts';
import { createMeasures } from './measures.ts';
import { type Standing, standingOf, totalsOf, untilWhole } from './standing.ts';
import type { Verdict, Why } from './verdict.ts';

/** Names of accounts; numbers are taken as their digits. */
export type AccountId = string | number;

export interface Check {
  readonly viewer: AccountId;
  readonly viewed: AccountId;
  /** How many looks this request is worth: 1 unless told. 0 is free. */
  readonly weight?: number;
}

export interface LimiterOptions {
  readonly store: CreditStore;
  /** What to do with a viewer that has no links: refuse it, serve it, or let it pay as another account that all strangers share. */
  readonly unknownViewer?: 'refuse' | 'allow' | { readonly as: AccountId };
  readonly unknownViewed?: 'refuse' | 'allow';
  /** What to do when charges do not become durable any more. `open`: serve, and charge in memory. */
  readonly onStoreFailure?: 'open' | 'closed';
  /** Refuse nobody, and say what would have been. Charges are made all the same, or nothing would ever be refused. */
  readonly isDryRun?: boolean;
  /** `memory`: answer before a charge is durable; a crash forgets the last of them. */
  readonly acknowledge?: 'durable' | 'memory';
  readonly bounds?: SearchBounds;
  /** From this many links on, ways are found over landmarks: 1,000,000 unless told. */
  readonly landmarksFrom?: number;
  readonly metrics?: Metrics;
}

export interface Limiter {
  readonly store: CreditStore;
  check(request: Check): Promise<Verdict>;
  /** Links two accounts, which need not be known. False if they are linked already, or are the same. */
  link(a: AccountId, b: AccountId): boolean;
  unlink(a: AccountId, b: AccountId): boolean;
  /** How an account stands, with at most so many of its links; null if it is not known. */
  standing(account: AccountId, linksMax?: number): Standing | null;
  /** Resolves when all links and charges so far are durable. */
  durable(): Promise<void>;
}

/** Paths longer than this, and searches larger, are refused: what one request may cost the server. */
export const DEFAULT_BOUNDS: SearchBounds = { hopsMax: 16, visitsMax: 200_000 };

const WEIGHT_MAX = 1_000_000;

const NOTHING = { hops: 0, cost: 0, remaining: 0, limit: 0 };

/** Throws `bad-configuration` when an account has no possible name. */
export function nameOf(account: AccountId): string {
  const name = String(account);
  if (!isName(name))
    throw new CreditError(
      'bad-configuration',
      `the name of an account has 1 to ${NAME_MAX} letters, not ${name.length}`,
    );
  return name;
}

export function createLimiter(options: LimiterOptions): Limiter {
  const route = createRouter(options);
  const { store, acknowledge = 'durable', onStoreFailure = 'closed', metrics } = options;
  const measures = metrics === undefined ? null : createMeasures(metrics, store);

  const check = async (request: Check): Promise<Verdict> => {
    const began = performance.now();
    let verdict = decide(options, route, request);
    // Whatever was appended before is safe then, too: also a link that this check has paid over.
    if (verdict.why === null && verdict.cost > 0 && acknowledge === 'durable') await settled(store);
    if (store.failure !== null && onStoreFailure === 'closed')
      verdict = { ...verdict, isAllowed: options.isDryRun === true, why: 'store-failed', retryAfterMs: null };
    measures?.count(verdict, performance.now() - began);
    return verdict;
  };
  const change = (kind: 'link' | 'unlink', a: AccountId, b: AccountId): boolean => {
    const [from, to] = [nameOf(a), nameOf(b)];
    if (from === to) return false;
    store.now();
    const { network, nodes } = store.ledger;
    if (kind === 'link')
      for (const name of [from, to]) if (!nodes.has(name)) store.apply({ kind: 'account', name });
    const [x, y] = [nodes.get(from), nodes.get(to)];
    if (x === undefined || y === undefined) return false;
    const { period, policy } = network;
    return kind === 'unlink'
      ? store.apply({ kind, period, a: x, b: y })
      : store.apply({ kind, period, a: x, b: y, credit: policy.credit, creditBack: policy.credit });
  };
  return {
    store,
    check,
    link: (a, b) => change('link', a, b),
    unlink: (a, b) => change('unlink', a, b),
    standing: (account, linksMax = 20) => standingOf(store.ledger, nameOf(account), store.now(), linksMax),
    durable: store.durable,
  };
}

const LANDMARKS_FROM = 1_000_000;
/** Links that are looked at for each payment, to rebuild landmarks: some 20 us. */
const REFRESH_LINKS = 1000;

/** Exact while the graph is small, over landmarks once it is large; landmarks are built beside the payments. */
function createRouter({ store, landmarksFrom = LANDMARKS_FROM }: LimiterOptions): Router {
  const landmarks = openLandmarks(createPrng(randomInt(2 ** 32), 'landmarks'));
  const overLandmarks = landmarkRouter(landmarks);
  return (network, request) => {
    if (store.ledger.network.linkCount < landmarksFrom) return findSteps(network, request);
    refreshLandmarks(network, landmarks, REFRESH_LINKS);
    return overLandmarks(network, request);
  };
}

/** Resolves when the store has either kept what was charged or failed. */
async function settled(store: CreditStore): Promise<void> {
  try {
    await store.durable();
  } catch {
    // It says so itself, and what follows from that is decided there.
  }
}

/** Decides and charges, in memory. */
function decide(options: LimiterOptions, route: Router, { viewer, viewed, weight = 1 }: Check): Verdict {
  const { store, isDryRun = false, unknownViewer = 'refuse', unknownViewed = 'refuse' } = options;
  if (!Number.isSafeInteger(weight) || weight < 0 || weight > WEIGHT_MAX)
    throw new CreditError('bad-configuration', `a weight is a whole number from 0 to ${WEIGHT_MAX}`);
  const nowMs = store.now();
  const { nodes } = store.ledger;
  const conclude = (why: Why | null, found: Partial<Verdict> = {}): Verdict => {
    const clock = { resetMs: resetIn(store, nowMs), retryAfterMs: null };
    return { isAllowed: why === null || isDryRun, why, isDryRun, ...NOTHING, ...clock, ...found };
  };
  const stranger = typeof unknownViewer === 'object' ? nodes.get(nameOf(unknownViewer.as)) : undefined;
  const [from, to] = [nodes.get(String(viewer)) ?? stranger, nodes.get(String(viewed))];
  if (String(viewer) === String(viewed))
    return conclude(null, from === undefined ? {} : totalsOf(store.ledger.network, from));
  if (from === undefined) return conclude(unknownViewer === 'allow' ? null : 'unknown-viewer');
  const totals = totalsOf(store.ledger.network, from);
  if (to === undefined) return conclude(unknownViewed === 'allow' ? null : 'unknown-viewed', totals);
  if (from === to || weight === 0) return conclude(null, totals);
  return conclude(...charge(options, route, from, to, weight, nowMs));
}

/** The charge between two accounts that are known and differ, and what is left of the viewer's credit. */
function charge(
  { store, bounds = DEFAULT_BOUNDS }: LimiterOptions,
  route: Router,
  from: number,
  to: number,
  weight: number,
  nowMs: number,
): [Why | null, Partial<Verdict>] {
  const { network } = store.ledger;
  const hops = hopsBetween(network, from, to, bounds);
  const { dry } = network.search;
  if (hops === 0)
    return [dry === 'hops' || dry === 'visits' ? 'too-far' : 'unconnected', totalsOf(network, from)];
  const cost = weight * (hops - 1);
  if (cost === 0) return [null, { hops, cost, ...totalsOf(network, from) }];
  const request: PaymentRequest = { from, to, amount: cost, bounds };
  const result = pay(network, request, route);
  const totals = totalsOf(network, from);
  if (result.ok) {
    store.record({ kind: 'pay', period: network.period, steps: result.steps });
    return [null, { hops, cost, ...totals }];
  }
  return [result.why, { hops, cost, ...totals, retryAfterMs: retryIn(store, cost, totals, nowMs) }];
}

function resetIn({ ledger }: CreditStore, nowMs: number): number | null {
  const { recovery } = ledger.network.policy;
  return recovery === null ? null : (ledger.network.period + 1) * recovery.everyMs - nowMs;
}

/** When the viewer's own links can pay again what is missing, one period at least: what is missing elsewhere is not looked for. */
function retryIn(
  { ledger }: CreditStore,
  cost: number,
  totals: { readonly remaining: number; readonly limit: number },
  nowMs: number,
): number | null {
  const { network } = ledger;
  if (cost > totals.limit) return null;
  const links = Math.max(1, Math.round(totals.limit / Math.max(1, network.policy.credit)));
  const missing = Math.max(1, Math.ceil((cost - totals.remaining) / links));
  return untilWhole(network, missing, nowMs);
}
