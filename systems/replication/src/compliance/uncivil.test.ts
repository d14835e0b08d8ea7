/**
 * Throughput and service under attack, in simulated time (Aardvark's evaluation, NSDI 2009, section 6). Each scenario has a
 * figure that holds with the policies, and does not hold without the one that is for it: the broken variant.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { delay, flood } from '@concordat/sim';
import { presets } from '../presets/index.ts';
import { attackers } from '../replica/adversaries.ts';
import { allPolicies, type Policies } from '../robust/policies.ts';
import { attacking } from './attacks.ts';
import type { ReplicaStrategy } from './cluster.ts';
import { createLoad, type Load, type LoadOptions } from './load.ts';
import { dawdling, fetchStorm, holding, letIn, sluggish, strangers } from './uncivil.ts';

const SEED = 1;
const FAULTS = { u: 1, r: 1 };
const WITHOUT = (policy: keyof Policies): Policies => ({ ...allPolicies, [policy]: false });

/** Four members, each with four requests under way. */
function load(
  policies: Policies,
  liars: readonly [NodeId, ReplicaStrategy][],
  options: Partial<LoadOptions> = {},
): Load {
  const settings = { ...presets.aardvark.settings, clientWindow: 4, policies };
  return createLoad({ seed: SEED, faults: FAULTS, settings, adversaries: new Map(liars), ...options });
}

const notesOf = ({ cluster }: Load, kind: string) =>
  cluster.world.notes.filter(({ note }) => note.kind === kind);

/** What members 1 to 3 get done in a second when nobody lies. */
const civil = ((): (() => number) => {
  let known: number | null = null;
  return () => {
    if (known !== null) return known;
    const honest = load(allPolicies, []);
    honest.cluster.world.run(1000);
    const before = [1, 2, 3].map(honest.served);
    honest.cluster.world.run(1000);
    known = [1, 2, 3].reduce((sum, id, i) => sum + honest.served(id) - (before[i] ?? 0), 0);
    return known;
  };
})();

/** A slow primary leads first: what the others get done in the second that begins after `afterMs`, as a part of `civil`. */
function under(policies: Policies, strategy: ReplicaStrategy, afterMs: number): number {
  const attacked = load(policies, [[0, strategy]]);
  attacked.pass(afterMs);
  return attacked.pass(1000) / civil();
}

describe('a primary', () => {
  for (const ms of [10, 100]) {
    it(`that sends everything ${ms} ms late is replaced`, () => {
      assert.ok(under(allPolicies, delay(ms), 6500) > 0.8);
    });
    it(`that sends everything ${ms} ms late goes on leading without regular view changes`, () => {
      assert.ok(under(WITHOUT('regularViews'), delay(ms), 6500) < 0.7);
    });
  }

  it('that is 1 ms late costs little, and is replaced when it is its turn', () => {
    const slow = load(allPolicies, [[0, delay(1)]]);
    slow.pass(6500);
    assert.ok(slow.cluster.stateOf(1).view >= 1);
    assert.ok(slow.pass(1000) / civil() > 0.8);
  });

  it('that orders one request at a time is replaced', () => {
    assert.ok(
      under(allPolicies, attacking(attackers['tiny-batches'], { id: 0, seed: SEED, faults: FAULTS }), 6500) >
        0.8,
    );
  });

  it('that contradicts itself is replaced', () => {
    assert.ok(
      under(allPolicies, attacking(attackers.equivocate, { id: 0, seed: SEED, faults: FAULTS }), 2500) > 0.8,
    );
  });

  /** What the starved member gets done in three seconds, as a part of what another does. */
  const shareOf = (policies: Policies): number => {
    const unfair = load(policies, [[0, holding(1, 800)]]);
    unfair.pass(3000);
    return unfair.served(1) / unfair.served(2);
  };
  it('that ignores one member as long as the timeouts allow is replaced, and the member served', () =>
    assert.ok(shareOf(allPolicies) > 0.7));
  it('that ignores one member starves it if nobody looks whether it is overtaken', () =>
    assert.ok(shareOf(WITHOUT('fairness')) < 0.1));

  /** The view in which an idle federation is after ten seconds. */
  const idleView = (policies: Policies, pauseMs: number): number => {
    const idle = load(policies, [[0, sluggish(pauseMs)]], { busy: [] });
    idle.cluster.world.run(10_000);
    return idle.cluster.stateOf(1).view;
  };
  it('that is idle and heard just often enough for the timeout is replaced, by one that stays', () =>
    assert.equal(idleView(allPolicies, 900), 1));
  it('that is idle and heard too seldom stays if nobody counts', () =>
    assert.equal(idleView(WITHOUT('heartbeat'), 900), 0));
  it('that is idle and heard at its pace stays', () => assert.equal(idleView(allPolicies, 250), 0));
});

describe('a member', () => {
  const floods: Readonly<Record<string, () => ReplicaStrategy>> = {
    'floods with what it has heard': () => flood(300, 10),
    'asks for everything all the time': () => fetchStorm(4, 100, 10),
  };
  for (const [name, make] of Object.entries(floods)) {
    it(`that ${name} is muted, for longer when it goes on, and costs nothing`, () => {
      const flooded = load(allPolicies, [[3, make()]]);
      flooded.pass(1000);
      assert.ok(flooded.pass(1500) / 1.5 > 0.9 * civil());
      const spans = notesOf(flooded, 'muted')
        .filter(({ node }) => node === 0)
        .map(({ note }) => note['ms']);
      assert.deepEqual(spans, [1000, 2000]);
      assert.ok(notesOf(flooded, 'muted').every(({ note }) => note['peer'] === 3));
    });
    it(`that ${name} costs much if nobody mutes it`, () => {
      const flooded = load(WITHOUT('muting'), [[3, make()]]);
      flooded.pass(1000);
      assert.ok(flooded.pass(1000) < 0.85 * civil());
    });
  }

  it('that is late with its votes now and then costs no more than to do without it', () => {
    const passed = (preset: 'concordat' | 'pbft', strategy: ReplicaStrategy): number => {
      const settings = { ...presets[preset].settings, clientWindow: 4 };
      const tried = load(allPolicies, [[3, strategy]], { settings });
      tried.pass(1000);
      return tried.pass(2000);
    };
    const without = passed('pbft', (honest) => honest);
    for (const [everySlots, ms] of [
      [2, 10],
      [2, 45],
      [6, 45],
    ] as const) {
      const part = passed('concordat', dawdling(everySlots, ms)) / without;
      assert.ok(part > 0.85, `every ${everySlots} slots, ${ms} ms: ${part}`);
    }
  });

  it('that catches up is not muted, nor are those who help it', () => {
    const late = load(allPolicies, []);
    late.cluster.world.run(200);
    late.cluster.world.crash(3);
    late.cluster.world.run(1500);
    late.cluster.world.restart(3);
    late.cluster.world.run(1500);
    const executed = (id: NodeId): number => late.cluster.stateOf(id).execution.executed;
    assert.ok(executed(3) > executed(0) - 50, `${executed(3)} of ${executed(0)}`);
    assert.deepEqual(notesOf(late, 'muted'), []);
  });
});

describe('a stranger', () => {
  /** What all members get done in a second, as a part of what they do with nobody else about. */
  const among = (name: keyof typeof strangers, policies = allPolicies) => {
    const visited = load(policies, []);
    letIn(visited.cluster.world, strangers[name], SEED);
    visited.pass(1000);
    const alone = load(policies, []);
    alone.pass(1000);
    return { visited, part: visited.pass(1500) / alone.pass(1500) };
  };

  it('with false signatures has few of them checked, and harms nobody in whose name it speaks', () => {
    const { visited, part } = among('false signatures');
    assert.ok(part > 0.95, `${part}`);
    const strikes = notesOf(visited, 'strike').length;
    assert.ok(strikes > 0 && strikes <= 40, `${strikes}`);
    assert.ok(notesOf(visited, 'blacklisted').every(({ note }) => note['domain'] === undefined));
    const before = visited.served(0);
    visited.pass(500);
    assert.ok(visited.served(0) > before, 'the domain is served');
  });
  it('with false signatures has all of them checked if nobody filters', () => {
    const { visited } = among('false signatures', WITHOUT('clientFilter'));
    assert.ok(notesOf(visited, 'strike').length > 100);
  });

  it('that repeats itself costs little', () => assert.ok(among('replay').part > 0.95));
  it('that shows its requests to the primary only, and others to the others, costs a part', () => {
    const { visited, part } = among('genuine for the primary only');
    assert.ok(part > 0.65, `${part}`);
    assert.deepEqual(notesOf(visited, 'suspect'), []);
  });
  it('that keeps its requests from the primary makes nobody suspect it', () => {
    const { visited, part } = among('kept from the primary');
    assert.ok(part > 0.9, `${part}`);
    assert.deepEqual(notesOf(visited, 'suspect'), []);
  });
  it('that leaves gaps makes nobody suspect the primary', () => {
    const { visited, part } = among('gaps');
    assert.ok(part > 0.9, `${part}`);
    assert.deepEqual(notesOf(visited, 'suspect'), []);
  });
});
