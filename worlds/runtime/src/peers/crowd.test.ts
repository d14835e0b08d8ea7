/** Two hundred peers in one process: what is said arrives, and nothing is left behind. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handles, introduce, join, type Member, nothingLeft, pause, until } from './testing/crowd.ts';

const PEERS = 200;
const SPAN_MS = 4000;
const PAUSE_MS = 40;

test('two hundred peers speak with random partners, and leave no socket and no timer', async () => {
  const before = handles();
  const members: Member[] = [];
  let heard = 0;
  const onMessage = (): void => void heard++;
  // Fewer links than partners: they come and go all the time.
  const limits = { linksMax: 12, restMs: 0, idleMs: 400, strangersMax: 256 };
  for (let id = 0; id < PEERS; id++) members.push(await join(id, { onMessage, limits }));
  introduce(members);
  let sent = 0;
  const end = Date.now() + SPAN_MS;
  while (Date.now() < end) {
    for (let i = 0; i < 8; i++) {
      const from = Math.floor(Math.random() * PEERS);
      const to = (from + 1 + Math.floor(Math.random() * (PEERS - 1))) % PEERS;
      for (let k = 0; k < 4; k++) members[from]!.send(to, 'x'.repeat(500));
      sent += 4;
    }
    await pause(PAUSE_MS);
  }
  const lost = (): number => members.reduce((sum, member) => sum + member.lost, 0);
  await until(() => heard + lost() === sent, `${sent} sent, ${heard} heard, ${lost()} lost`);
  assert.ok(heard >= sent * 0.98, `${heard} of ${sent} heard`);
  await until(() => members.every(({ peers }) => peers.inUse().length === 0), 'nobody is in use any more');
  const servers = handles();
  assert.ok((servers['TCPSocketWrap'] ?? 0) <= (before['TCPSocketWrap'] ?? 0), 'no socket is left');
  await Promise.all(members.map(({ peers }) => peers.close()));
  await nothingLeft(before);
});
