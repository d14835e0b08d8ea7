/** SumUp: by hand, the bound on bogus votes for every Sybil region, the envelope, pruning, feedback, and where nobody can vote. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { arcBetween, type Graph, twinsOf } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { attackEdges, cliqueEdges, type Edge, expanderEdges, graphOf } from '../routes/testing/regions.ts';
import { createTickets, handOut, surveyLinks } from './envelope.ts';
import { blamePath, createLinkHistory } from './history.ts';
import { collectVotes, takePath, voteAdmissions } from './sumup.ts';
import { votesByBallotBox } from './testing/ballot-box.ts';

const random = () => createPrng(11, 'votes');
const fresh = (graph: Graph) => createLinkHistory(graph.targets.length);

/** Arcs of a path as the nodes that it visits. */
function nodesOf(graph: Graph, voter: number, path: Uint32Array): number[] {
  return [voter, ...Array.from(path, (arc) => graph.targets[arc] as number)];
}

describe('a collection', () => {
  test('counts on a line what its links carry: tickets and one', () => {
    // 0 - 1 - 2 - 3: four tickets leave 3 for the first link, 2 for the next, 1 for the last.
    const graph = graphOf(4, [
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    const voters = Uint32Array.of(1, 2, 3);
    const { paths, capacities, ticketCount } = collectVotes(
      graph,
      0,
      voters,
      { firstTickets: 4 },
      fresh(graph),
      random(),
    );
    assert.equal(ticketCount, 4);
    assert.deepEqual([...capacities], [1, 4, 1, 3, 1, 2]);
    assert.deepEqual(
      paths.map((path, vote) => path && nodesOf(graph, voters[vote] as number, path)),
      [
        [1, 0],
        [2, 1, 0],
        [3, 2, 1, 0],
      ],
    );
  });

  test('without enough tickets counts one vote over the link beyond them, and takes more where many were counted', () => {
    // A star of stars: 0 - 1, and twenty voters at 1.
    const graph = graphOf(22, [[0, 1], ...Array.from({ length: 20 }, (_, at): Edge => [1, at + 2])]);
    const voters = Uint32Array.from({ length: 20 }, (_, at) => at + 2);
    const few = collectVotes(graph, 0, voters, { firstTickets: 1, fullness: 2 }, fresh(graph), random());
    assert.equal(few.collectedCount, 1);
    const adapted = collectVotes(graph, 0, voters, { firstTickets: 1 }, fresh(graph), random());
    assert.ok(adapted.ticketCount >= 20);
    assert.equal(adapted.collectedCount, 20);
  });

  test('counts as many votes as a maximum flow from a ballot box does under the same links', () => {
    const shape = fc.record({
      seed: fc.integer(),
      size: fc.integer({ min: 2, max: 40 }),
      half: fc.integer({ min: 1, max: 4 }),
      firstTickets: fc.integer({ min: 1, max: 60 }),
      fullness: fc.constantFrom(0, 0.5, 1, 9),
      linkLimit: fc.constantFrom(null, 2),
    });
    fc.assert(
      fc.property(shape, ({ seed, size, half, ...options }) => {
        const dice = createPrng(seed, 'flow');
        const graph = graphOf(size, expanderEdges(0, size, half, dice));
        const voters = new Uint32Array(size).map((_, node) => node).filter(() => dice.chance(0.7));
        const collection = collectVotes(graph, 0, voters, options, fresh(graph), dice);
        const { collectedCount, capacities, ticketCount } = collection;
        assert.equal(collectedCount, votesByBallotBox(graph, 0, voters, capacities));
        assert.ok(ticketCount >= voters.length || collectedCount <= options.fullness * ticketCount);
      }),
      { numRuns: 300 },
    );
  });

  test('takes each counted vote to the collector, over no link more than it carries', () => {
    const graph = graphOf(200, expanderEdges(0, 200, 3, random()));
    for (const linkLimit of [3, null]) {
      const voters = Uint32Array.from({ length: 120 }, (_, at) => at + 50);
      const { paths, capacities, collectedCount } = collectVotes(
        graph,
        7,
        voters,
        { linkLimit, firstTickets: 30 },
        fresh(graph),
        random(),
      );
      const carried = new Float64Array(graph.targets.length);
      for (const [vote, path] of paths.entries()) {
        if (path === null) continue;
        const nodes = nodesOf(graph, voters[vote] as number, path);
        assert.equal(nodes.at(-1), 7);
        assert.equal(new Set(nodes).size, nodes.length);
        for (const arc of path) carried[arc]! += 1;
      }
      assert.ok(carried.every((votes, arc) => votes <= (capacities[arc] as number)));
      assert.equal(paths.filter((path) => path !== null).length, collectedCount);
    }
  });

  test('leaves circles of the flow out of the path that a vote took', () => {
    // From 0 over 3 to 6 one unit, one round 0, 1, 2, and one round 3, 4, 5.
    const arcs = [
      [0, 1],
      [1, 2],
      [2, 0],
      [0, 3],
      [3, 4],
      [4, 5],
      [5, 3],
      [3, 6],
    ] as const;
    const graph = graphOf(7, arcs);
    const flow = new Int32Array(graph.targets.length);
    for (const [from, to] of arcs) flow[arcBetween(graph, from, to)] = 1;
    const places = new Int32Array(7).fill(-1);
    const path = takePath(graph, flow, 0, 6, places);
    assert.deepEqual([...path], [arcBetween(graph, 0, 3), arcBetween(graph, 3, 6)]);
    assert.ok(flow.every((left) => left === 0) && places.every((place) => place === -1));
  });

  test('prunes links of those with many: two Sybil accounts of fifty attack edges each bring three votes each, and few more', () => {
    const edges = [...expanderEdges(0, 400, 5, random()), ...cliqueEdges(400, 2)];
    for (let victim = 100; victim < 150; victim += 1) edges.push([victim, 400], [victim + 100, 401]);
    for (let sybil = 402; sybil < 600; sybil += 1) edges.push([400, sybil], [401, sybil]);
    const graph = graphOf(600, edges);
    const sybils = Uint32Array.from({ length: 198 }, (_, at) => at + 402);
    const run = (linkLimit: number | null) =>
      collectVotes(graph, 0, sybils, { linkLimit, firstTickets: 100, fullness: 9 }, fresh(graph), random());
    assert.ok(run(3).collectedCount <= 12, `${run(3).collectedCount}`);
    assert.ok(run(null).collectedCount > 60, `${run(null).collectedCount}`);
  });
});

describe('tickets', () => {
  const graph = graphOf(60, expanderEdges(0, 60, 3, random()));
  const twins = twinsOf(graph);
  const handedOut = (batches: readonly number[]) => {
    const tickets = createTickets(surveyLinks(graph, twins, 7, null, fresh(graph), random()));
    for (const batch of batches) handOut(tickets, batch, fresh(graph), random());
    return tickets;
  };

  test('handed out in batches are split as evenly as at once, and none is lost but at the rim', () => {
    for (const batches of [[96], [3, 3, 6, 12, 24, 48], new Array<number>(96).fill(1)]) {
      const { envelope, held, capacities, count } = handedOut(batches);
      assert.equal(count, 96);
      for (const node of envelope.order) {
        const level = envelope.levels[node] as number;
        const shares: number[] = [];
        for (let arc = graph.offsets[node] as number; arc < (graph.offsets[node + 1] as number); arc += 1)
          if (envelope.levels[graph.targets[arc] as number] === level + 1)
            shares.push((capacities[arc] as number) - 1);
        if (shares.length === 0) continue;
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
        const given = shares.reduce((sum, share) => sum + share, 0);
        assert.equal(given, Math.max(0, (held[node] as number) - 1));
      }
    }
  });
});

describe('bogus votes', () => {
  const worlds = fc.record({
    seed: fc.integer(),
    sybils: fc.integer({ min: 1, max: 150 }),
    half: fc.integer({ min: 1, max: 6 }),
    attacks: fc.integer({ min: 1, max: 25 }),
    tickets: fc.integer({ min: 1, max: 200 }),
    linkLimit: fc.constantFrom(3, null),
  });

  test('are at most what the attack edges carry, one each and the tickets that crossed them, for every Sybil region', () => {
    fc.assert(
      fc.property(worlds, ({ seed, sybils, half, attacks, tickets, linkLimit }) => {
        const honest = 80;
        const dice = createPrng(seed, 'world');
        const crossing = attackEdges(honest, sybils, Math.min(attacks, honest * sybils), dice);
        const inside = expanderEdges(honest, sybils, half, dice);
        const graph = graphOf(honest + sybils, [
          ...expanderEdges(0, honest, 3, dice),
          ...inside,
          ...crossing,
        ]);
        const voters = Uint32Array.from({ length: sybils + 40 }, (_, at) => at + honest - 40);
        const { paths, capacities, ticketCount } = collectVotes(
          graph,
          0,
          voters,
          { linkLimit, firstTickets: tickets },
          fresh(graph),
          dice,
        );
        let bound = 0;
        for (let sybil = honest; sybil < graph.nodeCount; sybil += 1)
          for (let arc = graph.offsets[sybil] as number; arc < (graph.offsets[sybil + 1] as number); arc += 1)
            if ((graph.targets[arc] as number) < honest) bound += capacities[arc] as number;
        const bogus = paths.slice(40).filter((path) => path !== null).length;
        assert.ok(bogus <= bound);
        assert.ok(bound <= crossing.length + ticketCount);
      }),
      { numRuns: 60 },
    );
  });

  test('are about one for each of few attack edges, however many Sybils vote, while honest votes count', () => {
    const honest = 2000;
    const attacks = 20;
    const counts = [200, 4000].map((sybils) => {
      const dice = createPrng(5, 'leverage');
      const graph = graphOf(honest + sybils, [
        ...expanderEdges(0, honest, 5, dice),
        ...attackEdges(honest, Math.min(sybils, 200), attacks, dice),
        ...expanderEdges(honest, sybils, 5, dice),
      ]);
      const voters = Uint32Array.from({ length: 200 + sybils }, (_, at) =>
        at < 200 ? 10 * at + 5 : honest + at - 200,
      );
      const { paths } = collectVotes(graph, 0, voters, {}, fresh(graph), dice);
      const counted = paths.map((path) => (path === null ? 0 : 1) as number);
      return [0, 200].map((from) =>
        counted.slice(from, from === 0 ? 200 : undefined).reduce((sum, one) => sum + one, 0),
      );
    });
    for (const [good, bogus] of counts as [number, number][]) {
      assert.ok(good >= 0.95 * 200, `${good}`);
      assert.ok(bogus <= 1.6 * attacks, `${bogus}`);
    }
  });
});

describe('feedback', () => {
  const honest = 300;
  const dice = createPrng(9, 'feedback');
  const graph = graphOf(honest + 100, [
    ...expanderEdges(0, honest, 5, dice),
    ...expanderEdges(honest, 100, 5, dice),
    ...attackEdges(honest, 100, 10, dice),
  ]);
  const voters = Uint32Array.from({ length: 200 }, (_, at) => at + 200);
  /** Bogus and honest votes counted in each of twelve collections, after each of which the bogus ones are pointed out. */
  const play = (eliminatesAt: number): [number, number][] => {
    const history = createLinkHistory(graph.targets.length, eliminatesAt);
    return Array.from({ length: 12 }, (_, turn) => {
      const { paths, capacities } = collectVotes(graph, 0, voters, {}, history, createPrng(turn, 'turn'));
      const bogus = paths.slice(100).filter((path) => path !== null);
      for (const path of bogus) blamePath(history, path, capacities);
      return [bogus.length, paths.slice(0, 100).filter((path) => path !== null).length];
    });
  };

  test('closes links that keep bringing bogus votes, and hardly costs honest ones', () => {
    const [bogus, good] = play(5).at(-1) as [number, number];
    assert.equal(bogus, 0);
    assert.ok(good >= 90, `${good}`);
  });

  test('switched off changes nothing: as many come in the end as at first', () => {
    const [first, last] = [play(Number.POSITIVE_INFINITY)[0], play(Number.POSITIVE_INFINITY).at(-1)];
    assert.ok((last as [number, number])[0] >= (first as [number, number])[0] - 4);
  });

  test('sends tickets over blameless links first', () => {
    // 0 - {1, 2}, each with voters behind; link 1 -> 0 is blamed.
    const fork = graphOf(3, [
      [0, 1],
      [0, 2],
    ]);
    const history = createLinkHistory(fork.targets.length);
    history.blame[fork.offsets[1] as number] = 2;
    const tickets = createTickets(surveyLinks(fork, twinsOf(fork), 0, 3, history, random()));
    handOut(tickets, 101, history, random());
    assert.deepEqual([...tickets.capacities].slice(0, 2), [21, 81]);
  });
});

describe('where there is nobody to hear', () => {
  test('votes from another component or of nobody are not counted, and the collector hears itself', () => {
    const graph = graphOf(11, [...cliqueEdges(0, 5), ...cliqueEdges(5, 5)]);
    assert.deepEqual([...voteAdmissions(graph, 0, {}, random()).accepted], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(
      [...voteAdmissions(graph, 10, {}, random()).accepted],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    );
    const none = collectVotes(graph, 0, new Uint32Array(0), {}, fresh(graph), random());
    assert.deepEqual([none.collectedCount, none.paths.length], [0, 0]);
  });
});
