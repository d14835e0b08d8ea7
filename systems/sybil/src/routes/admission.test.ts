/** SybilGuard, SybilLimit and GateKeeper: by hand, on attacked expanders, with their mechanism switched off, and where nothing can be said. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { levelsAround } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import fc from 'fast-check';
import { type Admissions, combinedAdmissions } from './admission.ts';
import { createTickets, distribute, gateAdmissions } from './gatekeeper.ts';
import { createRouting } from './route.ts';
import { guardAdmissions, guardAdmissionsOf, guardRouteLength } from './sybilguard.ts';
import {
  estimateInstances,
  expectedLimitScores,
  type LimitAdmissions,
  limitAdmissions,
  limitInstances,
} from './sybillimit.ts';
import { plainTickets } from './testing/plain-tickets.ts';
import { attackedGraph, cliqueEdges, expanderEdges, graphOf, markedBetween } from './testing/regions.ts';
import { ourRoutes, textbookGuard, textbookLimit } from './testing/textbook.ts';

const HONEST = 400;
const SYBILS = 400;

function attacked(attacks: number, label: string) {
  return attackedGraph(HONEST, SYBILS, 4, attacks, createPrng(7, label));
}

/** A node with 50 neighbours, some of which know one another. */
const hubGraph = (random: Prng) =>
  graphOf(52, [
    ...Array.from({ length: 50 }, (_, at) => [0, at + 1] as const),
    ...expanderEdges(1, 51, 1, random),
  ]);

/** Whom a scheme admits of each region. */
function split({ accepted }: Admissions): { honest: number; sybils: number } {
  return {
    honest: markedBetween(accepted, 0, HONEST),
    sybils: markedBetween(accepted, HONEST, HONEST + SYBILS),
  };
}

describe('SybilGuard', () => {
  test('counts what sending every route and comparing it counts, for more than 32 routes and for several verifiers', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (seed, routeLength, hasHub) => {
          const random = createPrng(seed, 'small');
          const routing = createRouting(hasHub ? hubGraph(random) : attackedGraph(9, 5, 2, 2, random));
          const instance = createPrng(seed, 'dice').uint32();
          const verifiers = [0, 3, 0];
          const each = guardAdmissionsOf(routing, verifiers, { routeLength }, createPrng(seed, 'dice'));
          for (const [at, verifier] of verifiers.entries()) {
            const plain = textbookGuard(ourRoutes(routing), verifier, instance, routeLength);
            assert.deepEqual(each[at]?.scores, plain);
            assert.deepEqual(
              each[at],
              guardAdmissions(routing, verifier, { routeLength }, createPrng(seed, 'dice')),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("admits nearly all honest nodes, and at most a route's length of Sybils for each attack edge", () => {
    const routing = createRouting(attacked(1, 'guard'));
    const { honest, sybils } = split(
      guardAdmissions(routing, 3, { routeLength: guardRouteLength(HONEST) }, createPrng(1, 'g')),
    );
    assert.ok(honest > 0.95 * HONEST, `${honest}`);
    assert.ok(sybils <= guardRouteLength(HONEST), `${sybils}`);
  });

  test('needs the majority of the routes: with one route enough, one that slipped out admits the whole region', () => {
    const routing = createRouting(attacked(6, 'guard'));
    const options = { routeLength: guardRouteLength(HONEST) };
    const strict = split(guardAdmissions(routing, 3, options, createPrng(1, 'g')));
    const lax = split(guardAdmissions(routing, 3, { ...options, quorum: 0.01 }, createPrng(1, 'g')));
    assert.ok(lax.sybils > strict.sybils + SYBILS / 4, `${lax.sybils} ${strict.sybils}`);
  });
});

describe('SybilLimit', () => {
  const options = (routing: ReturnType<typeof createRouting>) => ({
    instanceCount: limitInstances(routing.graph),
    routeLength: 10,
  });

  test('admits nearly all honest nodes and few Sybils per attack edge', () => {
    const routing = createRouting(attacked(5, 'limit'));
    const draws = Array.from({ length: 8 }, (_, draw) => {
      const admissions = limitAdmissions(routing, 3, options(routing), createPrng(draw, 'l'));
      const { honest, sybils } = split(admissions);
      assert.ok(honest > 0.97 * HONEST, `${honest}`);
      assert.equal(
        admissions.loads.reduce((sum, load) => sum + load, 1),
        honest + sybils,
      );
      return sybils;
    });
    // Means are 16 for each attack edge; the deviation of a draw is 5.
    assert.ok(draws.reduce((sum, sybils) => sum + sybils, 0) < draws.length * 5 * 22, `${draws}`);
  });

  test('without the balance condition a tail in the Sybil region admits whoever comes', () => {
    // The verifier itself has the attack edge, so a ninth of its routes ends among Sybils that know only their hub: each of their routes begins with an arc to it, so in each instance somebody ends at the tail.
    const honest = 300;
    const hub = honest + 600;
    const edges = [...expanderEdges(0, honest, 4, createPrng(4, 'h'))];
    for (let sybil = honest; sybil < hub; sybil += 1) edges.push([hub, sybil]);
    edges.push([3, hub]);
    const routing = createRouting(graphOf(hub + 1, edges));
    // The Sybils ask first.
    const sybilsFirst = Uint32Array.from({ length: hub + 1 }, (_, at) => hub - at);
    const run = (draw: number, setting: { slack?: number; order?: null }) =>
      limitAdmissions(
        routing,
        3,
        { instanceCount: 100, routeLength: 10, order: sybilsFirst, ...setting },
        createPrng(draw, 'l'),
      );
    const sybilsOf = ({ accepted }: Admissions) => markedBetween(accepted, honest, hub + 1);
    const heaviest = (admissions: LimitAdmissions) => Math.max(...admissions.loads);
    let [refused, admitted] = [0, 0];
    for (let draw = 0; draw < 8; draw += 1) {
      const [on, off] = [run(draw, {}), run(draw, { slack: Number.POSITIVE_INFINITY })];
      assert.notDeepEqual(run(draw, { order: null }).accepted, on.accepted);
      assert.equal(off.overloadCount, 0);
      assert.ok(heaviest(on) <= 4 * Math.log(100) && heaviest(off) > 1.5 * heaviest(on), `${heaviest(off)}`);
      assert.ok(markedBetween(on.accepted, 0, honest) > 0.94 * honest);
      admitted += sybilsOf(on);
      refused += sybilsOf(off) - sybilsOf(on);
    }
    assert.ok(refused > 0.8 * admitted, `${refused} ${admitted}`);
  });

  test('finds by back-tracing exactly the intersections that routing every suspect forward finds', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 12 }), (seed, routeLength) => {
        const routing = createRouting(attackedGraph(40, 30, 3, 5, createPrng(seed, 'small')));
        const random = createPrng(seed, 'dice');
        const options = { instanceCount: 40, routeLength };
        const { scores } = limitAdmissions(routing, 3, options, createPrng(seed, 'dice'));
        const [own, theirs] = [0, 1].map(() => Array.from({ length: 40 }, () => random.uint32()));
        const plain = textbookLimit(ourRoutes(routing), 3, own ?? [], theirs ?? [], routeLength);
        assert.deepEqual(scores, plain);
      }),
      { numRuns: 30 },
    );
  });

  test('its scores have the expectation by which it ranks, from one verifier and from several', () => {
    const graph = attackedGraph(120, 120, 4, 20, createPrng(3, 'expected'));
    const routing = createRouting(graph);
    const [instanceCount, routeLength, verifiers] = [150, 5, [3, 60]];
    const draws = 40;
    const drawn = new Float64Array(graph.nodeCount);
    for (const verifier of verifiers)
      for (let draw = 0; draw < draws; draw += 1) {
        const options = { instanceCount, routeLength };
        const { scores } = limitAdmissions(routing, verifier, options, createPrng(draw, `l ${verifier}`));
        for (const [node, score] of scores.entries())
          drawn[node]! += score / instanceCount / draws / verifiers.length;
      }
    const expected = expectedLimitScores(graph, verifiers, routeLength);
    const sum = (values: Float64Array, from: number, to: number) =>
      values
        .subarray(from, to)
        .reduce((all, value, at) => all + (verifiers.includes(from + at) ? 0 : value), 0);
    for (const [from, to] of [
      [0, 120],
      [120, 240],
    ] as const) {
      const ratio = sum(drawn, from, to) / sum(expected, from, to);
      assert.ok(Math.abs(ratio - 1) < 0.05, `${ratio}`);
    }
    const nearest = [...expected.keys()]
      .filter((node) => !verifiers.includes(node))
      .sort((a, b) => expected[b]! - expected[a]!)
      .slice(0, 10);
    for (const node of nearest) assert.ok(Math.abs(drawn[node]! / expected[node]! - 1) < 0.15, `${node}`);
  });

  test('estimates about r0 sqrt(m) instances of the honest region, whatever the size of the Sybil region', () => {
    const routing = createRouting(attacked(5, 'limit'));
    const { instanceCount, benchmarkShare } = estimateInstances(routing, 3, 10, createPrng(1, 'e'));
    const honestEdges = HONEST * 4;
    assert.ok(benchmarkShare >= 0.95);
    assert.ok(
      instanceCount >= Math.sqrt(honestEdges) && instanceCount <= 8 * Math.sqrt(honestEdges),
      `${instanceCount}`,
    );
    assert.equal(estimateInstances(routing, 3, 10, createPrng(1, 'e'), { limit: 4 }).instanceCount, 4);
  });
});

describe('GateKeeper', () => {
  test('hands on whole tickets, evenly, and loses none but at the rim', () => {
    // 0 in the middle of ten, each with one friend farther out.
    const edges = Array.from(
      { length: 10 },
      (_, at) =>
        [
          [0, at + 1],
          [at + 1, at + 11],
        ] as const,
    ).flat();
    const graph = graphOf(21, edges);
    const [around] = levelsAround(graph, [0]);
    const into = createTickets(graph);
    for (const [tickets, near, far] of [
      [7, 6, 0],
      [16, 10, 5],
      [21, 10, 10],
    ] as const) {
      distribute(graph, 0, around?.levels as Uint8Array, tickets, into, createPrng(tickets, 'tickets'));
      const got = [1, 11].map(
        (from) => into.held.subarray(from, from + 10).filter((count) => count > 0).length,
      );
      assert.deepEqual(got, [near, far]);
      assert.ok(Math.max(...into.held.subarray(1, 11)) - Math.min(...into.held.subarray(1, 11)) <= 1);
    }
  });

  test('hands out what plain maps of levels and holders say, one distribution after the other', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 5 }),
        (seed, half, amounts) => {
          const graph = attackedGraph(25, 15, half, 3, createPrng(seed, 'tickets'));
          const into = createTickets(graph);
          const [dice, same] = [createPrng(seed, 'dice'), createPrng(seed, 'dice')];
          const sources = amounts.map((_, at) => (7 * at) % 40);
          for (const [at, { levels }] of levelsAround(graph, sources).entries()) {
            const [source, amount] = [sources[at] as number, amounts[at] as number];
            distribute(graph, source, levels, amount, into, dice);
            const expected = plainTickets(graph, source, amount, same);
            assert.deepEqual([...into.holders.subarray(0, into.holderCount)], [...expected.keys()]);
            assert.deepEqual(
              [...into.held],
              Array.from({ length: 40 }, (_, node) => expected.get(node) ?? 0),
            );
          }
        },
      ),
    );
  });

  test('admits nearly all honest nodes and about as many Sybils as there are attack edges', () => {
    const graph = attacked(5, 'gate');
    const { honest, sybils } = split(gateAdmissions(graph, [3], { walkLength: 10 }, createPrng(1, 'k')));
    assert.ok(honest > 0.97 * HONEST, `${honest}`);
    assert.ok(sybils < 5 * 10, `${sybils}`);
  });

  test('needs several sources: a single one admits whomever its own tickets reach', () => {
    const graph = attacked(20, 'gate');
    const many = split(gateAdmissions(graph, [3], { walkLength: 10, admitShare: 0.2 }, createPrng(1, 'k')));
    const lax = split(gateAdmissions(graph, [3], { walkLength: 10, admitShare: 0.01 }, createPrng(1, 'k')));
    assert.ok(lax.sybils > 2 * many.sybils, `${lax.sybils} ${many.sybils}`);
  });
});

describe('where nothing can be said', () => {
  // Node 0 to 4 a clique, 5 to 9 another component, 10 alone.
  const graph = graphOf(11, [...cliqueEdges(0, 5), ...cliqueEdges(5, 5)]);
  const routing = createRouting(graph);
  const schemes: Record<string, (verifier: number) => Admissions> = {
    SybilGuard: (verifier) => guardAdmissions(routing, verifier, { routeLength: 20 }, createPrng(1, 's')),
    SybilLimit: (verifier) =>
      limitAdmissions(routing, verifier, { instanceCount: 40, routeLength: 5 }, createPrng(1, 's')),
    GateKeeper: (verifier) => gateAdmissions(graph, [verifier], { walkLength: 5 }, createPrng(1, 's')),
  };
  for (const [name, admit] of Object.entries(schemes)) {
    test(`${name} admits its verifier, its clique, and nobody out of its reach`, () => {
      assert.deepEqual([...admit(0).accepted], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    });
    test(`${name} with a verifier alone admits that one`, () => {
      const { accepted, scores } = admit(10);
      assert.deepEqual([...accepted], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
      assert.ok(scores.every(Number.isFinite));
    });
  }

  test('no seeds admit nobody', () => {
    assert.equal(
      gateAdmissions(graph, [], { walkLength: 5 }, createPrng(1, 's')).scores.some((score) => score > 0),
      false,
    );
    assert.equal(combinedAdmissions(11, []).accepted.includes(1), false);
  });

  test('verifiers together admit whom most of them admit', () => {
    const each = [0, 1, 5].map((verifier) => schemes['GateKeeper']?.(verifier) as Admissions);
    const { accepted, scores } = combinedAdmissions(11, each);
    assert.deepEqual([...accepted], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    assert.ok(Math.abs((scores[5] as number) - 1 / 3) < 1e-12);
  });
});
