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

export const linkCases: readonly CaseDefinition[] = [
  firstInFirstOut,
  linksAreTold,
  senderIsKnown,
  connectionsCome,
];
