/** Daemons with real sockets and journals are governed by the commands that people type, file by file. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createProof, encodeProof, signStatement } from '@concordat/accountability';
import { CONFIG_PATH, ErrorCode, EventType, OpCode } from '@concordat/keeper';
import { bodies } from '@concordat/keeper/frames';
import { decodeChain, encodeChain } from '@concordat/replication';
import { createKeys, createLogger, freePort, loadIdentity } from '@concordat/runtime';
import { createWriter, toHex } from '@concordat/wire';
import { formatFederation, formatMember, type Member, readFederation } from '../config/federation.ts';
import { initialise } from '../config/organisation.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { governanceAt } from '../governance/asking.ts';
import { holdSession } from '../testing/session.ts';
import { until } from '../testing/until.ts';
import { historyIn, judgeFile } from './evidence.ts';
import { federationCommand } from './federation.ts';
import { memberCommand } from './member.ts';

const parent = mkdtempSync(join(tmpdir(), 'member-'));
const daemons = new Map<string, Daemon>();
after(async () => {
  await Promise.all([...daemons.values()].map((daemon) => daemon.close()));
  rmSync(parent, { recursive: true, force: true });
});

const ANYWHERE = { host: '127.0.0.1', port: 0 };
const FEDERATION = join(parent, 'federation.yaml');
const PROPOSAL = join(parent, 'proposal.json');
const CHAIN = join(parent, 'federation.chain');

const at = (name: string): string => join(parent, name);

async function cardOf(name: string): Promise<Member> {
  const { publicKey, pin, admin } = await initialise(at(name), name);
  const address = `127.0.0.1:${await freePort()}`;
  return { name, address, key: toHex(publicKey), pin, admin: toHex(admin) };
}

async function start(name: string, joins?: { readonly id: number; readonly address: string }): Promise<void> {
  const daemon = await startDaemon({
    directory: at(name),
    federation: readFederation(FEDERATION),
    clients: ANYWHERE,
    monitor: ANYWHERE,
    superDigest: null,
    logger: createLogger({ level: 'error' }),
    ...(joins && { joins }),
  });
  daemons.set(name, daemon);
}

async function stop(name: string): Promise<void> {
  await daemons.get(name)?.close();
  daemons.delete(name);
}

const run = (command: 'member' | 'federation', ...words: readonly string[]): Promise<unknown> =>
  (command === 'member' ? memberCommand() : federationCommand()).parseAsync(words, { from: 'user' });

async function approveAndSubmit(approvers: readonly string[], submitter: string): Promise<void> {
  for (const name of approvers)
    await run('federation', 'approve', PROPOSAL, '--data', at(name), '--federation', FEDERATION);
  await run('federation', 'submit', PROPOSAL, '--data', at(submitter));
}

const isIn = async (name: string, epoch: number): Promise<boolean> => {
  const status = await governanceAt(at(name));
  return status.epoch === epoch && status.isMember;
};

const executedAt = (name: string): number => daemons.get(name)?.host.state.replica.execution.executed ?? 0;

/** All of these execute what is ordered from now on. */
async function goesOn(names: readonly string[]): Promise<void> {
  const from = Math.max(...names.map(executedAt));
  for (const name of names) await until(`${name} goes on`, () => executedAt(name) > from + 2);
}

const portOf = (name: string): number => daemons.get(name)?.host.addresses.get('clients')?.port ?? 0;

const configurationShownAt = (name: string): string =>
  Buffer.from(
    daemons.get(name)?.host.state.service.keeper.tree.nodes.get(CONFIG_PATH)?.data ?? [],
  ).toString();

/** How a member is shown to ZooKeeper's clients, which want two ports of a server. */
const placeOf = ({ address }: Member): string => `${address}:0:participant`;

test('a member is replaced, another takes a new key, and the federation bears the loss of a third', async () => {
  const cards: Member[] = [];
  for (const name of ['alpha', 'bravo', 'charlie', 'delta']) cards.push(await cardOf(name));
  writeFileSync(FEDERATION, formatFederation(1, 1, cards));
  for (const { name } of cards) await start(name);
  const echo = await cardOf('echo');
  writeFileSync(at('echo.yaml'), formatMember(echo));
  await start('echo', { id: 4, address: echo.address });
  assert.equal((await governanceAt(at('echo'))).isMember, false);
  await goesOn(['alpha', 'bravo', 'charlie', 'delta']);

  await assert.rejects(run('federation', 'propose', PROPOSAL, '--data', at('alpha'), '--preset', 'upright'), {
    message: /filter nodes are not hosted by daemons/,
  });
  await run('federation', 'propose', PROPOSAL, '--service-version', '2', '--data', at('alpha'));
  await assert.rejects(approveAndSubmit(['alpha', 'bravo', 'charlie'], 'bravo'), {
    message:
      'refused: version 2 needs 3 members that have announced it, here are 0: missing members 0, 1, 2, 3',
  });
  const versions = (await governanceAt(at('alpha'))).members.map((member) => member.versions);
  assert.deepEqual(versions, [[1], [1], [1], [1]]);
  await run('federation', 'status', '--data', at('alpha'));
  await assert.rejects(run('federation', 'propose', PROPOSAL, '--data', at('alpha')), {
    message: /nothing is to change/,
  });

  const watcher = await holdSession(portOf('bravo'));
  assert.equal(await watcher.request(OpCode.getData, bodies.watched(CONFIG_PATH, true)), ErrorCode.ok);
  await run('member', 'replace', 'delta', at('echo.yaml'), '--data', at('alpha'), '--out', PROPOSAL);
  await assert.rejects(approveAndSubmit(['alpha', 'bravo'], 'alpha'), {
    message: 'refused: 3 approvals are needed, here are 2',
  });
  await approveAndSubmit(['charlie'], 'bravo');
  for (const name of ['alpha', 'bravo', 'charlie', 'echo'])
    await until(`${name} is in epoch 1`, () => isIn(name, 1));
  await until('delta has left', async () => !(await governanceAt(at('delta'))).isMember);
  await goesOn(['alpha', 'bravo', 'charlie', 'echo']);
  const [alpha, bravo, charlie] = cards.map(placeOf);
  const shown = [
    `server.0=${alpha}`,
    `server.1=${bravo}`,
    `server.2=${charlie}`,
    `server.4=${placeOf(echo)}`,
  ];
  for (const name of ['alpha', 'bravo', 'charlie', 'echo'])
    assert.equal(configurationShownAt(name), [...shown, 'version=1'].join('\n'));
  await until('the watch of the configuration fires', () => watcher.events.length > 0);
  assert.deepEqual(watcher.events, [`${EventType.dataChanged} ${CONFIG_PATH}`]);
  watcher.drop();

  await run('member', 'rotate-keys', '--data', at('alpha'), '--out', PROPOSAL);
  await approveAndSubmit(['alpha', 'bravo', 'echo'], 'echo');
  for (const name of ['alpha', 'bravo', 'charlie', 'echo'])
    await until(`${name} is in epoch 2`, () => isIn(name, 2));

  // Three of four are needed now: the newcomer, and the one with the new key.
  await stop('delta');
  await stop('bravo');
  await goesOn(['alpha', 'charlie', 'echo']);
  await stop('alpha');
  await start('alpha');
  assert.equal(await isIn('alpha', 2), true);
  await goesOn(['alpha', 'charlie', 'echo']);
  await run('federation', 'chain', CHAIN, '--data', at('echo'));
});

/** A file with a proof that alpha signed two proposals of one slot, in the first view of an epoch. */
function evidence(epoch: number, key: string): string {
  const { id } = readFederation(FEDERATION);
  const seed = loadIdentity(join(at('alpha'), key))?.seed;
  assert.ok(seed !== undefined);
  const keys = createKeys({ self: 0, seed, publicKeys: new Map() });
  const sign = (fill: number) => {
    const writer = createWriter();
    for (const field of [0, epoch * 2 ** 32, 5]) writer.u53(field);
    for (const digest of [fill, 9]) writer.fixed(new Uint8Array(32).fill(digest));
    return signStatement(keys, id, 'pre-prepare', writer.finish());
  };
  const proof = createProof(id, 0, 'two-proposals', sign(1), sign(2));
  assert.ok(proof !== null);
  const file = at(`${epoch}-${key}.proof`);
  writeFileSync(file, encodeProof(proof));
  return file;
}

test('a court that is given the chain judges by the keys of each epoch', () => {
  const federation = readFederation(FEDERATION);
  const history = historyIn(CHAIN, federation);
  assert.deepEqual(
    history.map(({ epoch }) => epoch),
    [1, 2],
  );
  const judged = (file: string, known = history) => judgeFile(file, federation, known).text;
  const late = evidence(2, 'next-2.json');
  assert.match(judged(late), /^VALID[\s\S]*accused: alpha \(member 0\)/);
  assert.match(judged(late, []), /INVALID.*about epoch 2.*give --chain/);
  assert.match(judged(late, history.slice(0, 1)), /INVALID.*the chain ends with epoch 1/);
  // The key of another epoch convicts nobody, nor does a chain that something is missing from.
  assert.match(judged(evidence(2, 'identity.json')), /INVALID/);
  assert.match(judged(evidence(1, 'next-2.json')), /INVALID/);
  assert.match(judged(evidence(0, 'identity.json')), /^VALID/);
  const links = decodeChain(readFileSync(CHAIN));
  assert.ok(links !== null);
  const torn = at('torn.chain');
  writeFileSync(torn, encodeChain(links.slice(1)));
  assert.throws(() => historyIn(torn, federation), { code: 'bad-chain' });
  const [first, second] = links;
  assert.ok(first !== undefined && second !== undefined);
  writeFileSync(torn, encodeChain([first, { ...second, certificate: second.certificate.slice(1) }]));
  assert.throws(() => historyIn(torn, federation), /no quorum certifies/);
  writeFileSync(torn, 'something else');
  assert.throws(() => historyIn(torn, federation), { code: 'bad-chain' });
});
