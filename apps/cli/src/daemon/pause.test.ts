/** A daemon that gets no time for a while keeps its clients: what it has missed is on its way to it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ErrorCode, OpCode } from '@concordat/keeper';
import { connectLive } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { utf8 } from '@concordat/wire';
import { clientOf, clientPortOf, federationOf, HERE, makeMember, startAlone } from '../testing/alone.ts';

/** What is older than a third of it is not shown. */
const SESSION_MS = 6000;
const PAUSE_MS = 3000;

/** Nothing at all happens in this process meanwhile. */
const standStill = (spanMs: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, spanMs);

test('a pause longer than reads may be old costs no connection', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pause-'));
  const place = join(directory, 'alpha');
  const daemon = await startAlone(place, federationOf(await makeMember(place)));
  try {
    await (await clientOf(daemon)).close();
    const at = { host: HERE, port: clientPortOf(daemon), timeoutMs: SESSION_MS };
    const [reader, writer] = [await connectLive(at), await connectLive(at)];
    const read = async (): Promise<number> =>
      (await reader.request(OpCode.exists, bodies.watched('/app'))).err;
    const write = async (): Promise<number> =>
      (await writer.request(OpCode.setData, bodies.setData('/', utf8('new')))).err;
    assert.equal(await read(), ErrorCode.noNode);
    for (let i = 0; i < 2; i++) {
      // Asked before the pause, and answered after it; then asked after it.
      const asked = read();
      standStill(PAUSE_MS);
      const found = await Promise.all([asked, read(), write()]);
      assert.deepEqual(found, [ErrorCode.noNode, ErrorCode.noNode, ErrorCode.ok]);
    }
    for (const client of [reader, writer]) await client.close();
  } finally {
    await daemon.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
