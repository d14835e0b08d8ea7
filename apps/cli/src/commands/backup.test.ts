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

const ending = (running: Promise<{ stdout: string }>): Promise<Said> =>
  running.then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      output: stdout + stderr,
    }),
  );

const keeper = (line: string): Promise<Said> =>
  ending(run(process.execPath, [MAIN, 'keeper', ...line.split(' ')]));

/** With room for a few KiB in a file, as on a disk that is full. */
const cramped = (line: string): Promise<Said> =>
  ending(run('sh', ['-c', `ulimit -f 8; exec '${process.execPath}' '${MAIN}' keeper ${line}`]));

const said = async (pattern: RegExp, line: string): Promise<string> => {
  const { code, output } = await keeper(line);
  assert.equal(code, 0, output);
  assert.match(output, pattern);
  return output;
};

const data = join(directory, 'alpha');
const file = join(directory, 'federation.yaml');
const out = join(directory, 'backups');

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

const value = { last: 0 };
const seen = { start: 0 };

/** Some transactions in a row, then some at once, while it is killed: nobody waits for the last of them. */
async function killAtWork(): Promise<void> {
  const [daemon, client] = await serve();
  assert.equal((await client.request(OpCode.create, bodies.create('/a', utf8('0')))).err, ErrorCode.ok);
  seen.start = (await readNode(client, '/a')).stat?.mzxid ?? 0;
  await said(/^import: [0-9a-f]{64}$/m, `backup --data ${data} --out ${out}`);
  while (value.last < 300) assert.equal((await set(client, ++value.last)).err, ErrorCode.ok);
  const last = Promise.allSettled(Array.from({ length: 50 }, () => set(client, ++value.last)));
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
  await last;
  await client.close().catch(() => {});
}

it('a daemon that was killed goes on with what it keeps', { timeout: 120_000 }, async () => {
  writeFileSync(file, formatFederation(0, 0, [await makeMember(data)]));
  await killAtWork();
  const [daemon, client] = await serve();
  await client.request(OpCode.sync, bodies.path('/a'));
  const kept = Number(Buffer.from((await readNode(client, '/a')).data ?? []).toString());
  assert.ok(kept >= 300, `${kept}`);
  const full = await cramped(`backup --data ${data} --out ${out} --changes-only`);
  assert.match(full.output, /cannot write .*\.changes\.new: EFBIG/);
  assert.deepEqual([full.code, readdirSync(out).filter((name) => name.includes('changes'))], [1, []]);
  const written = await said(
    /every transaction after 0x/,
    `backup --data ${data} --out ${out} --changes-only`,
  );
  assert.equal((await set(client, 1000)).err, ErrorCode.ok);
  const whole = await said(/every transaction after 0x/, `backup --data ${data} --out ${out}`);
  for (const output of [written, whole]) assert.doesNotMatch(output, /GAP/);
  const end = /all up to (0x[0-9a-f]+)/.exec(whole)?.[1] ?? '';
  const listed = await said(/^every transaction from 0x/m, `backup --list ${out}`);
  assert.match(listed, new RegExp(`^every transaction from \\S+ \\(\\S+\\) to ${end} `, 'm'));
  assert.doesNotMatch(listed, /GAP|NOT/);
  const wrong = await keeper(`backup --data ${data} --out ${out} --changes-only --keep 3`);
  assert.deepEqual([wrong.code, /goes with --data and --out alone/.test(wrong.output)], [1, true]);
  await client.close();
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
});

it('what it kept is verified and restored, and damage is told', { timeout: 120_000 }, async () => {
  const names = readdirSync(out);
  const [state = '', changes = ''] = ['.state', '.changes'].map((kind) =>
    join(out, names.find((name) => name.endsWith(kind)) ?? ''),
  );
  await said(/^the changes lead from it to .*\.state, the same tree$/m, `backup --verify ${state}`);
  await said(/^whole: .*\.changes, \d+ transactions, every one after 0x/m, `backup --verify ${changes}`);
  // Only one client wrote, once its session was there.
  const zxid = seen.start + 137;
  const restored = join(directory, 'restored.state');
  await said(/^which lead on to .*, the same tree$/m, `restore ${out} --at ${zxid} --out ${restored}`);
  const genesis = decodeGenesis(readFileSync(restored));
  assert.equal(genesis?.zxid, zxid);
  assert.equal(Buffer.from(new Map(genesis?.nodes).get('/a')?.data ?? []).toString(), '137');
  truncateSync(changes, 400);
  const hurt = await said(/NOT USED: .*\.changes does not end where its name says/, `backup --list ${out}`);
  assert.match(hurt, /^GAP: nothing between 0x/m);
  const short = join(directory, 'short.state');
  await said(/^NOTE: what was executed after 0x/m, `restore ${out} --at ${zxid} --out ${short}`);
  const refused = await keeper(`backup --verify ${changes}`);
  assert.deepEqual([refused.code, /cut off or damaged/.test(refused.output)], [1, true]);
});
