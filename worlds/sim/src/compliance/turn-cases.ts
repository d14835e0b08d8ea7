/** Cases about turns: their order, their clock, timers and jobs. */

import { assert } from '@concordat/kernel';
import { type CaseDefinition, expectEqual, expectSoon, scripted, startLinked } from './env-host.ts';

/** Writes down each call, with `|` after each `settle`; `now` must not change within a turn. */
function createTurnLog() {
  const calls: string[] = [];
  const times: number[] = [];
  return {
    calls,
    times,
    note: (what: string, now: number) => {
      calls.push(what);
      times.push(now);
    },
    turns: () => calls.join(' ').split('settle'),
  };
}

const startSettles: CaseDefinition = {
  name: 'the start is a turn of its own: start, then settle',
  members: 1,
  body: async (host) => {
    const calls: string[] = [];
    const process = scripted({
      start: (env) => {
        calls.push('start');
        env.setTimer('t', 0);
      },
      settle: () => void calls.push('settle'),
      timeout: () => void calls.push('timeout'),
    });
    await host.start(0, process);
    await expectSoon(host, () => calls.length >= 4, 'a timer of the start fires');
    expectEqual(calls.slice(0, 4), ['start', 'settle', 'timeout', 'settle'], 'the first turns');
    return true;
  },
};

const everyTurnSettlesOnce: CaseDefinition = {
  name: 'every turn ends with one settle, and its clock stands still',
  members: 2,
  body: async (host) => {
    const log = createTurnLog();
    const peer = scripted({
      linked: (env) => log.note('linked', env.now),
      receive: (env, _from, message) => log.note(message, env.now),
      settle: (env) => log.note('settle', env.now),
    });
    await startLinked(host, peer, {
      act: (env) => {
        for (let i = 0; i < 50; i++) env.send(1, `m${i}`);
      },
    });
    await expectSoon(host, () => log.calls.includes('m49'), 'all messages arrive');
    await expectSoon(host, () => log.calls.at(-1) === 'settle', 'the last turn settles');
    log.calls.forEach((call, i) => {
      const isTurnStart = i === 0 || log.calls[i - 1] === 'settle';
      assert(call !== 'settle' || !isTurnStart || i === 0, 'only the start settles without an event');
      assert(isTurnStart || log.times[i] === log.times[i - 1], 'the clock stands still within a turn');
      assert(i === 0 || log.times[i]! >= log.times[i - 1]!, 'the clock never steps backwards');
    });
    return true;
  },
};

const timersComeLater: CaseDefinition = {
  name: 'a timer fires once, and never in the turn that set it',
  members: 1,
  body: async (host) => {
    let turn = 0;
    let setIn = -1;
    const firedIn: number[] = [];
    const process = scripted({
      start: (env) => env.setTimer('go', 5),
      timeout: (env, timer) => {
        if (timer === 'zero') firedIn.push(turn);
        if (timer !== 'go') return;
        setIn = turn;
        env.setTimer('zero', 0);
      },
      settle: () => {
        turn++;
      },
    });
    await host.start(0, process);
    await expectSoon(host, () => firedIn.length > 0, 'a timer of no time fires');
    await host.pass(50);
    assert(firedIn.length === 1 && firedIn[0]! > setIn, 'it fires once, in a later turn');
    return true;
  },
};

const timersMove: CaseDefinition = {
  name: 'setting a timer again moves it, and cancelling ends it',
  members: 1,
  body: async (host) => {
    const fired: string[] = [];
    let startedAt = 0;
    let movedAt = 0;
    const process = scripted({
      start: (env) => {
        startedAt = env.now;
        env.setTimer('moved', 5);
        env.setTimer('moved', 60);
        env.setTimer('sooner', 10_000);
        env.setTimer('sooner', 20);
        env.setTimer('cancelled', 10);
        env.cancelTimer('cancelled');
        env.cancelTimer('never set');
      },
      timeout: (env, timer) => {
        fired.push(timer);
        if (timer === 'moved') movedAt = env.now;
      },
    });
    await host.start(0, process);
    await expectSoon(host, () => fired.includes('moved'), 'the moved timer fires');
    expectEqual(fired, ['sooner', 'moved'], 'what fired');
    // Hosts may round timers to whole milliseconds.
    assert(movedAt - startedAt >= 59, 'it fires when it was moved to');
    return true;
  },
};

const jobsComplete: CaseDefinition = {
  name: 'jobs complete in a later turn, each with its ticket and verdict',
  members: 1,
  body: async (host) => {
    const { good, bad } = host.checks;
    let turn = 0;
    const done = new Map<number, boolean>();
    let firstAt = -1;
    const process = scripted({
      start: (env) => {
        env.offload({ kind: 'verify', checks: [good] }, 11);
        env.offload({ kind: 'verify', checks: [good, bad] }, 12);
        env.offload({ kind: 'verify', checks: [] }, 13);
        env.offload({ kind: 'verify', checks: [good, good] }, 14);
      },
      completed: (_env, ticket, holds) => {
        if (done.size === 0) firstAt = turn;
        assert(!done.has(ticket), 'a job completes once');
        done.set(ticket, holds);
      },
      settle: () => {
        turn++;
      },
    });
    await host.start(0, process);
    await expectSoon(host, () => done.size === 4, 'all jobs complete');
    assert(firstAt > 0, 'no job completes in the turn that started it');
    expectEqual(
      [...done].sort((a, b) => a[0] - b[0]),
      [
        [11, true],
        [12, false],
        [13, true],
        [14, true],
      ],
      'the verdicts',
    );
    return true;
  },
};

const formerLifeIsOver: CaseDefinition = {
  name: 'timers and jobs of a former life are forgotten',
  members: 1,
  body: async (host) => {
    const { good } = host.checks;
    let lives = 0;
    const heard: string[] = [];
    const process = scripted({
      start: (env) => {
        lives++;
        env.setTimer(`timer of life ${lives}`, 40);
        env.offload({ kind: 'verify', checks: [good] }, lives);
      },
      timeout: (_env, timer) => void heard.push(`${timer} in life ${lives}`),
      completed: (_env, ticket) => void heard.push(`job of life ${ticket} in life ${lives}`),
    });
    await host.start(0, process);
    await expectSoon(host, () => lives === 1, 'it starts');
    await host.crash(0);
    await host.restart(0);
    await expectSoon(host, () => heard.includes('timer of life 2 in life 2'), 'the second life goes on');
    await expectSoon(host, () => heard.includes('job of life 2 in life 2'), 'its job completes');
    await host.pass(100);
    assert(
      !heard.some((text) => text.endsWith('1 in life 2')),
      'nothing of the first life reaches the second',
    );
    return true;
  },
};

const secretsDiffer: CaseDefinition = {
  name: 'secrets have the size asked for and differ',
  members: 1,
  body: async (host) => {
    const secrets: Uint8Array[] = [];
    const process = scripted({
      start: (env) => {
        for (const size of [0, 1, 32, 32, 1000]) secrets.push(env.secret(size));
      },
    });
    await host.start(0, process);
    await expectSoon(host, () => secrets.length === 5, 'the process starts');
    expectEqual(
      secrets.map((secret) => secret.length),
      [0, 1, 32, 32, 1000],
      'their sizes',
    );
    assert(String(secrets[2]) !== String(secrets[3]), 'two secrets differ');
    return true;
  },
};

export const turnCases: readonly CaseDefinition[] = [
  startSettles,
  everyTurnSettlesOnce,
  timersComeLater,
  timersMove,
  jobsComplete,
  formerLifeIsOver,
  secretsDiffer,
];
