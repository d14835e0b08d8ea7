/**
 * The paths of Zyzzyva's client, one by one, in a simulated federation: what is told and what completes is counted by the
 * messages that pass.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { onSend, twistEnv } from '@concordat/sim';
import { toHex, utf8 } from '@concordat/wire';
import { attacking } from '../compliance/attacks.ts';
import { type Cluster, createCluster, type ReplicaStrategy } from '../compliance/cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import { firstObjection } from '../compliance/storm.ts';
import { firstMembers, type ReplicaSettings } from '../config.ts';
import { type FaultModel, quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import { attackers } from '../replica/adversaries.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { type ClientState, call, createClient } from './client.ts';
import { read } from './reads.ts';

const SEED = 1;
const CLUSTER = modelHash(utf8('compliance'));
const CLIENT: NodeId = FIRST_CONNECTION;

interface Scene {
  readonly cluster: Cluster;
  /** Messages by type: of replicas to the client, and of the client. */
  readonly told: Map<string, number>;
  readonly said: Map<string, number>;
  call(amount: number): void;
  read(name: string): number;
  client(): ClientState;
  send(message: Message): void;
}

interface SceneOptions {
  readonly faults?: FaultModel;
  readonly settings?: Partial<ReplicaSettings>;
  readonly adversaries?: ReadonlyMap<NodeId, ReplicaStrategy>;
  /** What a replica tells the client is lost. */
  readonly isLost?: (from: NodeId, message: Message) => boolean;
}

const count = (counts: Map<string, number>, type: string): void =>
  void counts.set(type, (counts.get(type) ?? 0) + 1);

function createScene({
  faults = { u: 1, r: 1 },
  settings,
  adversaries,
  isLost = () => false,
}: SceneOptions): Scene {
  const told = new Map<string, number>();
  const said = new Map<string, number>();
  const cluster = createCluster({
    seed: SEED,
    faults,
    network: { latencyMs: 1, jitterMs: 0, detectMs: 20 },
    disk: { syncMs: 0, jitterMs: 0 },
    settings: { ...presets.zyzzyva.settings, ...settings },
    ...(adversaries && { adversaries }),
    variant: onSend((env, to, message, post) => {
      if (to >= FIRST_CONNECTION) {
        if (isLost(env.self, message)) return;
        count(told, message.type);
      }
      post(to, message);
    }),
  });
  const { world } = cluster;
  const honest = createClient({
    cluster: CLUSTER,
    quorums: quorumsOf(faults),
    members: firstMembers(quorumsOf(faults)),
    keys: createModelKeys(cluster.members, SEED)(0),
    domain: 0,
    client: 1_000_000,
    clientWindow: 8,
    retransmitMs: 500,
  });
  const process = onSend<ClientState, Message>((_env, to, message, post) => {
    count(said, message.type);
    post(to, message);
  })(honest);
  world.add({
    id: CLIENT,
    process,
    link: 'connection',
    codec: { encode: encodeMessage, decode: decodeMessage },
  });
  world.run(50);
  const act = (run: (s: ClientState, env: Env<Message>) => void): void =>
    world.call(CLIENT, (s: ClientState, env: Env<Message>) =>
      run(
        s,
        twistEnv(env, {
          send: (to, message) => {
            count(said, message.type);
            env.send(to, message);
          },
        }),
      ),
    );
  let reads = 0;
  return {
    cluster,
    told,
    said,
    call: (amount) => act((s, env) => void call(s, env, addOperation('apples', amount))),
    read: (name) => {
      act((s, env) => void read(s, env, utf8(name)));
      return ++reads;
    },
    client: () => world.stateOf<ClientState>(CLIENT),
    send: (message) =>
      act((_s, env) => {
        for (let id = 0; id < cluster.members; id++) env.send(id, message);
      }),
  };
}

/** What the calls resulted in, in their order. */
const results = (scene: Scene): number[] =>
  [...scene.client().results].sort(([a], [b]) => a - b).map(([, reply]) => Number(`0x${toHex(reply)}`));

const views = ({ cluster }: Scene): number[] =>
  Array.from({ length: cluster.members }, (_, id) =>
    cluster.world.isUp(id) ? cluster.stateOf(id).view : -1,
  );

function completes(scene: Scene, calls: number, withinMs: number): void {
  const isDone = (): boolean => scene.client().results.size === calls;
  assert.ok(
    scene.cluster.world.runUntil(isDone, withinMs),
    `${scene.client().results.size} of ${calls} calls`,
  );
  assert.equal(firstObjection(scene.cluster), null);
}

describe('4a, all members answer', () => {
  it('is complete after three message delays, with nothing but responses', () => {
    const scene = createScene({});
    scene.call(3);
    completes(scene, 1, 3.5);
    assert.deepEqual(results(scene), [3]);
    assert.deepEqual([...scene.told], [['spec-response', 4]]);
    assert.deepEqual([...scene.said], [['request', 4]]);
  });

  it('of Zyzzyva5 does without the slow ones', () => {
    const faults = { u: 1, r: 1, spare: 1 };
    const scene = createScene({ faults, isLost: (from) => from === 5 });
    assert.equal(scene.cluster.members, 6);
    scene.call(3);
    completes(scene, 1, 3.5);
  });
});

describe('4b, some are silent', () => {
  const isLost = (from: NodeId): boolean => from === 3;

  it('shows a certificate, and completes with LOCAL-COMMITs', () => {
    const scene = createScene({ isLost });
    scene.call(3);
    completes(scene, 1, 120);
    assert.deepEqual(results(scene), [3]);
    assert.equal(scene.said.get('commit-certificate'), 4);
    assert.ok((scene.told.get('local-commit') ?? 0) >= 3);
    assert.equal(scene.told.get('reply') ?? 0, 0);
  });

  it('and the replicas keep the certificate when members are away, too', () => {
    const scene = createScene({ settings: { commitOptimisation: false } });
    scene.cluster.world.crash(3);
    scene.call(3);
    completes(scene, 1, 120);
    assert.equal(scene.said.get('commit-certificate'), 4);
    assert.equal(scene.cluster.stateOf(0).certificate?.acknowledgements.length, 3);
  });

  it('with the commit optimisation replicas finish by themselves once they know', () => {
    const scene = createScene({});
    scene.cluster.world.crash(3);
    scene.cluster.world.run(100);
    scene.call(3);
    completes(scene, 1, 20);
    assert.equal(scene.said.get('commit-certificate') ?? 0, 0);
    assert.ok((scene.told.get('reply') ?? 0) >= 2);
  });
});

describe('4c, too few answer', () => {
  it('the request reaches the others, and a primary that ignores it is replaced', () => {
    const starve = attacking(attackers.starve, { id: 0, seed: SEED, faults: { u: 1, r: 1 } });
    const scene = createScene({ adversaries: new Map([[0, starve]]) });
    scene.cluster.world.cut(CLIENT, 0);
    scene.call(3);
    completes(scene, 1, 10_000);
    assert.ok((scene.said.get('request') ?? 0) > 4);
  });

  it('who lost all responses gets the committed reply', () => {
    let isOn = true;
    const scene = createScene({ isLost: () => isOn });
    scene.call(3);
    scene.cluster.world.run(300);
    isOn = false;
    completes(scene, 1, 2000);
    assert.ok((scene.told.get('reply') ?? 0) >= 2);
  });
});

describe('4d, two logs', () => {
  it('a client shows the proof to everyone, and the view ends', () => {
    const equivocate = attacking(attackers['equivocate-time'], { id: 1, seed: SEED, faults: { u: 1, r: 1 } });
    const settings = { commitOptimisation: false };
    const scene = createScene({ settings, adversaries: new Map([[1, equivocate]]) });
    const { world } = scene.cluster;
    // The liar comes to lead with the client's request waiting for it.
    world.partition([[0]]);
    scene.call(3);
    world.run(1000);
    world.heal();
    completes(scene, 1, 10_000);
    assert.ok((scene.said.get('accusation') ?? 0) >= 4);
    const evidence = world.notes.filter(({ node, note }) => node !== 1 && note.kind === 'evidence');
    assert.ok(evidence.length > 0);
    assert.ok(views(scene).some((view) => view > 1));
  });

  it('a forged proof changes nothing', () => {
    const scene = createScene({});
    scene.call(3);
    completes(scene, 1, 100);
    scene.send({ type: 'accusation', proof: new Uint8Array(300).fill(1) });
    scene.cluster.world.run(2000);
    assert.deepEqual(views(scene), [0, 0, 0, 0]);
  });
});

describe('a faulty client', () => {
  const shown = (scene: Scene, over: object): Message => {
    const s = scene.cluster.stateOf(0);
    const history = s.execution.history;
    const acknowledgements = [0, 1, 2].map((sender) => ({
      sender,
      incarnation: 0,
      signature: new Uint8Array(64),
    }));
    return {
      type: 'commit-certificate',
      view: 0,
      slot: s.execution.executed,
      history,
      acknowledgements,
      ...over,
    };
  };

  it('cannot make replicas believe a certificate that is none', () => {
    const scene = createScene({});
    scene.call(3);
    completes(scene, 1, 100);
    scene.send(shown(scene, { history: new Uint8Array(32).fill(9) }));
    scene.send(shown(scene, { slot: 40 }));
    scene.cluster.world.run(2000);
    assert.deepEqual(views(scene), [0, 0, 0, 0]);
    assert.equal(scene.told.get('local-commit') ?? 0, 0);
    assert.equal(scene.cluster.stateOf(0).certificate, null);
    scene.call(4);
    completes(scene, 2, 100);
  });
});

describe('reads without order', () => {
  it('see what is complete, and order nothing', () => {
    const scene = createScene({});
    scene.call(3);
    completes(scene, 1, 100);
    const id = scene.read('apples');
    const executed = scene.cluster.stateOf(0).execution.executed;
    assert.ok(scene.cluster.world.runUntil(() => scene.client().answers.has(id), 10));
    assert.equal(Number(`0x${toHex(scene.client().answers.get(id) ?? new Uint8Array(1))}`), 3);
    assert.equal(scene.cluster.stateOf(0).execution.executed, executed);
  });

  it('that replicas do not agree on are given back, to be ordered', () => {
    const scene = createScene({ isLost: (from, { type }) => type === 'answer' && from < 2 });
    const id = scene.read('apples');
    assert.ok(scene.cluster.world.runUntil(() => scene.client().answers.has(id), 5000));
    assert.equal(scene.client().answers.get(id), null);
  });
});
