/** What clients' `reconfig` leaves in an operator's folder, and what it is refused for. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ErrorCode, OpCode, type WishedServers } from '@concordat/keeper';
import { bodies } from '@concordat/keeper/frames';
import type { Configuration } from '@concordat/replication';
import { createLogger, freePort } from '@concordat/runtime';
import { toHex, utf8 } from '@concordat/wire';
import { formatFederation, formatMember, type Member, parseFederation } from '../config/federation.ts';
import { initialise } from '../config/organisation.ts';
import { firstConfiguration } from '../governance/genesis.ts';
import { readProposal } from '../governance/proposal.ts';
import { clientOf, federationOf, HERE, startAlone } from '../testing/alone.ts';
import { until } from '../testing/until.ts';
import { openProposals, type ProposalDesk } from './proposals.ts';

const parent = mkdtempSync(join(tmpdir(), 'proposals-'));
const directory = mkdtempSync(join(parent, 'folder-'));
after(() => rmSync(parent, { recursive: true, force: true }));

const made: { present: Configuration | null } = { present: null };
const NOBODY: WishedServers = { joins: [], leaves: [], members: null };
const addressOf = (id: number): string => `10.0.0.${id}:7000`;
const server = (id: number, isObserver = false) => ({ id, address: addressOf(id), isObserver });

async function cardOf(name: string, id: number): Promise<Member> {
  const { publicKey, pin, admin } = await initialise(join(parent, name), name);
  return { name, address: addressOf(id), key: toHex(publicKey), pin, admin: toHex(admin) };
}

const open = (): Promise<ProposalDesk> =>
  openProposals({
    directory,
    present: () => made.present ?? assert.fail('it is made before'),
    logger: createLogger({ level: 'error' }),
  });

before(async () => {
  const names = ['alpha', 'bravo', 'charlie', 'delta'];
  const members: Member[] = [];
  for (const [id, name] of names.entries()) members.push(await cardOf(name, id));
  made.present = firstConfiguration(parseFederation(formatFederation(1, 1, members), 'federation.yaml'));
  writeFileSync(join(directory, 'echo.yaml'), formatMember(await cardOf('echo', 4)));
  writeFileSync(join(directory, 'notes.yaml'), 'not a card');
  writeFileSync(join(directory, 'broken.yaml'), 'a: *nothing');
});

test('what cannot be is refused, what is so already is OK, and neither leaves anything', async () => {
  const proposals = await open();
  const { badArguments, newConfigNoQuorum, ok } = ErrorCode;
  const cases: readonly (readonly [Partial<WishedServers>, number])[] = [
    [{ leaves: [9] }, badArguments],
    // Three members cannot bear what four do.
    [{ leaves: [3] }, newConfigNoQuorum],
    [{ joins: [server(4)] }, newConfigNoQuorum],
    [{ joins: [server(4, true)], leaves: [3] }, badArguments],
    [{ joins: [server(5)], leaves: [3] }, badArguments],
    [{ joins: [{ ...server(4), id: 7 }], leaves: [3] }, badArguments],
    [{ joins: [{ ...server(4), id: 2 }], leaves: [3] }, badArguments],
    [{ members: [server(0), server(1), { ...server(4), id: 2 }, server(3)] }, badArguments],
    [{ members: [server(0), server(1), server(2)] }, newConfigNoQuorum],
    [{ members: [server(0), server(1), server(2), server(3)] }, ok],
    [{ joins: [server(1)] }, ok],
  ];
  for (const [wished, err] of cases)
    assert.equal(proposals.file({ ...NOBODY, ...wished }), err, JSON.stringify(wished));
  assert.equal(proposals.isOpen(), false);
  await proposals.close();
  assert.deepEqual(readdirSync(directory).sort(), ['broken.yaml', 'echo.yaml', 'notes.yaml']);
});

test('a replacement becomes a proposal without approvals, and another waits until it is decided or taken away', async () => {
  const proposals = await open();
  const file = join(directory, 'proposal-1.json');
  for (const wished of [
    { ...NOBODY, joins: [server(4)], leaves: [3] },
    { ...NOBODY, members: [0, 1, 2, 4].map((id) => server(id)) },
  ]) {
    await until('nothing waits', () => !proposals.isOpen());
    assert.equal(proposals.file(wished), ErrorCode.reconfigInProgress);
    // Before anything is written, and after.
    assert.equal(proposals.isOpen(), true);
    await until('it is written', () => existsSync(file));
    assert.equal(proposals.isOpen(), true);
    const { next, approvals } = readProposal(file);
    assert.deepEqual(approvals, []);
    assert.deepEqual([next.epoch, ...next.members.map(({ id }) => id)], [1, 0, 1, 2, 4]);
    rmSync(file);
  }
  assert.equal(proposals.epoch(), 0);
  await proposals.close();
});

test('once it is in force, the same wish is OK', async () => {
  const before = made.present ?? assert.fail('it is made before');
  const wished = { ...NOBODY, joins: [server(4)], leaves: [3] };
  const proposals = await open();
  assert.equal(proposals.file(wished), ErrorCode.reconfigInProgress);
  await proposals.close();
  const file = join(directory, 'proposal-1.json');
  made.present = readProposal(file).next;
  const later = await open();
  assert.equal(later.isOpen(), false);
  assert.equal(later.file(wished), ErrorCode.ok);
  await later.close();
  made.present = before;
  rmSync(file);
});

test('what cannot be written is no proposal, and may be wished for again', async () => {
  const proposals = await open();
  const wished = { ...NOBODY, joins: [server(4)], leaves: [3] };
  const aside = `${directory}.aside`;
  renameSync(directory, aside);
  assert.equal(proposals.file(wished), ErrorCode.reconfigInProgress);
  await until('it is given up', () => !proposals.isOpen());
  renameSync(aside, directory);
  assert.equal(proposals.file(wished), ErrorCode.reconfigInProgress);
  await proposals.close();
  const file = join(directory, 'proposal-1.json');
  assert.equal(readProposal(file).next.epoch, 1);
  rmSync(file);
});

test('a folder that is not there is an error at the start', async () => {
  const there = { present: () => assert.fail('nobody asks'), logger: createLogger({ level: 'error' }) };
  await assert.rejects(openProposals({ ...there, directory: join(parent, 'nowhere') }), {
    code: 'no-folder',
  });
});

test('a client of a daemon proposes, and hears what there is until others have decided', async () => {
  const folder = join(parent, 'wishes');
  mkdirSync(folder);
  const golf = { ...(await cardOf('golf', 1)), address: `${HERE}:${await freePort()}` };
  writeFileSync(join(folder, 'golf.yaml'), formatMember(golf));
  const foxtrot = { ...(await cardOf('foxtrot', 0)), address: `${HERE}:${await freePort()}` };
  const hash = createHash('sha1').update('super:secret').digest('base64');
  const daemon = await startAlone(join(parent, 'foxtrot'), federationOf(foxtrot), {
    superDigest: `super:${hash}`,
    reconfig: folder,
  });
  try {
    const client = await clientOf(daemon);
    const ask = (leaving: string) =>
      client.request(OpCode.reconfig, bodies.reconfig(`server.1=${golf.address}:1`, leaving, null, 0));
    assert.equal((await ask('0')).err, ErrorCode.noAuth);
    await client.authenticate('digest', utf8('super:secret'));
    assert.equal((await ask('7')).err, ErrorCode.badArguments);
    assert.equal((await ask('0')).err, ErrorCode.reconfigInProgress);
    await until('it is written', () => existsSync(join(folder, 'proposal-1.json')));
    assert.equal((await ask('0')).err, ErrorCode.reconfigInProgress);
    const { next } = readProposal(join(folder, 'proposal-1.json'));
    assert.deepEqual(
      next.members.map(({ id }) => id),
      [1],
    );
    await client.close();
  } finally {
    await daemon.close();
  }
});
