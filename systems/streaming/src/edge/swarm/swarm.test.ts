/** A stream over real sockets: tracker, broadcaster and peers of one process, on loopback. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, createMetrics } from '@concordat/runtime';
import { openEpoch } from '../../tracker/state.ts';
import { StreamError } from '../errors.ts';
import { makeIdentity } from './identity.ts';
import { decodeInvite, type Invite } from './invite.ts';
import { type PeerNode, startPeer } from './peer-node.ts';
import { type Source, type SourceOptions, startSource } from './source.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const MEDIA_BYTES = 4000;
/** Short, as a packet lives for sixteen of them. */
const ROUND_MS = 250;
const logger = createLogger({ level: 'error' });

const sourceOf = (source: (round: number) => Uint8Array, folder: string | null = null): SourceOptions => ({
  title: 'test',
  folder,
  listen: LOOPBACK,
  bitsPerSecond: 100_000,
  roundMs: ROUND_MS,
  copies: 3,
  maxMembers: 100,
  source,
  uploadBytesPerSecond: null,
  relayBytesPerSecond: 1_000_000,
  logger,
  metrics: createMetrics(),
});

function inviteOf(source: Source, uses: number): Invite {
  const invite = decodeInvite(source.invite({ uses, hours: 1 }));
  assert.ok(typeof invite !== 'string', `${invite}`);
  return invite;
}

interface Viewer {
  readonly node: PeerNode;
  readonly rounds: Map<number, Uint8Array | null>;
}

async function view(invite: Invite, listens: boolean, self = makeIdentity('viewer')): Promise<Viewer> {
  const rounds = new Map<number, Uint8Array | null>();
  const node = await startPeer({
    invite,
    self,
    listen: listens ? LOOPBACK : null,
    play: (round, media) => void rounds.set(round, media),
    onStep: () => {},
    logger,
    metrics: createMetrics(),
    signal: new AbortController().signal,
  });
  return { node, rounds };
}

const playedOf = ({ rounds }: Viewer): number =>
  [...rounds.values()].filter((media) => media !== null).length;

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (holds()) return;
    await sleep(100);
  }
  assert.fail(`in 40 seconds not: ${what}`);
}

test('peers play what is broadcast, also newcomers and those whom nobody can call', {
  timeout: 110_000,
}, async (t) => {
  const sent = new Map<number, Uint8Array>();
  const source = await startSource(
    sourceOf((round) => {
      const media = new Uint8Array(randomBytes(MEDIA_BYTES));
      sent.set(round, media);
      return media;
    }),
  );
  t.after(() => source.close());
  const invite = inviteOf(source, 100);
  const viewers = await Promise.all([false, true, true, true, true].map((listens) => view(invite, listens)));
  t.after(() => Promise.all(viewers.map(({ node }) => node.close())));
  await until(() => viewers.every((viewer) => playedOf(viewer) >= 6), 'six rounds played by each');
  const late = await view(invite, true);
  viewers.push(late);
  await until(() => playedOf(late) >= 6, 'six rounds played by a newcomer');
  assert.equal(new Set(viewers.map(({ node }) => node.id)).size, viewers.length);
  for (const { rounds } of viewers)
    for (const [round, media] of rounds) if (media !== null) assert.deepEqual(media, sent.get(round));
  // It has got them from others: the broadcaster gives half of the peers each packet, and they need nine in ten.
  assert.ok(late.node.received.size > 0);
});

test('an invite for one lets one person in, whichever key it comes with', { timeout: 60_000 }, async (t) => {
  const source = await startSource(sourceOf(() => new Uint8Array(MEDIA_BYTES)));
  t.after(() => source.close());
  const invite = inviteOf(source, 1);
  const first = await view(invite, true);
  t.after(() => first.node.close());
  const second = await view(invite, true);
  t.after(() => second.node.close());
  assert.notEqual(first.node.id, second.node.id);
  assert.deepEqual([...source.tracker.host.state.members.keys()], [second.node.id]);
});

test('strangers are refused: invites of other streams, used up, or of nobody', {
  timeout: 60_000,
}, async (t) => {
  const source = await startSource(sourceOf(() => new Uint8Array(MEDIA_BYTES)));
  t.after(() => source.close());
  const other = await startSource(sourceOf(() => new Uint8Array(MEDIA_BYTES)));
  t.after(() => other.close());
  const refused = (invite: Invite): Promise<void> =>
    assert.rejects(
      view(invite, true),
      (error: unknown) => error instanceof StreamError && error.code === 'not-admitted',
    );
  const own = inviteOf(source, 2);
  await refused({ ...own, token: inviteOf(other, 2).token });
  const viewers = [await view(own, true), await view(own, true)];
  t.after(() => Promise.all(viewers.map(({ node }) => node.close())));
  await refused(own);
  assert.equal(source.tracker.host.state.members.size, 2);
});

test('a stream in a folder is the same one when it is started again', { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-stream-'));
  const nothing = (): Uint8Array => new Uint8Array(MEDIA_BYTES);
  const first = await startSource(sourceOf(nothing, folder));
  const { session } = first.config;
  const invite = inviteOf(first, 1);
  const self = makeIdentity('viewer');
  const viewer = await view(invite, true, self);
  await viewer.node.close();
  const { epoch } = openEpoch(first.tracker.host.state).head.head;
  const { origin } = first.tracker.host.state;
  await first.close();
  for (const file of ['stream.json', 'tracker-keys/identity.json', 'tracker-keys/draws.json'])
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  await assert.rejects(
    startSource({ ...sourceOf(nothing, folder), copies: 4 }),
    (error: unknown) => error instanceof StreamError && error.code === 'bad-configuration',
  );
  const second = await startSource(sourceOf(nothing, folder));
  t.after(async () => {
    await second.close();
    rmSync(folder, { recursive: true, force: true });
  });
  assert.deepEqual(second.config.session, session);
  assert.equal(second.tracker.host.state.origin, origin);
  assert.ok(openEpoch(second.tracker.host.state).head.head.epoch >= epoch);
  // The tracker's port has changed, as the system chose it; keys and people are the same.
  const { tracker, joinPort, broadcaster } = inviteOf(second, 1);
  const again = await view({ ...invite, tracker, joinPort, broadcaster }, true, self);
  t.after(() => again.node.close());
  // Another address is another entry in the list, of the same person.
  assert.notEqual(again.node.id, viewer.node.id);
  assert.deepEqual([...second.tracker.host.state.members.keys()], [again.node.id]);
});
