/**
 * The bound that everything stands on: whoever sits behind a cut takes no more from behind it than the cut's credit and what it
 * recovers - whatever accounts he makes, whatever he links, pays, reserves, removes and makes again.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  addAccount,
  advance,
  type CreditNetwork,
  createLandmarks,
  createNetwork,
  endExpired,
  endHold,
  findSteps,
  genie,
  type LinkPolicy,
  landmarkRouter,
  link,
  ostra,
  pay,
  type Router,
  refreshLandmarks,
  reserve,
  unlink,
} from '../index.ts';
import { assertSound, randomGraph } from '../testing/invariants.ts';

const HOUR_MS = 3_600_000;
const HONEST = 12;

interface Siege {
  readonly network: CreditNetwork;
  readonly prng: Prng;
  /** Attack links, as `[attacker, honest]`. */
  readonly attackLinks: readonly (readonly [number, number])[];
  /** The attacker's accounts: everyone from here on. */
  readonly first: number;
  readonly route: Router;
  /** Reservations of the attacker's payments to honest accounts, by token: units. */
  readonly held: Map<number, number>;
  nowMs: number;
  /** Units that honest accounts have from the attacker's, less what went the other way: what he took. */
  taken: number;
}

function besiege(seed: number, policy: LinkPolicy, isRouted: boolean): Siege {
  const prng = createPrng(seed, policy.name);
  const network = createNetwork({ graph: randomGraph(prng, HONEST, 0.3), policy, nowMs: 0 });
  const first = network.nodeCount;
  const attackLinks: [number, number][] = [];
  const accounts = 1 + prng.below(4);
  for (let i = 0; i < accounts; i += 1) addAccount(network);
  for (let i = prng.below(4); i >= 0; i -= 1) {
    const pair: [number, number] = [first + prng.below(accounts), prng.below(HONEST)];
    if (link(network, ...pair)) attackLinks.push(pair);
  }
  const landmarks = createLandmarks(network, prng, { universes: 1, levels: 3, repairVisits: 0 });
  const overLandmarks: Router = (net, request) => {
    refreshLandmarks(net, landmarks, 50);
    return landmarkRouter(landmarks)(net, request);
  };
  return {
    network,
    prng,
    attackLinks,
    first,
    route: isRouted ? overLandmarks : findSteps,
    held: new Map(),
    nowMs: 0,
    taken: 0,
  };
}

/** What the attacker may do in any order; honest people pay each other and, now and then, him. */
function strike(siege: Siege): void {
  const { network, prng, first, attackLinks, route } = siege;
  const own = (): number => first + prng.below(network.nodeCount - first);
  const honest = (): number => prng.below(HONEST);
  const amount = network.policy.grain * (1 + prng.below(5));
  const kind = prng.below(12);
  if (kind === 0) addAccount(network);
  else if (kind === 1) link(network, own(), own(), network.policy.grain * prng.below(1000));
  else if (kind === 2) unlink(network, own(), own());
  else if (kind === 3) {
    // Ends a friendship and makes it again.
    const [attacker, victim] = prng.pick(attackLinks);
    unlink(network, attacker, victim);
    link(network, attacker, victim);
  } else if (kind === 4) siege.nowMs += prng.chance(0.2) ? 7 * HOUR_MS : 0;
  else if (kind === 5 || kind === 6) takeHold(siege, own(), honest(), amount);
  else if (kind === 7) endOne(siege);
  else if (kind === 8) pay(network, { from: honest(), to: HONEST - 1, amount }, route);
  else if (kind === 9 && prng.chance(0.3)) {
    if (pay(network, { from: honest(), to: own(), amount }, route).ok) siege.taken -= amount;
  } else if (pay(network, { from: own(), to: honest(), amount }, route).ok) siege.taken += amount;
}

function takeHold(siege: Siege, from: number, to: number, amount: number): void {
  const reservation = reserve(siege.network, { from, to, amount }, siege.nowMs, siege.route);
  if (reservation.ok) siege.held.set(reservation.hold.token, amount);
}

/** The receiver judges: only what is committed was taken. */
function endOne(siege: Siege): void {
  const { network, prng, held } = siege;
  const token = prng.pick([...held.keys(), 0]);
  const outcome = prng.pick(['commit', 'release'] as const);
  if (endHold(network, token, outcome) !== null && outcome === 'commit') siege.taken += held.get(token) ?? 0;
  held.delete(token);
}

/** Credit of the attack links, and what they recover in the periods since: rounded up, period by period. */
function boundOf({ network, attackLinks }: Siege): number {
  const { credit, recovery } = network.policy;
  if (recovery === null) return attackLinks.length * credit;
  const perPeriod = recovery.kind === 'linear' ? recovery.units : Math.ceil(recovery.share * credit);
  return attackLinks.length * (credit + perPeriod * network.period);
}

for (const policy of [
  { ...genie({ credit: 4, replenish: 2, everyMs: HOUR_MS }), holdMs: 10 * HOUR_MS },
  { ...ostra({ tokens: 3 }), holdMs: 10 * HOUR_MS },
])
  for (const isRouted of [false, true])
    test(`${policy.name}${isRouted ? ' over landmarks' : ''}: no attacker takes more than his cut gives`, () => {
      let tight = 0;
      for (let seed = 1; seed <= 150; seed += 1) {
        const siege = besiege(seed, policy, isRouted);
        const { network, attackLinks } = siege;
        if (attackLinks.length === 0) continue;
        for (let step = 0; step < 120; step += 1) {
          advance(network, siege.nowMs);
          for (const token of endExpired(network, siege.nowMs, 3)) siege.held.delete(token);
          strike(siege);
          const bound = boundOf(siege);
          assert.ok(siege.taken <= bound, `seed ${seed}, step ${step}: ${siege.taken} of ${bound}`);
          if (siege.taken === bound) tight += 1;
        }
        assertSound(network);
      }
      if (policy.name === 'genie' && !isRouted)
        assert.ok(tight > 0, 'some attacker takes all that the bound leaves him');
    });
