/** Clients are told what is final once it is on the own disk, and not before: a replica's own vote counts for it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { ErrorCode, OpCode } from '@concordat/keeper';
import { bodies } from '@concordat/keeper/frames';
import type { Env } from '@concordat/kernel';
import { strategyOf, twistEnv } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import { clientOf, federationOf, makeMember, startAlone } from '../testing/alone.ts';
import type { DomainMessage, DomainState } from './domain.ts';

const directory = mkdtempSync(join(tmpdir(), 'answers-'));
after(() => rmSync(directory, { recursive: true, force: true }));

it('answers wait for the own disk', { timeout: 60_000 }, async () => {
  const answers = { early: 0, held: 0 };
  const counting = strategyOf<DomainState, DomainMessage>((env) => {
    const counted =
      (kind: keyof typeof answers, send: Env<DomainMessage>['send']): typeof send =>
      (to, message) => {
        if (message.type === 'client-frame') answers[kind]++;
        send(to, message);
      };
    return {
      env: twistEnv(env, { send: counted('held', env.send), sendEarly: counted('early', env.sendEarly) }),
    };
  });
  const daemon = await startAlone(directory, federationOf(await makeMember(directory)), { wrap: counting });
  const client = await clientOf(daemon);
  for (let i = 0; i < 10; i++) {
    const { err } = await client.request(OpCode.create, bodies.create(`/n${i}`, utf8('0')));
    assert.equal(err, ErrorCode.ok);
  }
  await client.close();
  await daemon.close();
  assert.equal(answers.early, 0);
  assert.ok(answers.held >= 11);
});
