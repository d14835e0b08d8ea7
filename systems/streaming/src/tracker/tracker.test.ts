/** The tracker in the simulator: joins, floods, pings, epochs, restarts with torn writes, and what it refuses. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import {
  createPrng,
  type Env,
  FIRST_CONNECTION,
  type NodeId,
  type Note,
  type Process,
} from '@concordat/kernel';
import { createWorld, type World } from '@concordat/sim';
import { toHex } from '@concordat/wire';
import { isBeaconSigned } from '../beacon.ts';
import { flightPreset } from '../config.ts';
import { createFlightCodec, type FlightMessage } from '../flightpath/messages.ts';
import { isDeltaSigned } from '../membership/delta.ts';
import { isEpochHeadSigned } from '../membership/epoch-list.ts';
import { createRoster, enterPage, extendLog, takenPlaces } from '../membership/roster.ts';
import { isTicketSigned } from '../membership/ticket.ts';
import { sampleKeys, sampleMember, sampleVrfKey } from '../testing/sample-members.ts';
import { joinStatement } from './joins.ts';
import {
  type Delta,
  type Join,
  type Page,
  type Pong,
  type Refused,
  trackerMessageBytes,
  type Welcome,
} from './messages.ts';
import { nextPages } from './next-pages.ts';
import type { TrackerOptions, TrackerState } from './state.ts';
import { createTracker } from './tracker.ts';

const stream = modelHash(Uint8Array.of(1));
const TRACKER = 900_000;
const keys = sampleKeys(TRACKER);
const trackerKey = { id: TRACKER, publicKey: sampleMember(TRACKER).publicKey };

const codec = createFlightCodec(
  flightPreset({
    session: new Uint8Array(16),
    broadcasterKey: new Uint8Array(32),
    trackerKey: new Uint8Array(32),
  }),
);

/** A token is the number of a person; odd hundreds are not admitted. */
const tokenOf = (person: number): Uint8Array => Uint8Array.of(person >>> 8, person & 0xff);

const options: TrackerOptions = {
  stream,
  keys,
  admission: {
    identityOf: ({ token }) => token,
    isWelcome: ({ token }) => token.length === 2,
    onAdmitted: () => {},
    isUniqueKey: (_, certificate) => certificate.length === 1,
  },
  roundMs: 1000,
  startInMs: 0,
  epochRounds: 40,
  maxMembers: 20_000,
  joinsPerRound: 1000,
  convicts: (evidence) =>
    evidence.length === 4 ? { member: new DataView(evidence.buffer).getUint32(0), rule: 'some-rule' } : null,
};

function joinOf(person: number, changes: Partial<Join> = {}): Join {
  const { publicKey, address } = sampleMember(person);
  const body = {
    publicKey,
    vrfKey: sampleVrfKey(person),
    certificate: Uint8Array.of(1),
    address,
    token: tokenOf(person),
    ...changes,
  };
  return { kind: 'join', ...body, signature: sampleKeys(person).sign(joinStatement(stream, body)) };
}

interface Heard {
  readonly messages: FlightMessage[];
}

/** Somebody who only listens; the test speaks for it. */
const listener: Process<Heard, FlightMessage> = {
  start: () => ({ messages: [] }),
  receive: (state, _, __, message) => void state.messages.push(message),
  timeout: () => {},
  settle: () => {},
};

/** In the simulator the tracker knows members by their id, as behind links that were told ids from tickets. */
function withIds(
  process: Process<TrackerState, FlightMessage>,
  names: Map<NodeId, NodeId>,
): Process<TrackerState, FlightMessage> {
  const nodes = new Map<NodeId, NodeId>();
  return {
    ...process,
    receive: (state, env, from, message) => {
      const sent: Env<FlightMessage> = {
        ...env,
        now: env.now,
        send: (to, answer) => {
          if (answer.kind === 'welcome') {
            names.set(from, answer.ticket.ticket.member.id);
            nodes.set(answer.ticket.ticket.member.id, from);
          }
          env.send(to === from || !nodes.has(to) ? from : (nodes.get(to) as NodeId), answer);
        },
      };
      process.receive(state, sent, message.kind === 'join' ? from : (names.get(from) ?? from), message);
    },
  };
}

interface Harness {
  readonly world: World;
  say(person: number, message: FlightMessage): void;
  heard(person: number): readonly FlightMessage[];
  state(): TrackerState;
}

function harness(
  seed: number,
  people: number,
  changes: Partial<TrackerOptions> = {},
  tornChance = 0,
): Harness {
  const world = createWorld({ seed, network: { latencyMs: 10, jitterMs: 10 }, keepNotes: false });
  const names = new Map<NodeId, NodeId>();
  world.add({
    id: 0,
    process: withIds(createTracker({ ...options, ...changes }), names),
    codec,
    disk: { tornChance, syncMs: 5 },
  });
  const nodeOf = (person: number): NodeId => FIRST_CONNECTION + person;
  for (let person = 0; person < people; person++)
    world.add({ id: nodeOf(person), process: listener, codec, link: 'connection' });
  return {
    world,
    say: (person, message) =>
      world.call<Heard, FlightMessage>(nodeOf(person), (_, env) => env.send(0, message)),
    heard: (person) => world.stateOf<Heard>(nodeOf(person)).messages,
    state: () => world.stateOf<TrackerState>(0),
  };
}

const welcomes = (messages: readonly FlightMessage[]): Welcome[] =>
  messages.filter((message) => message.kind === 'welcome');
const pings = (known = 0, epoch = 0, evidence = new Uint8Array(0)): FlightMessage => ({
  kind: 'ping',
  nonce: 7,
  epoch,
  known,
  wantsTickets: true,
  evidence,
});

describe('joining', () => {
  it('gives everyone a ticket of its own that holds under the tracker key, the next place each', () => {
    const { world, say, heard, state } = harness(1, 40);
    for (let person = 0; person < 40; person++) say(person, joinOf(person));
    world.run(200);
    const tickets = Array.from({ length: 40 }, (_, person) => welcomes(heard(person))[0]!.ticket);
    assert.ok(tickets.every((ticket) => isTicketSigned(keys, stream, trackerKey, ticket)));
    assert.deepEqual(new Set(tickets.map(({ ticket }) => ticket.place)).size, 40);
    assert.deepEqual(new Set(tickets.map(({ ticket }) => ticket.member.id)).size, 40);
    assert.equal(Math.max(...tickets.map(({ ticket }) => ticket.place)), 39);
    assert.equal(state().members.size, 40);
    assert.ok(tickets.every(({ ticket }) => ticket.startRound === 1));
  });

  it('is the same for one who asks twice, and moves one who comes back under another key', () => {
    const { world, say, heard, state } = harness(2, 3);
    say(0, joinOf(0));
    world.run(100);
    say(0, joinOf(0));
    world.run(100);
    const [first, again] = welcomes(heard(0));
    assert.deepEqual(first!.ticket, again!.ticket);
    say(1, { ...joinOf(1, { token: tokenOf(0) }) });
    world.run(100);
    const moved = welcomes(heard(1))[0]!.ticket.ticket;
    assert.equal(moved.place, 1);
    assert.equal(state().members.size, 1);
    assert.equal([...state().members.keys()][0], moved.member.id);
  });

  it('is refused without a token, with a foreign key, and for a VRF key that may have two outputs', () => {
    const { world, say, heard, state } = harness(3, 4);
    say(0, joinOf(0, { token: new Uint8Array(3) }));
    say(1, { ...joinOf(1), publicKey: sampleMember(2).publicKey });
    say(2, joinOf(2, { certificate: new Uint8Array(0) }));
    world.run(100);
    for (const person of [0, 1, 2])
      assert.deepEqual(
        heard(person).map((message) => (message as Refused).reason),
        ['not-admitted'],
      );
    assert.equal(state().members.size, 0);
  });
});

describe('a flood', () => {
  it('of 5,000 joins is served round by round, each in constant work and bytes, and nobody is lost', () => {
    const { world, say, heard, state } = harness(4, 5000);
    world.run(1);
    const again = (person: number): void => {
      say(person, welcomes(heard(person)).length === 0 ? joinOf(person) : pings());
    };
    for (let attempt = 0; attempt < 8; attempt++) {
      for (let person = 0; person < 5000; person++) again(person);
      world.run(2500);
    }
    assert.equal(state().members.size, 5000);
    const sizes: number[] = [];
    const ids = new Set<NodeId>();
    for (let person = 0; person < 5000; person++) {
      const mine = welcomes(heard(person));
      assert.equal(mine.length, 1);
      ids.add(mine[0]!.ticket.ticket.member.id);
      sizes.push(trackerMessageBytes(mine[0]!));
    }
    assert.equal(ids.size, 5000);
    assert.ok(Math.max(...sizes) < 4096, 'an answer does not grow with those who are there');
  });

  it('of one stranger is not answered beyond its rate', () => {
    const { world, say, heard } = harness(5, 1);
    for (let i = 0; i < 500; i++) say(0, joinOf(0, { token: new Uint8Array(9) }));
    world.run(300);
    assert.ok(heard(0).length <= 5, `${heard(0).length}`);
  });
});

describe('pings', () => {
  it('bring the signed clock, and to newcomers the log of their own tub and no more', () => {
    const { world, say, heard } = harness(6, 40);
    for (let person = 0; person < 40; person++) say(person, joinOf(person));
    world.run(3300);
    for (let person = 0; person < 40; person++) say(person, pings());
    world.run(100);
    for (let person = 0; person < 40; person++) {
      const [welcome, pong, delta] = heard(person) as [Welcome, Pong, Delta];
      const beacon = {
        kind: 'beacon',
        nonce: 7,
        sessionMs: pong.sessionMs,
        signature: pong.signature,
      } as const;
      assert.ok(isBeaconSigned(keys, stream, trackerKey, beacon));
      assert.ok(pong.sessionMs >= 3290 && pong.sessionMs <= 3340, `${pong.sessionMs}`);
      assert.ok(isEpochHeadSigned(keys, stream, trackerKey, welcome.head));
      assert.ok(isDeltaSigned(keys, stream, trackerKey, delta.head));
      const roster = createRoster(modelHash, welcome.head);
      assert.ok(extendLog(roster, modelHash, delta.head.head, delta.tickets));
      // Tubs of 16, 16 and 16 places; an answer has 32 tickets.
      const { place } = welcome.ticket.ticket;
      assert.equal(takenPlaces(roster), place < 16 ? 16 : 32);
    }
  });

  it('that are missing make a suspect, and a removal with the next epoch; the others keep their places and pages', () => {
    const { world, say, heard, state } = harness(7, 100);
    for (let person = 0; person < 100; person++) say(person, joinOf(person));
    const silent = new Set([10, 11, 12]);
    // The first epoch ends early, as all of them are newcomers; the next but one begins after 97 rounds.
    for (let round = 1; round < 100; round++) {
      world.run(1000);
      const epoch = state().epoch.head.head.epoch;
      if (round % 5 === 0)
        for (let person = 0; person < 100; person++)
          if (round < 45 || !silent.has(person)) say(person, pings(0, epoch));
      if (round === 41) assert.equal(state().epoch.head.head.members, 100);
    }
    assert.equal(state().epoch.head.head.members, 97);
    const idOf = (person: number): NodeId => welcomes(heard(person))[0]!.ticket.ticket.member.id;
    const gone = new Set([...silent].map(idOf));
    assert.ok(
      state()
        .epoch.pages.flat()
        .every(({ id }) => !gone.has(id)),
    );
    const suspected = heard(50)
      .filter((message) => message.kind === 'pong')
      .flatMap(({ suspects }) => suspects);
    assert.deepEqual(new Set(suspected), gone);
    // Whoever follows the epoch hears why.
    const told = heard(50).filter((message) => message.kind === 'removals');
    assert.deepEqual(new Set(told.at(-1)?.removed.map(({ id }) => id)), gone);
    assert.ok(told.at(-1)?.removed.every(({ why }) => why === 'silent'));
    assert.deepEqual(state().removed, { convicted: 0, silent: 3, left: 0, replaced: 0 });
    say(10, pings());
    world.run(100);
    assert.equal(heard(10)[heard(10).length - 1]?.kind, 'refused');
  });

  it('of half of the list that end at once end the epoch, too; of nearly all, they do not', () => {
    for (const [stay, isEarly] of [
      [40, true],
      [60, false],
      [5, false],
    ] as const) {
      const { world, say, state } = harness(12, 100);
      for (let person = 0; person < 100; person++) say(person, joinOf(person));
      let begun = 0;
      for (let round = 1; round < 60; round++) {
        world.run(1000);
        const { epoch, startRound } = state().epoch.head.head;
        if (epoch === 2 && begun === 0) begun = startRound;
        for (let person = 0; person < (round < 25 ? 100 : stay); person++)
          if (round % 5 === 0) say(person, pings(0, epoch));
      }
      // All are on the list of the first epoch, which begins with round 17; the last pings of those who go are in round 20.
      assert.equal(begun < 57 && begun > 0, isEarly, `${stay} stay: ${begun}`);
      if (isEarly) assert.equal(state().epoch.head.head.members, stay);
    }
  });

  it('with evidence evict whom it convicts, for good', () => {
    const { world, say, heard, state } = harness(8, 3);
    const notes: Note[] = [];
    world.observe({ noted: (_at, _node, note) => void (note.kind === 'evicted' && notes.push(note)) });
    for (const person of [0, 1, 2]) say(person, joinOf(person));
    world.run(100);
    const id = welcomes(heard(2))[0]!.ticket.ticket.member.id;
    say(0, pings(0, 0, Uint8Array.of(0, 0, 0, id)));
    say(1, pings(0, 0, Uint8Array.of(1, 2)));
    world.run(100);
    assert.ok(!state().members.has(id));
    assert.equal(state().members.size, 2);
    assert.deepEqual(
      notes.map(({ member, rule, evidence }) => [member, rule, evidence]),
      [[id, 'some-rule', toHex(Uint8Array.of(0, 0, 0, id))]],
    );
    assert.deepEqual(
      state().removals.map(({ id: who, why }) => [who, why]),
      [[id, 'convicted']],
    );
    say(2, joinOf(2, { address: 'new home' }));
    world.run(3000);
    assert.equal((heard(2)[heard(2).length - 1] as Refused).reason, 'not-admitted');
  });

  it('cost the same with evidence and without', () => {
    const bytes = [new Uint8Array(0), new Uint8Array(300), new Uint8Array(4096)].map(
      (evidence) => codec.encode(pings(0, 0, evidence)).length,
    );
    assert.equal(new Set(bytes).size, 1);
  });
});

describe('pages', () => {
  it('of the list lead to the whole of it, at a bounded rate', () => {
    const { world, say, heard, state } = harness(9, 200);
    for (let person = 0; person < 200; person++) say(person, joinOf(person));
    for (let round = 0; round < 42; round++) {
      world.run(1000);
      if (round % 5 === 0) for (let person = 0; person < 200; person++) say(person, pings());
    }
    say(0, { kind: 'epoch-ask', epoch: 0 });
    say(0, { kind: 'page-ask', epoch: 1, wanted: Uint8Array.of(255, 255) });
    world.run(100);
    const head = heard(0).find((message) => message.kind === 'epoch');
    assert.ok(head !== undefined && isEpochHeadSigned(keys, stream, trackerKey, head.head));
    const roster = createRoster(modelHash, head.head);
    const pages = heard(0).filter((message): message is Page => message.kind === 'page');
    // The one that it is in came with the head.
    for (const { page, members } of pages)
      assert.ok(enterPage(roster, modelHash, page, members) || roster.pages[page] !== null);
    assert.equal(roster.pagesMissing, 0);
    assert.deepEqual(roster.pages, state().epoch.pages);
    for (let i = 0; i < 500; i++) say(0, { kind: 'page-ask', epoch: 1, wanted: Uint8Array.of(1) });
    world.run(200);
    assert.ok(heard(0).filter((message) => message.kind === 'page').length < 4 + 20);
  });
});

describe('restarts', () => {
  it('in the middle of anything, with torn writes, lose nobody who was welcomed and give no id or place twice', () => {
    for (let seed = 20; seed < 28; seed++) {
      const { world, say, heard, state } = harness(seed, 600, {}, 1);
      const random = createPrng(seed, 'restarts');
      const told = new Map<NodeId, string>();
      for (let person = 0, round = 0; person < 600; round++) {
        for (let i = 0; i < 6; i++) say(person++, joinOf(person - 1));
        for (let other = 0; other < person; other += 1) if (round % 5 === 0) say(other, pings());
        if (round % 7 === 3) {
          if (random.chance(0.5)) world.crashDuringTurn(0);
          world.run(random.below(60));
          if (world.isUp(0)) world.crash(0);
          world.run(random.below(400));
          world.restart(0);
        }
        world.run(1000);
      }
      const places = new Set<string>();
      for (let person = 0; person < 600; person++)
        for (const { ticket } of welcomes(heard(person))) {
          const { member, epoch, place } = ticket.ticket;
          assert.ok(told.get(member.id) === undefined || told.get(member.id) === member.address);
          assert.ok(!places.has(`${epoch} ${place}`) || told.has(member.id));
          told.set(member.id, member.address);
          places.add(`${epoch} ${place}`);
          assert.ok(member.id < state().nextId);
        }
      assert.ok(told.size > 300);
      const kept = [...told].filter(([id]) => state().members.has(id)).length;
      assert.equal(kept, told.size, 'nobody who was welcomed and pings is lost');
      assert.equal(state().origin, 0);
    }
  });

  it('after a lost journal go on with ids and epochs that nobody has seen', () => {
    const { world, say, heard, state } = harness(30, 60);
    for (let person = 0; person < 20; person++) say(person, joinOf(person));
    world.run(500);
    const before = new Set(state().members.keys());
    world.crash(0);
    world.wipe(0);
    world.restart(0);
    world.run(500);
    for (let person = 20; person < 40; person++) say(person, joinOf(person));
    world.run(500);
    for (let person = 20; person < 40; person++) {
      const { ticket } = welcomes(heard(person))[0]!.ticket;
      assert.ok(!before.has(ticket.member.id) && ticket.epoch > 0);
    }
    assert.equal(state().members.size, 20);
  });

  it('need no more journal than two epochs of news and one list', () => {
    const { world, say, heard, state } = harness(31, 900, { epochRounds: 20 });
    for (let round = 0, person = 0; round < 300; round++) {
      for (let i = 0; i < 3 && person < 900; i++) say(person++, joinOf(person - 1));
      // The latest hundred stay.
      if (round % 5 === 0)
        for (let other = Math.max(0, person - 100); other < person; other++) say(other, pings());
      world.run(1000);
    }
    assert.ok(welcomes(heard(899)).length > 0 && state().members.size < 250);
    const { records, base } = world.diskOf(0);
    assert.ok(base > 500, 'what lies before the last snapshot is gone');
    assert.ok(records.length < 1200, `${records.length}`);
    const before = {
      members: [...state().members.keys()].sort(),
      place: state().nextId,
      evicted: state().evicted.size,
    };
    world.crash(0);
    world.restart(0);
    world.run(100);
    const after = {
      members: [...state().members.keys()].sort(),
      place: state().nextId,
      evicted: state().evicted.size,
    };
    assert.deepEqual(after, before);
  });
});

describe('the next list', () => {
  const page = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => sampleMember(first + i));
  const sizesOf = (pages: ReturnType<typeof nextPages>): number[] => pages.map(({ length }) => length);

  it('keeps the very pages that nobody left, and fills the last one with newcomers', () => {
    const pages = [page(0, 64), page(64, 64), page(128, 30)];
    const next = nextPages(pages, page(200, 100), (id) => id !== 70);
    assert.equal(next[0], pages[0]);
    assert.deepEqual(sizesOf(next), [64, 63, 64, 64, 2]);
    const later = nextPages(next, [], () => true);
    for (const [at, each] of later.entries()) assert.equal(each, next[at]);
  });

  it('joins neighbours that fit into one page, and forgets empty ones', () => {
    const pages = [page(0, 64), page(64, 64), page(128, 64), page(192, 10)];
    const stays = (id: number): boolean => (id < 64 ? id % 2 === 0 : id >= 128 || id % 4 === 0);
    assert.deepEqual(sizesOf(nextPages(pages, [], stays)), [48, 64, 10]);
    assert.deepEqual(
      nextPages(pages, page(300, 3), (id) => id >= 192).map((each) => each.map(({ id }) => id)),
      [[192, 193, 194, 195, 196, 197, 198, 199, 200, 201, 300, 301, 302]],
    );
    assert.deepEqual(
      nextPages(pages, [], () => false),
      [],
    );
  });

  it('leaves no two neighbours that fit into one page, and every member by ascending id, whoever comes and goes', () => {
    const random = createPrng(5, 'pages');
    let [pages, nextId] = [nextPages([], [], () => true), 0];
    for (let epoch = 0; epoch < 60; epoch++) {
      const gone = new Set(pages.flat().flatMap(({ id }) => (random.chance(0.2) ? [id] : [])));
      const before = pages.flat().map(({ id }) => id);
      const joined = page(nextId, random.below(120));
      nextId += joined.length;
      pages = nextPages(pages, joined, (id) => !gone.has(id));
      const ids = pages.flat().map(({ id }) => id);
      assert.deepEqual(
        ids,
        [...before, ...joined.map(({ id }) => id)].filter((id) => !gone.has(id)),
      );
      for (const [at, { length }] of pages.entries()) {
        assert.ok(length > 0 && length <= 64);
        assert.ok(at === 0 || length + (pages[at - 1]?.length ?? 0) > 64);
      }
    }
  });
});
