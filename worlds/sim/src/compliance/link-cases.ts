/** Cases about links: order, who is told what, and connections from outside. */

import { assert, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { type CaseDefinition, expectEqual, expectSoon, listener, scripted, startLinked } from './env-host.ts';

const firstInFirstOut: CaseDefinition = {
  name: 'links are first-in first-out, across turns and sizes',
  members: 2,
  body: async (host) => {
    const received: string[] = [];
    const sent: string[] = [];
    let round = 0;
    await startLinked(host, listener(received), {
      act: (env) => env.setTimer('round', 0),
      timeout: (env) => {
        for (let i = 0; i < 20; i++) {
          const message = `${round}.${i} ${'x'.repeat((i * 997) % 3000)}`;
          sent.push(message);
          env.send(1, message);
        }
        if (++round < 20) env.setTimer('round', 1);
      },
    });
    await expectSoon(host, () => received.length === 400, 'all messages arrive');
    expectEqual(received, sent, 'their order');
    return true;
  },
};

const linksAreTold: CaseDefinition = {
  name: 'both ends learn of a link, of its break and of its repair',
  members: 2,
  body: async (host) => {
    const news: [NodeId, boolean][] = [];
    const process = scripted({ linked: (_env, peer, isUp) => void news.push([peer, isUp]) });
    await host.start(0, process);
    await host.start(1, scripted({}));
    await expectSoon(host, () => news.length === 1, 'the link comes up');
    await host.crash(1);
    await host.restart(1);
    await expectSoon(host, () => news.length === 3, 'it breaks and comes up again');
    expectEqual(
      news,
      [
        [1, true],
        [1, false],
        [1, true],
      ],
      'what was told',
    );
    return true;
  },
};

const senderIsKnown: CaseDefinition = {
  name: 'a message comes from who sent it',
  members: 3,
  body: async (host) => {
    const received: string[] = [];
    const speaker = () =>
      scripted({
        linked: (env, peer, isUp) => {
          if (isUp && peer === 2) env.setTimer('speak', 20);
        },
        timeout: (env) => env.send(2, `I am ${env.self}`),
      });
    await host.start(0, speaker());
    await host.start(1, speaker());
    await host.start(
      2,
      scripted({ receive: (_env, from, message) => void received.push(`${from}: ${message}`) }),
    );
    await expectSoon(host, () => received.length >= 2, 'both speak');
    expectEqual([...received].sort(), ['0: I am 0', '1: I am 1'], 'who said what');
    return true;
  },
};

const connectionsCome: CaseDefinition = {
  name: 'a connection is told of, spoken with, and closed after the last word',
  members: 1,
  body: async (host) => {
    if (host.connect === undefined) return false;
    const news: [NodeId, boolean][] = [];
    const process = scripted({
      linked: (_env, peer, isUp) => void news.push([peer, isUp]),
      receive: (env, from, message) => {
        env.send(from, `you said ${message}`);
        if (message !== 'quit') return;
        env.send(from, 'bye');
        env.close(from);
      },
    });
    await host.start(0, process);
    const outside = await host.connect(0);
    await expectSoon(host, () => news.length === 1, 'the process is told');
    const id = news[0]![0];
    assert(id >= FIRST_CONNECTION && news[0]![1], 'connections have ids of their own');
    await outside.send('hello');
    await outside.send('quit');
    await expectSoon(host, () => outside.isClosed(), 'the connection closes');
    expectEqual([...outside.received], ['you said hello', 'you said quit', 'bye'], 'what was said before');
    const another = await host.connect(0);
    await expectSoon(
      host,
      () => news.at(-1)?.[1] === true && news.at(-1)?.[0] !== id,
      'a new one has a new id',
    );
    await another.close();
    await expectSoon(host, () => news.at(-1)?.[1] === false, 'the process learns that it is gone');
    return true;
  },
};

/** Says a number to member 1 every 5 ms, from when the two are linked. */
const counting = () => {
  let count = 0;
  return scripted({
    linked: (env, peer, isUp) => {
      if (isUp && peer === 1) env.setTimer('count', 20);
    },
    timeout: (env) => {
      env.send(1, String(++count));
      env.setTimer('count', 5);
    },
  });
};

const MUTE_MS = 400;

const mutedPeers: CaseDefinition = {
  name: 'a muted peer is not heard for a while, others are; its link stays up, and it is heard again, in order',
  members: 3,
  body: async (host) => {
    const heard: { readonly from: NodeId; readonly at: number; readonly count: number }[] = [];
    const broken: NodeId[] = [];
    let mutedAt = Number.POSITIVE_INFINITY;
    await host.start(
      1,
      scripted({
        linked: (_env, peer, isUp) => void (isUp || broken.push(peer)),
        receive: (env, from, message) => {
          heard.push({ from, at: env.now, count: Number(message) });
          if (message !== '10' || from !== 0) return;
          mutedAt = env.now;
          env.mute(0, MUTE_MS);
        },
      }),
    );
    await host.start(0, counting());
    await host.start(2, counting());
    const of = (from: NodeId) => heard.filter((item) => item.from === from);
    await expectSoon(host, () => of(0).length >= 30 && of(2).length >= 30, 'both are heard in the end');
    const during = (from: NodeId) =>
      of(from).filter(({ at }) => at > mutedAt && at < mutedAt + MUTE_MS / 2).length;
    expectEqual(during(0), 0, 'messages of the muted peer');
    assert(during(2) > 0, 'the other peer is heard meanwhile');
    expectEqual(of(0).slice(0, 10).at(-1)?.count, 10, 'what came before');
    const counts = of(0).map(({ count }) => count);
    assert(
      counts.every((count, i) => i === 0 || count > (counts[i - 1] ?? 0)),
      'what is heard is in order',
    );
    expectEqual(broken, [], 'links that broke');
    return true;
  },
};

const unmutedPeers: CaseDefinition = {
  name: 'muting a peer for no time ends its muting',
  members: 2,
  body: async (host) => {
    const heard: string[] = [];
    await host.start(
      1,
      scripted({
        receive: (env, _from, message) => {
          heard.push(message);
          if (heard.length > 1) return;
          env.mute(0, 3_600_000);
          env.setTimer('hear again', 50);
        },
        timeout: (env) => env.mute(0, 0),
      }),
    );
    await host.start(0, counting());
    await expectSoon(host, () => heard.length >= 5, 'the peer is heard again');
    return true;
  },
};

const mutedConnections: CaseDefinition = {
  name: 'a muted connection is not heard for a while, hears what it is told, and stays',
  members: 1,
  body: async (host) => {
    if (host.connect === undefined) return false;
    const heard: string[] = [];
    let gone = 0;
    await host.start(
      0,
      scripted({
        linked: (_env, _peer, isUp) => void (isUp || gone++),
        receive: (env, from, message) => {
          heard.push(message);
          env.send(from, `you said ${message}`);
          if (message === 'hush') env.mute(from, 300);
        },
      }),
    );
    const outside = await host.connect(0);
    await outside.send('hush');
    await expectSoon(host, () => outside.received.length === 1, 'what is said to it leaves');
    await outside.send('while muted');
    await host.pass(100);
    expectEqual(heard, ['hush'], 'what is heard meanwhile');
    await host.pass(400);
    await outside.send('later');
    await expectSoon(host, () => heard.includes('later'), 'it is heard again');
    expectEqual(gone, 0, 'connections that broke');
    await outside.close();
    return true;
  },
};

export const linkCases: readonly CaseDefinition[] = [
  firstInFirstOut,
  linksAreTold,
  senderIsKnown,
  connectionsCome,
  mutedPeers,
  unmutedPeers,
  mutedConnections,
];
