/** Backups as an operator makes them, of a daemon that is killed in the middle of its work: nothing is missing in between. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeGenesis, ErrorCode, OpCode } from '@concordat/keeper';
import { connectLive, type LiveClient, readNode } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { freePort } from '@concordat/runtime';
import { utf8 } from '@concordat/wire';
import { formatFederation } from '../config/federation.ts';
import { HERE, makeMember } from '../testing/alone.ts';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const run = promisify(execFile);

const directory = mkdtempSync(join(tmpdir(), 'backing-'));
const daemons: ChildProcess[] = [];
after(() => {
  for (const daemon of daemons) daemon.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

interface Said {
  readonly code: number;
  readonly output: string;
}

const keeper = (...words: string[]): Promise<Said> =>
  run(process.execPath, [MAIN, 'keeper', ...words]).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      output: stdout + stderr,
    }),
  );

const said = async (pattern: RegExp, ...words: string[]): Promise<string> => {
  const { code, output } = await keeper(...words);
  assert.equal(code, 0, output);
  assert.match(output, pattern);
  return output;
};

const data = join(directory, 'alpha');
const file = join(directory, 'federation.yaml');

async function serve(): Promise<readonly [ChildProcess, LiveClient]> {
  const port = await freePort();
  const ports = ['--clients', `${HERE}:${port}`, '--monitor', `${HERE}:0`];
  const daemon = spawn(process.execPath, [MAIN, 'serve', '--data', data, '--federation', file, ...ports], {
    stdio: 'ignore',
  });
  daemons.push(daemon);
  for (let i = 0; ; i++) {
    const client = await connectLive({ host: HERE, port }).catch(() => null);
    if (client !== null) return [daemon, client];
    assert.ok(i < 300, 'it serves');
    await sleep(100);
  }
}

const set = (client: LiveClient, value: number) =>
  client.request(OpCode.setData, bodies.setData('/a', utf8(`${value}`)));

it('every transaction can be restored, though the daemon was killed in between', {
  timeout: 120_000,
}, async () => {
  writeFileSync(file, formatFederation(0, 0, [await makeMember(data)]));
  const out = join(directory, 'backups');
  const [first, client] = await serve();
  assert.equal((await client.request(OpCode.create, bodies.create('/a', utf8('0')))).err, ErrorCode.ok);
  const start = (await readNode(client, '/a')).stat?.mzxid ?? 0;
  await said(/^import: [0-9a-f]{64}$/m, 'backup', '--data', data, '--out', out);
  let value = 0;
  while (value < 300) assert.equal((await set(client, ++value)).err, ErrorCode.ok);
  // Nobody waits for the last of them.
  const last = Promise.allSettled(Array.from({ length: 50 }, () => set(client, ++value)));
  first.kill('SIGKILL');
  await once(first, 'exit');
  await last;
  await client.close().catch(() => {});
  const [second, again] = await serve();
  await again.request(OpCode.sync, bodies.path('/a'));
  const kept = Number(Buffer.from((await readNode(again, '/a')).data ?? []).toString());
  assert.ok(kept >= 300, `${kept}`);
  const written = await said(
    /every transaction after 0x/,
    'backup',
    '--data',
    data,
    '--out',
    out,
    '--changes-only',
  );
  assert.doesNotMatch(written, /GAP/);
  await said(/^no transaction since$/m, 'backup', '--data', data, '--out', out, '--changes-only');
  assert.equal((await set(again, 1000)).err, ErrorCode.ok);
  const whole = await said(/every transaction after 0x/, 'backup', '--data', data, '--out', out);
  const end = /all up to (0x[0-9a-f]+)/.exec(whole)?.[1] ?? '';
  const listed = await said(/^every transaction from 0x/m, 'backup', '--list', out);
  assert.match(listed, new RegExp(`^every transaction from \\S+ \\(\\S+\\) to ${end} `, 'm'));
  assert.doesNotMatch(listed, /GAP|NOT/);
  const names = readdirSync(out);
  const [state = '', changes = ''] = ['.state', '.changes'].map((kind) =>
    names.find((name) => name.endsWith(kind)),
  );
  await said(
    /^the changes lead from it to .*\.state, the same tree$/m,
    'backup',
    '--verify',
    join(out, state),
  );
  await said(
    /^whole: .*\.changes, \d+ transactions, every one after 0x/m,
    'backup',
    '--verify',
    join(out, changes),
  );
  // Only this client writes, once its session is there.
  const restored = join(directory, 'restored.state');
  await said(
    /^which lead on to .*, the same tree$/m,
    'restore',
    out,
    '--at',
    `${start + 137}`,
    '--out',
    restored,
  );
  const genesis = decodeGenesis(readFileSync(restored));
  assert.equal(genesis?.zxid, start + 137);
  assert.equal(Buffer.from(new Map(genesis?.nodes).get('/a')?.data ?? []).toString(), '137');
  truncateSync(join(out, changes), 400);
  const hurt = await said(/NOT USED: .*\.changes does not end where its name says/, 'backup', '--list', out);
  assert.match(hurt, /^GAP: nothing between 0x/m);
  const short = join(directory, 'short.state');
  await said(/^NOTE: what was executed after 0x/m, 'restore', out, '--at', `${start + 137}`, '--out', short);
  const refused = await keeper('backup', '--verify', join(out, changes));
  assert.deepEqual([refused.code, /cut off or damaged/.test(refused.output)], [1, true]);
  const wrong = await keeper('backup', '--data', data, '--out', out, '--changes-only', '--keep', '3');
  assert.deepEqual([wrong.code, /goes with --data and --out alone/.test(wrong.output)], [1, true]);
  await again.close();
  second.kill('SIGTERM');
  await once(second, 'exit');
});
