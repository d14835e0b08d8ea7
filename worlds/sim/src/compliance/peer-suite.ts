/**
 * The compliance suite of links between peers: what kernel's `process.ts` promises where there are too many to link all
 * with all. A host that passes joins two by a message, tells of breaks alone, and forgets links that nobody uses.
 */

import { assert, type Millis, type NodeId, type Process } from '@concordat/kernel';
import { type EnvCase, type EnvHost, expectEqual, expectSoon, scripted } from './env-host.ts';

/** A host with nodes 0 to n-1, which know where to call one another, none of them started or linked. */
export interface PeerHost extends Pick<EnvHost, 'start' | 'crash' | 'restart' | 'pass' | 'close'> {
  /** As in `EnvHost`; a break must be told well within the driver's deadline. */
  readonly until: EnvHost['until'];
  /** How long an unused link is kept. */
  readonly idleMs: Millis;
  /** Cuts the node off from all others, until `heal`. Cases that need it are skipped without it. */
  part?(node: NodeId): Promise<void>;
  heal?(): Promise<void>;
}

export type CreatePeerHost = (peers: number) => Promise<PeerHost>;

interface PeerCase {
  readonly name: string;
  readonly peers: number;
  /** True when it passed, false when the host cannot do what it needs. */
  readonly body: (host: PeerHost) => Promise<boolean>;
}

/** What a peer heard and was told: `1: text`, `-1`, `+1`. */
interface Diary {
  readonly lines: string[];
  /** Sends at the process's next poll. */
  say(to: NodeId, message: string): void;
}

const POLL_MS = 2;

/** A peer that writes down what happens to it, and says what it is told to. */
function diarist(answer: (message: string) => string | null = () => null): [Process<unknown, string>, Diary] {
  const lines: string[] = [];
  const toSay: [NodeId, string][] = [];
  const process = scripted({
    start: (env) => env.setTimer('poll', POLL_MS),
    receive: (env, from, message) => {
      lines.push(`${from}: ${message}`);
      const reply = answer(message);
      if (reply !== null) env.send(from, reply);
    },
    linked: (_env, peer, isUp) => void lines.push(`${isUp ? '+' : '-'}${peer}`),
    timeout: (env) => {
      for (const [to, message] of toSay.splice(0)) env.send(to, message);
      env.setTimer('poll', POLL_MS);
    },
  });
  return [process, { lines, say: (to, message) => void toSay.push([to, message]) }];
}

/** Starts `count` diarists. */
async function startDiarists(host: PeerHost, count: number): Promise<readonly Diary[]> {
  const diaries: Diary[] = [];
  for (let id = 0; id < count; id++) {
    const [process, diary] = diarist();
    diaries.push(diary);
    await host.start(id, process);
  }
  return diaries;
}

/** Says `message` until it is heard: what is said before a break is told may be lost. */
async function sayUntilHeard(
  host: PeerHost,
  from: Diary,
  to: NodeId,
  at: Diary,
  line: string,
): Promise<void> {
  const isHeard = (): boolean => at.lines.includes(line);
  for (let tries = 0; tries < 100 && !isHeard(); tries++) {
    from.say(to, line.slice(line.indexOf(':') + 2));
    await host.pass(100);
  }
  assert(isHeard(), `'${line}' is heard in the end`);
}

const joinedByMessage: PeerCase = {
  name: 'the first message joins two peers, who know each other by their ids; nobody is told, and no other is joined',
  peers: 3,
  body: async (host) => {
    const [echo, there] = diarist((message) => `you said ${message}`);
    const [process, here] = diarist();
    const [bystander, aside] = diarist();
    await host.start(0, process);
    await host.start(1, echo);
    await host.start(2, bystander);
    await host.pass(50);
    expectEqual([...here.lines, ...there.lines, ...aside.lines], [], 'what happens before anyone speaks');
    here.say(1, 'hello');
    await expectSoon(host, () => here.lines.length > 0, 'the answer arrives');
    await host.pass(50);
    expectEqual(there.lines, ['0: hello'], 'what the other end saw');
    expectEqual(here.lines, ['1: you said hello'], 'what this end saw');
    expectEqual(aside.lines, [], 'what the third peer saw');
    return true;
  },
};

const peersAreFifo: PeerCase = {
  name: 'messages of peers are first-in first-out in both directions, also when both call at once',
  peers: 2,
  body: async (host) => {
    const heard: [string[], string[]] = [[], []];
    const sent: [string[], string[]] = [[], []];
    // Whoever spoke before would call a peer that is not there yet.
    let haveStarted = false;
    const speaker = (self: 0 | 1) => {
      let round = 0;
      return scripted({
        start: (env) => env.setTimer('round', 1),
        receive: (_env, _from, message) => void heard[self].push(message),
        timeout: (env) => {
          for (let i = 0; i < 10 && haveStarted; i++) {
            const message = `${round}.${i} ${'x'.repeat((i * 997) % 3000)}`;
            sent[self].push(message);
            env.send(1 - self, message);
          }
          if (haveStarted) round++;
          if (round < 20) env.setTimer('round', 1);
        },
      });
    };
    await host.start(0, speaker(0));
    await host.start(1, speaker(1));
    haveStarted = true;
    await expectSoon(host, () => heard[0].length === 200 && heard[1].length === 200, 'all messages arrive');
    expectEqual(heard[1], sent[0], 'the order at the second');
    expectEqual(heard[0], sent[1], 'the order at the first');
    return true;
  },
};

const absentPeers: PeerCase = {
  name: 'a call to a peer that is down fails once, and a later message joins the two when it is up',
  peers: 2,
  body: async (host) => {
    const [here, there] = await startDiarists(host, 2);
    assert(here !== undefined && there !== undefined, 'two peers');
    await host.crash(1);
    here.say(1, 'lost');
    here.say(1, 'lost as well');
    await expectSoon(host, () => here.lines.length > 0, 'the caller is told');
    await host.pass(50);
    expectEqual(here.lines, ['-1'], 'what it is told');
    await host.restart(1);
    await host.pass(50);
    here.say(1, 'hello');
    await expectSoon(host, () => there.lines.length > 0, 'it is heard');
    expectEqual(there.lines, ['0: hello'], 'what is heard');
    expectEqual(here.lines, ['-1'], 'what the caller is told');
    return true;
  },
};

const crashedPeers: PeerCase = {
  name: 'both ends of a link may count on being told of its break, once, and speak again afterwards',
  peers: 2,
  body: async (host) => {
    const [here, there] = await startDiarists(host, 2);
    assert(here !== undefined && there !== undefined, 'two peers');
    here.say(1, 'first');
    await expectSoon(host, () => there.lines.includes('0: first'), 'they are joined');
    // In silence: a word after the break would be a call that fails, of which this end would be told as well.
    await host.crash(1);
    await expectSoon(host, () => here.lines.length > 0, 'the break is told');
    await host.restart(1);
    await host.pass(50);
    expectEqual(here.lines, ['-1'], 'what is told');
    there.say(0, 'back');
    await expectSoon(host, () => here.lines.length > 1, 'the restarted one joins them');
    here.say(1, 'welcome');
    await expectSoon(host, () => there.lines.length > 1, 'and is answered');
    expectEqual(here.lines, ['-1', '1: back'], 'what this end saw');
    expectEqual(there.lines, ['0: first', '0: welcome'], 'what the other end saw');
    return true;
  },
};

const newLifeSpeaksFirst: PeerCase = {
  name: 'who hears from the next life of a peer has been told of the break before',
  peers: 2,
  body: async (host) => {
    const here: string[] = [];
    await host.start(
      0,
      scripted({
        receive: (_env, from, message) => void here.push(`${from}: ${message}`),
        linked: (_env, peer, isUp) => void here.push(`${isUp ? '+' : '-'}${peer}`),
      }),
    );
    let lives = 0;
    const speaker = scripted({
      start: (env) => {
        lives++;
        env.send(0, `life ${lives}`);
      },
    });
    await host.start(1, speaker);
    await expectSoon(host, () => here.length === 1, 'the first life is heard');
    await host.crash(1);
    await host.restart(1);
    await expectSoon(host, () => here.length === 3, 'the second is heard');
    expectEqual(here, ['1: life 1', '-1', '1: life 2'], 'what was heard and told');
    return true;
  },
};

const idlePeers: PeerCase = {
  name: 'a link that nobody uses is forgotten without notice; the next message joins the two again',
  peers: 2,
  body: async (host) => {
    const [here, there] = await startDiarists(host, 2);
    assert(here !== undefined && there !== undefined, 'two peers');
    here.say(1, 'first');
    await expectSoon(host, () => there.lines.length === 1, 'the first is heard');
    await host.pass(2 * host.idleMs);
    there.say(0, 'second');
    await expectSoon(host, () => here.lines.length === 1, 'the second is heard');
    await host.pass(2 * host.idleMs);
    await host.crash(1);
    await host.pass(2 * host.idleMs);
    expectEqual(there.lines, ['0: first'], 'what one end saw');
    expectEqual(here.lines, ['1: second'], 'what the other end saw, long after both were silent');
    return true;
  },
};

const usedPeers: PeerCase = {
  name: 'a link in use is kept: its break is told however old it is',
  peers: 2,
  body: async (host) => {
    const [here, there] = await startDiarists(host, 2);
    assert(here !== undefined && there !== undefined, 'two peers');
    const said = Array.from({ length: 16 }, (_, i) => String(i));
    for (const message of said) {
      here.say(1, message);
      await host.pass(host.idleMs / 8);
    }
    expectEqual(
      there.lines,
      said.map((message) => `0: ${message}`),
      'what is heard',
    );
    await host.crash(1);
    await expectSoon(host, () => here.lines.length > 0, 'the break is told');
    expectEqual(here.lines, ['-1'], 'what is told');
    return true;
  },
};

const partedPeers: PeerCase = {
  name: 'peers that are cut apart are told, and joined by a later message once they are not',
  peers: 3,
  body: async (host) => {
    if (host.part === undefined || host.heal === undefined) return false;
    const [first, second, third] = await startDiarists(host, 3);
    assert(first !== undefined && second !== undefined && third !== undefined, 'three peers');
    first.say(1, 'hello');
    first.say(2, 'hello');
    await expectSoon(host, () => second.lines.length + third.lines.length === 2, 'all are joined');
    await host.part(1);
    first.say(1, 'lost');
    first.say(2, 'heard');
    await expectSoon(host, () => first.lines.length > 0 && second.lines.length > 1, 'both ends are told');
    second.say(2, 'lost, as the first to this peer');
    await expectSoon(host, () => second.lines.length > 2, 'a call across the cut fails');
    await host.heal();
    await sayUntilHeard(host, first, 1, second, '0: again');
    expectEqual(first.lines, ['-1'], 'what the first saw');
    expectEqual(second.lines.slice(0, 4), ['0: hello', '-0', '-2', '0: again'], 'what the second saw');
    expectEqual(third.lines, ['0: hello', '0: heard'], 'what the third saw');
    return true;
  },
};

const peerCases: readonly PeerCase[] = [
  joinedByMessage,
  peersAreFifo,
  absentPeers,
  crashedPeers,
  newLifeSpeaksFirst,
  idlePeers,
  usedPeers,
  partedPeers,
];

async function runCase({ peers, body }: PeerCase, createHost: CreatePeerHost): Promise<'passed' | 'skipped'> {
  const host = await createHost(peers);
  try {
    return (await body(host)) ? 'passed' : 'skipped';
  } finally {
    await host.close();
  }
}

/** All cases, each with a fresh host of its own. */
export const peerSuite = (createHost: CreatePeerHost): readonly EnvCase[] =>
  peerCases.map((definition) => ({ name: definition.name, run: () => runCase(definition, createHost) }));
