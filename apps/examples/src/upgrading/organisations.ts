/**
 * The programs of four organisations on one machine, each a process with a directory and a configuration file of its own, and
 * what their administrators do with them: started, ended, replaced, asked. For tests.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type ClientCard,
  cardOf,
  createAdmin,
  createHome,
  decodeConfiguration,
  encodeReconfigure,
  type MemberCard,
  type MemberStatus,
  type Outcome,
  propose,
  readAdmin,
  unwrap,
} from '@concordat/replication/edge';
import { freePort } from '@concordat/runtime';
import { review } from '../changing.ts';
import type { MemberFile } from './run-member.ts';

const LOOPBACK = '127.0.0.1';
export const NAMES = ['ada', 'bob', 'cyd', 'dan'] as const;
export type Name = (typeof NAMES)[number];

export type Organisations = Awaited<ReturnType<typeof createOrganisations>>;

export async function until<T>(what: string, look: () => Promise<T | null> | T | null): Promise<T> {
  for (let tries = 0; tries < 1000; tries++) {
    const found = await look();
    if (found !== null) return found;
    await sleep(20);
  }
  assert.fail(`never: ${what}`);
}

/** What an account holds by the second version. */
export interface Statement {
  readonly name: string;
  readonly amount: { readonly cents: number; readonly currency: string };
}

/** The programs of the four organisations, and what their administrators do with them. */
export async function createOrganisations(clients: readonly ClientCard[], signal: AbortSignal) {
  const parent = mkdtempSync(join(tmpdir(), 'concordat-upgrading-'));
  const ports = new Map<Name, number>();
  const running = new Map<Name, { readonly child: ChildProcess; said: string }>();
  const members: MemberCard[] = [];
  for (const name of NAMES) {
    const identity = await createHome(join(parent, name), name);
    // In earnest on another machine: whoever breaks into the member's must not be able to approve.
    const admin = createAdmin(join(parent, `${name}-admin.json`), name);
    const address = { host: LOOPBACK, port: await freePort(), clientPort: await freePort() };
    members.push(cardOf(name, identity, address, admin));
    ports.set(name, await freePort());
  }
  const membership = { u: 1, r: 1, members, clients };
  for (const name of NAMES) {
    const settings = { checkpointInterval: 16, window: 32 }; // A switch waits for a checkpoint.
    const file: MemberFile = { membership, settings, deskPort: ports.get(name)! };
    writeFileSync(join(parent, `${name}.json`), JSON.stringify(file));
  }

  const ask = async (name: Name, what: string, body?: string | Uint8Array): Promise<Uint8Array> => {
    const method = body === undefined ? 'GET' : 'POST';
    const answer = await fetch(`http://${LOOPBACK}:${ports.get(name)}/${what}`, {
      method,
      ...(body !== undefined && { body }),
    });
    return new Uint8Array(await answer.arrayBuffer());
  };
  const asJson = async (name: Name, what: string, body?: object) =>
    JSON.parse(new TextDecoder().decode(await ask(name, what, body && JSON.stringify(body))));
  const statusOf = (name: Name): Promise<MemberStatus | null> => asJson(name, 'status').catch(() => null);

  const spawnAt = (name: Name, version: 1 | 2) => {
    const program = fileURLToPath(new URL(`./member-${version}.js`, import.meta.url));
    const files = [join(parent, name), join(parent, `${name}.json`)];
    const child = spawn(process.execPath, [program, ...files], {
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    child.on('error', () => {}); // The test has run out of time, and says so itself.
    const entry = { child, said: '' };
    child.stderr?.on('data', (bytes) => {
      entry.said += bytes;
    });
    running.set(name, entry);
    return entry;
  };
  return {
    membership,
    statusOf,
    deposit: (name: Name, to: string): Promise<Outcome<number>> => asJson(name, 'deposit', { to, cents: 1 }),
    statements: async (name: Name): Promise<readonly Statement[]> => unwrap(await asJson(name, 'statements')),

    /** Starts a program, and waits until it has done what the others have done meanwhile. */
    async start(name: Name, version: 1 | 2): Promise<void> {
      spawnAt(name, version);
      const first = await until(`${name} is linked`, async () => {
        const status = await statusOf(name);
        return status !== null && status.linked.length === NAMES.length - 1 ? status : null;
      });
      const aims = await Promise.all(NAMES.map(async (other) => (await statusOf(other))?.executed ?? 0));
      const aim = Math.max(first.executed, ...aims);
      await until(`${name} has caught up`, async () => {
        const status = await statusOf(name);
        return status !== null && status.executed > aim && status.mayVote ? status : null;
      });
    },

    /** Ends a program; returns its exit code, or the signal that ended it. */
    async stop(name: Name, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | string> {
      const { child } = running.get(name)!;
      const exit = once(child, 'exit');
      child.kill(signal);
      const [code, by] = await exit;
      running.delete(name);
      return by ?? code;
    },

    /** Starts a program that ends by itself; returns its exit code and what it said. */
    async startInVain(name: Name, version: 1 | 2): Promise<{ readonly code: number; readonly said: string }> {
      const entry = spawnAt(name, version);
      const [code] = await once(entry.child, 'close');
      running.delete(name);
      return { code, said: entry.said };
    },

    /** Asks at one member for version 2, with the approvals of three administrators; returns what became of it. */
    async proposeSecond(at: Name): Promise<string> {
      const present = decodeConfiguration(await ask(at, 'configuration'));
      assert.ok(present !== null);
      let proposal = encodeReconfigure(propose(present, { version: 2 }));
      for (const name of ['ada', 'bob', 'cyd']) {
        const admin = readAdmin(join(parent, `${name}-admin.json`));
        const isWanted = (changes: readonly string[]): boolean =>
          changes.length === 1 && changes[0] === 'version 2 of the service';
        proposal = review(proposal, present, membership, admin, isWanted);
      }
      return new TextDecoder().decode(await ask(at, 'govern', proposal));
    },

    async [Symbol.asyncDispose](): Promise<void> {
      for (const { child } of running.values()) {
        const exit = once(child, 'exit');
        if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await exit;
      }
      rmSync(parent, { recursive: true, force: true });
    },
  };
}
