/** SybilGuard, SybilLimit and GateKeeper: by hand, on attacked expanders, with their mechanism switched off, and where nothing can be said. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { levelsAround } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import fc from 'fast-check';
import { type Admissions, combinedAdmissions } from './admission.ts';
import { createTickets, distribute, gateAdmissions } from './gatekeeper.ts';
import { createRouting, firstArc, nextArc, tailOf } from './route.ts';
import { guardAdmissions, guardRouteLength } from './sybilguard.ts';
import { estimateInstances, type LimitAdmissions, limitAdmissions, limitInstances } from './sybillimit.ts';
import { plainTickets } from './testing/plain-tickets.ts';
import { attackedGraph, cliqueEdges, expanderEdges, graphOf, markedBetween } from './testing/regions.ts';

const HONEST = 400;
const SYBILS = 400;

function attacked(attacks: number, label: string) {
  return attackedGraph(HONEST, SYBILS, 4, attacks, createPrng(7, label));
}

/** Whom a scheme admits of each region. */
function split({ accepted }: Admissions): { honest: number; sybils: number } {
  return {
    honest: markedBetween(accepted, 0, HONEST),
    sybils: markedBetween(accepted, HONEST, HONEST + SYBILS),
  };
}

describe('SybilGuard', () => {
  test('counts, by plain simulation of every route, the verifier routes that meet one of the suspect', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 12 }), (seed, routeLength) => {
        const routing = createRouting(attackedGraph(9, 5, 2, 2, createPrng(seed, 'small')));
        const { graph } = routing;
        const instance = createPrng(seed, 'dice').uint32();
        const routesOf = (node: number): number[][] => {
          const routes: number[][] = [];
          for (
            let first = graph.offsets[node] as number;
            first < (graph.offsets[node + 1] as number);
            first += 1
          ) {
            const nodes = [node];
            for (
              let step = 0, arc = first;
              step < routeLength;
              step += 1, arc = nextArc(routing, instance, arc)
            )
              nodes.push(graph.targets[arc] as number);
            routes.push(nodes);
          }
          return routes;
        };
        const mine = routesOf(0);
        const { scores } = guardAdmissions(routing, 0, { routeLength }, createPrng(seed, 'dice'));
        for (let suspect = 1; suspect < graph.nodeCount && mine.length > 0; suspect += 1) {
          const theirs = new Set([suspect, ...routesOf(suspect).flat()]);
          const meeting = mine.filter((route) => route.some((node) => theirs.has(node))).length;
          assert.ok(
            Math.abs((scores[suspect] as number) - meeting / mine.length) < 1e-9,
            `suspect ${suspect}`,
          );
        }
      }),
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
    const admissions = limitAdmissions(routing, 3, options(routing), createPrng(1, 'l'));
    const { honest, sybils } = split(admissions);
    assert.ok(honest > 0.97 * HONEST, `${honest}`);
    assert.ok(sybils < 5 * 12, `${sybils}`);
    assert.equal(
      admissions.loads.reduce((sum, load) => sum + load, 1),
      honest + sybils,
    );
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
    const run = (setting: { slack?: number; order?: null }) =>
      limitAdmissions(
        routing,
        3,
        { instanceCount: 100, routeLength: 10, order: sybilsFirst, ...setting },
        createPrng(2, 'l'),
      );
    const [on, off] = [run({}), run({ slack: Number.POSITIVE_INFINITY })];
    const sybilsOf = ({ accepted }: Admissions) => markedBetween(accepted, honest, hub + 1);
    assert.notDeepEqual(run({ order: null }).accepted, on.accepted);
    const heaviest = (admissions: LimitAdmissions) => Math.max(...admissions.loads);
    assert.equal(off.overloadCount, 0);
    assert.ok(heaviest(on) <= 4 * 9 && heaviest(off) > 4 * 9, `${heaviest(off)}`);
    assert.ok(sybilsOf(on) < sybilsOf(off) / 2, `${sybilsOf(on)} ${sybilsOf(off)}`);
    assert.ok(markedBetween(on.accepted, 0, honest) > 0.95 * honest);
  });

  test('finds by back-tracing exactly the intersections that routing every suspect forward finds', () => {
    const routing = createRouting(attacked(5, 'limit'));
    const random = createPrng(9, 'dice');
    const { scores } = limitAdmissions(
      routing,
      3,
      { instanceCount: 40, routeLength: 6 },
      createPrng(9, 'dice'),
    );
    const own = Array.from({ length: 40 }, () => random.uint32());
    const theirs = Array.from({ length: 40 }, () => random.uint32());
    const tails = own.map((seed) => tailOf(routing, seed, firstArc(routing, seed, 3), 6));
    for (let suspect = 0; suspect < HONEST + SYBILS; suspect += 1) {
      if (suspect === 3) continue;
      let met = 0;
      for (const seed of theirs) {
        const tail = tailOf(routing, seed, firstArc(routing, seed, suspect), 6);
        met += tails.filter((mine) => mine === tail).length;
      }
      assert.ok(Math.abs((scores[suspect] as number) - met / 40) < 1e-12);
    }
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
