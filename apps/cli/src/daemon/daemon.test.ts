/** A daemon as organisations run it, with a real journal and real sockets. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startInSteps, stepsOf } from '@concordat/kernel';
import { createLogger, freePort } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { createDemonstration } from '../attack/demonstration.ts';
import { formatFederation, parseFederation } from '../config/federation.ts';
import { initialise, placesIn } from '../config/organisation.ts';
import { ask } from './control.ts';
import { type DaemonOptions, startDaemon } from './daemon.ts';
import { federationStatus } from './statuses.ts';

const parent = mkdtempSync(join(tmpdir(), 'daemon-'));
after(() => rmSync(parent, { recursive: true, force: true }));

const DEADLINE = { timeout: 60_000 };
const ANYWHERE = { host: '127.0.0.1', port: 0 };

async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(ANYWHERE, resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { server, port: address.port };
}

/** What starts the only member of a federation. */
async function loner(name: string): Promise<DaemonOptions> {
  const directory = join(parent, name);
  const { publicKey, pin } = await initialise(directory, name);
  // A federation file has to name a port: one that was free a moment ago.
  const { server, port } = await listen();
  await new Promise((resolve) => server.close(resolve));
  const member = { name, address: `127.0.0.1:${port}`, key: toHex(publicKey), pin };
  return {
    directory,
    federation: parseFederation(formatFederation(0, 0, [member]), 'federation.yaml'),
    clients: ANYWHERE,
    monitor: ANYWHERE,
    superDigest: null,
    logger: createLogger({ level: 'error' }),
  };
}

/** Starts a daemon, asks it, and stops it. */
async function answersOf(options: DaemonOptions, requests: readonly string[]): Promise<unknown[]> {
  const daemon = await startDaemon(options);
  try {
    const answers: unknown[] = [];
    for (const request of requests) answers.push(await ask(placesIn(options.directory).control, request));
    return answers;
  } finally {
    await daemon.close();
  }
}

test('only a demonstration obeys attacks', async () => {
  const requests = ['attack mute', 'attack stop', 'status'];
  const options = await loner('alpha');
  const [attack, stop, status] = await answersOf(options, requests);
  assert.deepEqual(attack, { error: 'unknown request' });
  assert.deepEqual(stop, { error: 'unknown request' });
  assert.equal((status as { readonly name: string }).name, 'alpha');
  const [obeyed] = await answersOf({ ...options, ...createDemonstration() }, requests);
  assert.deepEqual(obeyed, { attack: 'mute' });
});

test('a daemon that cannot start leaves nothing running', async () => {
  const options = await loner('bravo');
  const { server, port } = await listen();
  await assert.rejects(startDaemon({ ...options, monitor: { ...ANYWHERE, port } }), { code: 'port-failed' });
  server.close();
  // Its journal is unlocked and its port is free.
  const [status] = await answersOf(options, ['status']);
  assert.equal((status as { readonly name: string }).name, 'bravo');
});

test('a daemon does not start on an identity that others may use', async () => {
  const options = await loner('exposed');
  const { identity } = placesIn(options.directory);
  for (const mode of [0o640, 0o644]) {
    chmodSync(identity, mode);
    await assert.rejects(startDaemon(options), { code: 'exposed-secret' });
  }
  chmodSync(identity, 0o600);
  await answersOf(options, ['status']);
});

/** Answers of the operators' port, with their status. */
async function pageOf(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${answer.status} ${await answer.text()}`;
}

test(
  'a daemon that reads its journal says how far it is to whoever asks, and nothing else',
  DEADLINE,
  async () => {
    const options = { ...(await loner('charlie')), monitor: { ...ANYWHERE, port: await freePort() } };
    const { control } = placesIn(options.directory);
    let [hasAsked, steps] = [false, 0];
    const starting = startDaemon({
      ...options,
      wrap: (honest) => ({
        ...honest,
        start: startInSteps(function* (env, recovered) {
          for (; !hasAsked; steps++) yield { done: 1, total: 4 };
          return yield* stepsOf(honest, env, recovered);
        }),
      }),
    });
    const isRestoring = async (): Promise<boolean> =>
      (await pageOf(options.monitor.port, '/ready').catch(() => '')) ===
      '503 starting: restoring the state, 25 %\n';
    while (!(await isRestoring())) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await pageOf(options.monitor.port, '/health'), '200 ok\n');
    assert.match(await pageOf(options.monitor.port, '/commands/ruok'), /^503 it is still starting/);
    assert.deepEqual(await ask(control, 'status'), {
      name: 'charlie',
      pid: process.pid,
      endpoint: '127.0.0.1:0',
      starting: { doing: 'restoring the state', percent: 25 },
    });
    const shown = (await federationStatus(options.directory)).domains;
    assert.deepEqual(
      shown.map((domain) => 'starting' in domain && domain.starting?.percent),
      [25],
    );
    await assert.rejects(ask(control, 'governance'), {
      code: 'starting',
      message: /restoring the state, 25 %/,
    });
    // Nobody takes the socket away from it.
    await assert.rejects(startDaemon(await sameWithOtherMonitor(options)), { code: 'journal-locked' });
    assert.equal(((await ask(control, 'status')) as { readonly name: string }).name, 'charlie');
    hasAsked = true;
    const daemon = await starting;
    try {
      assert.ok(steps > 0);
      while ((await pageOf(options.monitor.port, '/ready')) !== '200 ok\n')
        await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(((await ask(control, 'status')) as { readonly starting: unknown }).starting, null);
    } finally {
      await daemon.close();
    }
  },
);

const sameWithOtherMonitor = async (options: DaemonOptions): Promise<DaemonOptions> => ({
  ...options,
  monitor: { ...ANYWHERE, port: await freePort() },
});
