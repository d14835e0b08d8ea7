/** A running federation admits a proxy by the commands that people type, takes it through a change, and dismisses it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ErrorCode, OpCode } from '@concordat/keeper';
import { bodies } from '@concordat/keeper/frames';
import { createLogger, freePort } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { federationCommand } from '../commands/federation.ts';
import { formatFederation, type Member, readFederation } from '../config/federation.ts';
import { initialise, initialiseProxy } from '../config/organisation.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { HERE } from '../testing/alone.ts';
import { holdSession } from '../testing/session.ts';
import { until } from '../testing/until.ts';
import { type Sidecar, startSidecar } from './sidecar.ts';

const parent = mkdtempSync(join(tmpdir(), 'proxy-admission-'));
const daemons: Daemon[] = [];
const sidecars: Sidecar[] = [];
after(async () => {
  for (const node of [...sidecars, ...daemons]) await node.close();
  rmSync(parent, { recursive: true, force: true });
});

const at = (name: string): string => join(parent, name);
const FEDERATION = at('federation.yaml');
const PROPOSAL = at('proposal.json');
const NAMES = ['alpha', 'bravo', 'charlie', 'delta'];
const ANYWHERE = { host: HERE, port: 0 };

async function cardOf(name: string): Promise<Member> {
  const { publicKey, pin, admin } = await initialise(at(name), name);
  const address = `${HERE}:${await freePort()}`;
  return { name, address, key: toHex(publicKey), pin, admin: toHex(admin) };
}

const run = (...words: readonly string[]): Promise<unknown> =>
  federationCommand().parseAsync(words, { from: 'user' });

/** Proposed at alpha, approved by three, submitted at bravo. */
async function change(...wish: readonly string[]): Promise<void> {
  await run('propose', PROPOSAL, '--data', at('alpha'), ...wish);
  for (const name of NAMES.slice(0, 3))
    await run('approve', PROPOSAL, '--data', at(name), '--federation', FEDERATION);
  await run('submit', PROPOSAL, '--data', at('bravo'));
}

test('a proxy is admitted, follows the federation into another epoch, and is cut off when dismissed', async () => {
  const cards: Member[] = [];
  for (const name of NAMES) cards.push(await cardOf(name));
  writeFileSync(FEDERATION, formatFederation(1, 1, cards));
  const federation = readFederation(FEDERATION);
  const common = { federation, clients: ANYWHERE, monitor: ANYWHERE };
  const logger = createLogger({ level: 'error' });
  for (const name of NAMES)
    daemons.push(await startDaemon({ ...common, directory: at(name), superDigest: null, logger }));
  const { publicKey, pin } = await initialiseProxy(at('shop'), 'shop');
  writeFileSync(at('shop.yaml'), `- name: shop\n  key: ${toHex(publicKey)}\n  pin: ${pin}\n`);
  await assert.rejects(startSidecar({ ...common, directory: at('shop'), logger }), { code: 'not-admitted' });

  // It waits, linked to nobody, until it is admitted.
  const shop = await startSidecar({ ...common, directory: at('shop'), admittedAs: 96, logger });
  sidecars.push(shop);
  assert.deepEqual(shop.status().linked, []);
  await change('--admit', at('shop.yaml'));
  await until('it is linked to all', () => shop.status().linked.length === NAMES.length);
  await until('it is in the epoch that admits it', () => shop.status().epoch === 1);
  const client = await holdSession(shop.host.addresses.get('clients')?.port ?? 0);
  assert.equal(await client.request(OpCode.create, bodies.create('/shop', null)), ErrorCode.ok);

  await change('--preset', 'zyzzyva');
  await until('it follows', () => shop.status().epoch === 2);
  assert.equal(await client.request(OpCode.create, bodies.create('/shop/more', null)), ErrorCode.ok);

  await change('--dismiss', 'shop');
  await until('it is cut off', () => shop.status().linked.length === 0);
  await until('and serves nobody', () => !shop.status().isServing);
  client.drop();
});
