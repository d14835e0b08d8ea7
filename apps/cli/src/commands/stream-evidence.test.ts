/**
 * From a lie to a court: a stream that `concordat stream publish` runs, a viewer that packs junk where its list names packets, its
 * eviction, the file that the publisher keeps of it, and what `concordat evidence verify` says to that file, and to altered ones.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLogger, createMetrics, freePort } from '@concordat/runtime';
import { deviationNamed } from '@concordat/streaming/deviations';
import { decodeInvite, makeIdentity, type StreamStatus, startPeer, watch } from '@concordat/streaming/edge';

const CLI = fileURLToPath(new URL('../../bin/concordat.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'concordat-stream-evidence-'));
const data = join(directory, 'live');
const evidence = join(data, 'evidence');
const LOOPBACK = { host: '127.0.0.1', port: 0 };

/** Without an encoder: rounds of silence are traded like any others. */
function publish(folder: string, monitor: number): Promise<{ child: ChildProcess; line: string }> {
  const options = ['--data', folder, '--listen', '127.0.0.1:0', '--round', '250', '--bitrate', '0.3'];
  options.push('--monitor', `127.0.0.1:${monitor}`);
  const child = spawn(process.execPath, [CLI, 'stream', 'publish', ...options], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const line = /'(concordat-stream:[^']+)'/.exec(said)?.[1];
      if (line !== undefined) resolve({ child, line });
    });
    child.once('exit', (code) => reject(new Error(`the publisher ended with ${code}`)));
  });
}

function verify(file: string, stream: string): { readonly status: number | null; readonly said: string } {
  const run = spawnSync(process.execPath, [CLI, 'evidence', 'verify', file, '--stream', stream], {
    encoding: 'utf8',
  });
  return { status: run.status, said: run.stdout + run.stderr };
}

async function until<T>(look: () => T | null | undefined | false, what: string): Promise<T> {
  for (let i = 0; i < 450; i++) {
    const found = look();
    if (found !== null && found !== undefined && found !== false) return found;
    await sleep(100);
  }
  return assert.fail(`in 45 seconds not: ${what}`);
}

describe('a viewer that packs junk', { timeout: 110_000 }, () => {
  let line = '';
  let file = '';
  let liar = -1;
  let shown: StreamStatus;
  let published: Pick<StreamStatus, 'evictions'>;
  let metrics = '';
  let seenBy: readonly { readonly member: number; readonly rule: string }[][] = [];

  before(async () => {
    const monitor = `http://127.0.0.1:${await freePort()}`;
    const { child, line: printed } = await publish(data, Number(monitor.split(':')[2]));
    line = printed;
    const invite = decodeInvite(line);
    assert.ok(typeof invite !== 'string');
    const conduct = deviationNamed('seals-junk')?.make(1).conduct ?? assert.fail('it has a name');
    const join = (name: string, deviation: object) =>
      startPeer({
        invite,
        self: makeIdentity(name),
        listen: LOOPBACK,
        play: () => {},
        onStep: () => {},
        logger: createLogger({ level: 'error', write: () => {} }),
        metrics: createMetrics(),
        signal: new AbortController().signal,
        ...deviation,
      });
    const honest = await Promise.all(['one', 'two', 'three', 'four'].map((name) => join(name, {})));
    const deviant = await join('liar', { conduct });
    liar = deviant.id;
    const viewer = await watch({
      invite: line,
      folder: null,
      listen: LOOPBACK,
      player: {},
      logger: createLogger({ level: 'error', write: () => {} }),
    });
    const listOf = ({ host }: (typeof honest)[number]) => host.state.peer?.evictions.entries ?? [];
    try {
      await until(() => existsSync(evidence) && readdirSync(evidence).length > 0, 'an evidence file');
      await until(() => honest.every((peer) => listOf(peer).length > 0), 'all viewers know of the eviction');
      seenBy = honest.map((peer) => [...listOf(peer)]);
      await until(() => viewer.status().evictions.length > 0, 'the page of a viewer shows it');
      const read = async (url: string): Promise<string> => (await fetch(url)).text();
      [shown] = JSON.parse(await read(`${viewer.player.url}status.json`)).streams;
      published = JSON.parse(await read(`${monitor}/status.json`));
      metrics = await read(`${monitor}/metrics`);
    } finally {
      await viewer.close();
      await Promise.all([...honest, deviant].map((peer) => peer.close()));
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    file = `${evidence}/${readdirSync(evidence)[0]}`;
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  test('is evicted everywhere, for that, and it alone', () => {
    for (const entries of seenBy) {
      assert.deepEqual(
        entries.map(({ member, rule }) => [member, rule]),
        [[liar, 'bad-briefcase']],
      );
    }
  });

  test('is shown to viewers and to the publisher with what it was convicted of, and by which evidence', () => {
    const [eviction] = shown.evictions;
    assert.deepEqual(shown.evictions, published.evictions);
    assert.deepEqual(
      [eviction?.peer, eviction?.rule, eviction?.reason],
      [`peer ${liar}`, 'bad-briefcase', 'sealed something else than its signed list of contents names'],
    );
    assert.match(verify(file, line).said, new RegExp(`evidence: ${eviction?.evidence}\\n`));
    for (const sample of [
      'concordat_stream_evictions_total{stream="live",rule="bad-briefcase"} 1',
      'concordat_stream_evictions_total{stream="live",rule="two-statements"} 0',
      'concordat_stream_removals_total{stream="live",why="convicted"} 1',
    ])
      assert.ok(metrics.includes(`${sample}\n`), sample);
  });

  test('leaves one file, of the publisher alone, that says guilty to whoever has an invite', () => {
    assert.deepEqual(readdirSync(evidence), [`bad-briefcase-${liar}.proof`]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    for (const stream of [line, join(data, 'stream.json')]) {
      const { status, said } = verify(file, stream);
      assert.equal(status, 0, said);
      assert.match(said, /^VALID /);
      assert.match(said, new RegExp(`accused: member ${liar} \\(key [0-9a-f]{64}\\)`));
      assert.match(said, /rule: bad-briefcase/);
      assert.match(said, /sealed something else than its signed list of contents names/);
    }
  });

  test('is not accused by a file that somebody has altered', () => {
    const bytes = readFileSync(file);
    // Where: the member, its key, the tracker's word, the evidence, and behind its end.
    for (const [at, why] of [
      [5, /it is not a proof of misbehaviour/],
      [30, /it is about another stream/],
      [56, /the tracker of the stream does not say that the key in it is that of the member in it/],
      [70, /the tracker of the stream does not say/],
      [120, /the tracker of the stream does not say/],
      [300, /the accused did not sign the statement|it carries is no evidence/],
      [bytes.length - 1, /not of this briefcase|is no evidence/],
    ] as const) {
      const altered = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
      const copy = join(directory, `altered-${at}.proof`);
      writeFileSync(copy, altered);
      const { status, said } = verify(copy, line);
      assert.equal(status, 1, `${at}: ${said}`);
      assert.match(said, /^INVALID /, `${at}`);
      assert.match(said, why, `${at}: ${said}`);
    }
    const cut = join(directory, 'cut.proof');
    writeFileSync(cut, bytes.subarray(0, bytes.length - 1));
    assert.match(verify(cut, line).said, /INVALID .*it is damaged, or of another version/);
  });

  test('is judged by its own stream only, and by one kind of court', () => {
    const other = spawnSync(
      process.execPath,
      [CLI, 'evidence', 'verify', file, '--stream', 'concordat-stream:AAAA'],
      { encoding: 'utf8' },
    );
    assert.notEqual(other.status, 0);
    assert.match(other.stderr, /--stream cannot be used: it is cut short, or mistyped/);
    const neither = spawnSync(process.execPath, [CLI, 'evidence', 'verify', file], { encoding: 'utf8' });
    assert.match(neither.stderr, /either --federation or --stream/);
  });
});
