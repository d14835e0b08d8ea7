/**
 * The list of attacks on membership, by name: what a tracker can sign that is not so, and what a joiner can meet (facts 3.4, 8.8).
 * Attacks on trades are in `traders.test.ts`; a crowd, a loss of journals and floods of joins in `tracker/tracker.test.ts`.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeProof, type Proof, verifyProof } from '@concordat/accountability';
import { modelHash } from '@concordat/crypto';
import type { Env, NodeId, Strategy } from '@concordat/kernel';
import { fromHex } from '@concordat/wire';
import { flightDeviant } from '../deviations/index.ts';
import type { FlightMessage } from '../flightpath/messages.ts';
import type { FlightPeer } from '../flightpath/peer.ts';
import { MEMBERSHIP_RULES } from '../membership/contradictions.ts';
import { extendDelta, signDelta } from '../membership/delta.ts';
import { type PlacedMember, type SignedTicket, signTicket } from '../membership/ticket.ts';
import { watch } from '../testing/flight-scenarios.ts';
import {
  createFlightSwarm,
  FIRST_NODE,
  type FlightSwarm,
  type FlightSwarmOptions,
  TRACKER,
} from '../testing/flight-swarm.ts';
import { createModelStreamKeys } from '../testing/model-keys.ts';
import { createEpochState, type EpochState, type TrackerState } from '../tracker/state.ts';

const OLD = 40;
const YOUNG = 16;
const SEED = 5;

interface Outcome {
  readonly swarm: FlightSwarm;
  readonly old: readonly NodeId[];
  readonly young: readonly NodeId[];
  /** Rules by which the tracker was convicted, and by how many peers. */
  readonly convictions: Map<string, number>;
  /** Ids of those who saw that the list has something else than what they are. */
  readonly misrepresented: NodeId[];
}

/** A judge who knows nothing but the stream and the tracker's key. */
function convicts(proof: Proof, stream: Uint8Array, trackerKey: Uint8Array): boolean {
  const { keys } = createModelStreamKeys(OLD + YOUNG + FIRST_NODE, SEED)(0);
  const number = new DataView(trackerKey.buffer, trackerKey.byteOffset).getUint32(0) - 1;
  const signer = { id: number, publicKey: trackerKey };
  return verifyProof(proof, {
    cluster: stream,
    rules: MEMBERSHIP_RULES,
    verify: (_accused, bytes, signature) => keys.verify(signer, bytes, signature),
  }).valid;
}

/** Forty members through the turn of an epoch, then sixteen newcomers, through the turn of another. */
function streamUnder(changes: Partial<FlightSwarmOptions>): Outcome {
  const convictions = new Map<string, number>();
  const misrepresented: NodeId[] = [];
  const swarm = createFlightSwarm({
    seed: SEED,
    capacity: OLD + YOUNG,
    config: { seeds: 5 },
    checkInvariants: false,
    ...changes,
  });
  swarm.world.observe({
    noted: (_at, node, note) => {
      if (note.kind === 'misrepresented') misrepresented.push(Number(note['id']));
      if (note.kind !== 'evidence' || note['accused'] !== TRACKER) return;
      const proof = decodeProof(fromHex(String(note['proof'])) ?? new Uint8Array(0));
      const { options } = swarm.tracker();
      assert.ok(proof !== null && convicts(proof, options.stream, swarm.config.trackerKey), `from ${node}`);
      const rule = String(note['rule']);
      convictions.set(rule, (convictions.get(rule) ?? 0) + 1);
    },
  });
  const old = swarm.add(OLD);
  swarm.runRounds(62);
  const young = swarm.add(YOUNG);
  swarm.runRounds(1);
  return { swarm, old, young, convictions, misrepresented };
}

/** Rounds that peers lost from now on, as a share. */
const lostBy = ({ swarm }: Outcome, nodes: readonly NodeId[], rounds: number): number =>
  watch(swarm, nodes, rounds).jitter;

/** The tracker, whose lists `alter` changes before anybody sees them. */
const listing =
  (
    alter: (list: readonly PlacedMember[]) => readonly PlacedMember[],
  ): Strategy<TrackerState, FlightMessage> =>
  (honest) => ({
    ...honest,
    timeout: (state, env, timer) => {
      const before = state.next;
      honest.timeout(state, env, timer);
      if (state.next === null || state.next === before) return;
      const { epoch, startRound } = state.next.head.head;
      state.next = createEpochState(state.options, epoch, startRound, state.next.pages.map(alter));
    },
  });

/** The tracker, who says something else to some. */
const saying =
  (
    change: (state: TrackerState, to: NodeId, message: FlightMessage) => FlightMessage,
  ): Strategy<TrackerState, FlightMessage> =>
  (honest) => {
    const at = (state: TrackerState, env: Env<FlightMessage>): Env<FlightMessage> => {
      const send = (to: NodeId, message: FlightMessage): void => env.send(to, change(state, to, message));
      return Object.create(env, { send: { value: send } });
    };
    return {
      ...honest,
      receive: (state, env, from, message) => honest.receive(state, at(state, env), from, message),
      timeout: (state, env, timer) => honest.timeout(state, at(state, env), timer),
    };
  };

/** To one in four another list of each epoch: without its last member. */
function twoLists(): Strategy<TrackerState, FlightMessage> {
  const others = new Map<number, EpochState>();
  const otherOf = (state: TrackerState, epoch: number): EpochState | null => {
    const real = [state.epoch, state.next].find((each) => each?.head.head.epoch === epoch) ?? null;
    const last = real?.pages.at(-1) ?? [];
    if (real === null || last.length < 2) return null;
    const known = others.get(epoch);
    if (known !== undefined) return known;
    const pages = [...real.pages.slice(0, -1), last.slice(0, -1)];
    const made = createEpochState(state.options, epoch, real.head.head.startRound, pages);
    others.set(epoch, made);
    return made;
  };
  return saying((state, to, message) => {
    if (to % 4 !== 0) return message;
    if (message.kind === 'epoch')
      return { ...message, head: otherOf(state, message.head.head.epoch)?.head ?? message.head };
    if (message.kind !== 'page') return message;
    const other = otherOf(state, message.epoch);
    return other === null ? message : { ...message, members: other.pages[message.page] ?? [] };
  });
}

/** To every other newcomer a log that ends with somebody else. */
const twoLogs = saying((state, to, message) => {
  if (message.kind !== 'delta' || to % 2 !== 0) return message;
  const { keys, stream } = state.options;
  const last = message.tickets.at(-1);
  const before = state.epoch.logs[message.head.head.joined - 1];
  if (last === undefined || before === undefined) return message;
  const { ticket } = last;
  const invented = signTicket(keys, stream, { ...ticket, member: { ...ticket.member, address: '777777' } });
  const head = signDelta(keys, stream, extendDelta(modelHash, before, invented.ticket));
  return { kind: 'delta', head, tickets: [...message.tickets.slice(0, -1), invented] };
});

/** To every newcomer the first newcomer's place. */
const onePlace = saying((state, _to, message) => {
  if (message.kind !== 'welcome' || state.epoch.head.head.epoch === 0) return message;
  const { keys, stream } = state.options;
  const { ticket } = message.ticket;
  const place = message.head.head.members;
  return { ...message, ticket: signTicket(keys, stream, { ...ticket, place }) };
});

/** A newcomer that shows whatever ticket was shown to it last. */
function showsOthersTickets(): Strategy<FlightPeer, FlightMessage> {
  let shown: SignedTicket | null = null;
  const withTicket = (message: FlightMessage): FlightMessage =>
    message.kind !== 'reserve' || message.introduction === null || shown === null
      ? message
      : { ...message, introduction: { ...message.introduction, ticket: shown } };
  return (honest) => {
    const at = (env: Env<FlightMessage>): Env<FlightMessage> =>
      Object.create(env, {
        send: { value: (to: NodeId, message: FlightMessage): void => env.send(to, withTicket(message)) },
      });
    return {
      ...honest,
      receive: (state, env, from, message) => {
        if (message.kind === 'reserve') shown = message.introduction?.ticket ?? shown;
        honest.receive(state, at(env), from, message);
      },
      timeout: (state, env, timer) => honest.timeout(state, at(env), timer),
    };
  };
}

const VICTIM: NodeId = 7;

describe('a tracker that lies', () => {
  const quiet = streamUnder({});
  const lost = lostBy(quiet, quiet.old, 40);

  test('without lies nobody is convicted and nobody is misrepresented', () => {
    assert.ok(lost <= 0.003, `${lost}`);
    assert.deepEqual([quiet.convictions.size, quiet.misrepresented], [0, []]);
  });

  for (const [what, alter] of [
    ['address', (member: PlacedMember) => ({ ...member, address: '999999' })],
    ['key', (member: PlacedMember) => ({ ...member, publicKey: member.publicKey.map((byte) => byte ^ 1) })],
  ] as const)
    test(`wrong ${what} in an entry: its owner sees it, and it alone is harmed; no proof, as the two statements are of different kinds`, () => {
      const under = streamUnder({
        trackerStrategy: listing((list) => list.map((each) => (each.id === VICTIM ? alter(each) : each))),
      });
      assert.deepEqual(under.misrepresented, [VICTIM]);
      const isVictim = (node: NodeId): boolean => under.swarm.peer(node).peer?.self === VICTIM;
      const others = under.old.filter((node) => !isVictim(node));
      assert.equal(others.length, OLD - 1);
      const lostByOthers = lostBy(under, others, 40);
      assert.ok(lostByOthers <= lost + 0.003, `${lostByOthers}`);
      assert.equal(under.convictions.size, 0);
    });

  test('two lists for one epoch: peers compare them, and convict it; those who have the list of most go on', () => {
    const under = streamUnder({ trackerStrategy: twoLists() });
    assert.ok((under.convictions.get('two-lists-of-one-epoch') ?? 0) >= 4, `${[...under.convictions]}`);
    const isFooled = (node: NodeId): boolean => (under.swarm.peer(node).peer?.self ?? 0) % 4 === 0;
    const majority = under.old.filter((node) => !isFooled(node));
    const lostByMost = lostBy(under, majority, 40);
    assert.ok(lostByMost <= lost + 0.003, `${lostByMost}`);
  });

  test('two heads of a log of one length: newcomers compare them, and convict it; the old go on', () => {
    const under = streamUnder({ trackerStrategy: twoLogs });
    const lostByOld = lostBy(under, under.old, 40);
    const convicted = [...under.convictions.keys()];
    assert.ok(convicted.length > 0);
    for (const rule of convicted) assert.ok(['two-delta-logs', 'two-tickets'].includes(rule), rule);
    assert.ok(lostByOld <= lost + 0.003, `${lostByOld}`);
  });

  test('one place for several: whoever is shown two tickets for it convicts the tracker; the old go on', () => {
    const under = streamUnder({ trackerStrategy: onePlace });
    const lostByOld = lostBy(under, under.old, 40);
    assert.ok((under.convictions.get('two-tickets') ?? 0) >= 4, `${[...under.convictions]}`);
    assert.ok(lostByOld <= lost + 0.003, `${lostByOld}`);
  });
});

describe('a newcomer', () => {
  test("that shows somebody else's ticket is not known by it, and trades with nobody until the list has it", () => {
    const attackers = [OLD + 3, OLD + 9].map((at) => FIRST_NODE + at);
    const under = streamUnder({
      strategyOf: (node) => (attackers.includes(node) ? showsOthersTickets() : undefined),
    });
    const honest = under.young.filter((node) => !attackers.includes(node));
    const lostByOld = lostBy(under, under.old, 18);
    const voids = [...under.old, ...honest].reduce(
      (sum, node) => sum + under.swarm.peer(node).meter.voids,
      0,
    );
    assert.ok(voids > 10, `${voids}`);
    assert.deepEqual([under.convictions.size, under.misrepresented], [0, []]);
    assert.ok(lostByOld <= 0.003, `${lostByOld}`);
    assert.ok(lostBy(under, honest, 30) <= 0.02);
  });

  test('eclipsed by its whole tub lives on older peers until the next epoch, and harms none of them', () => {
    const isTub = (node: NodeId): boolean => node >= FIRST_NODE + OLD && node < FIRST_NODE + OLD + 15;
    const reservesOnly = flightDeviant('reserves-only') ?? assert.fail('there is such a deviation');
    const joinerOf = (isEclipsed: boolean) => {
      const swarm = createFlightSwarm({
        seed: SEED,
        capacity: OLD + YOUNG,
        config: { seeds: 5 },
        checkInvariants: false,
        conductOf: (node) => (isEclipsed && isTub(node) ? reservesOnly : undefined),
        strategyOf: (node) => (isEclipsed && isTub(node) ? reservesOnly.strategy : undefined),
      });
      let evidence = 0;
      swarm.world.observe({ noted: (_at, _node, { kind }) => void (kind === 'evidence' && evidence++) });
      const old = swarm.add(OLD);
      swarm.runRounds(62);
      swarm.add(YOUNG - 1);
      swarm.runRounds(1);
      const [joiner = 0] = swarm.add(1);
      // The rest of this epoch.
      const lostByOld = watch(swarm, old, 8);
      const { own } = swarm.peer(joiner).peer ?? assert.fail('it is a member');
      assert.equal(own.place, OLD + YOUNG - 1, 'the last of a tub of sixteen');
      const remembered = own.lapsed.size;
      swarm.runRounds(20);
      const { rounds, jittered } = swarm.peer(joiner).meter;
      const later = watch(swarm, [joiner, ...old], 40);
      return { share: jittered / rounds, remembered, lostByOld, later, evidence };
    };
    const [eclipsed, free] = [joinerOf(true), joinerOf(false)];
    assert.ok(free.share <= 0.1 && free.later.jitter <= 0.001, `${free.share} ${free.later.jitter}`);
    assert.ok(eclipsed.share > free.share && eclipsed.share < 0.9, `${eclipsed.share}`);
    // It notices who opens trades and does not go on. Nobody can prove silence.
    assert.ok(eclipsed.remembered >= 5 && free.remembered <= 1, `${eclipsed.remembered} ${free.remembered}`);
    assert.equal(eclipsed.evidence, 0);
    assert.ok(eclipsed.lostByOld.jitter <= 0.003, `${eclipsed.lostByOld.jitter}`);
    // From then on the fifteen are members like others, and take places of everybody: a quarter of all.
    assert.ok(eclipsed.later.jitter <= 0.02, `${eclipsed.later.jitter}`);
    for (const { maxUpload } of [eclipsed.lostByOld, eclipsed.later])
      assert.ok(maxUpload <= 2, `${maxUpload}`);
  });
});
