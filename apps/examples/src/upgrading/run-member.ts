/**
 * A member of the bank as a program: `replicate` from a directory and a configuration file, and a port on the loopback for the
 * organisation's own software and its administrators. It ends with 0 when it is told to (SIGTERM), and with 1 and the reason
 * when it cannot go on.
 */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import {
  encodeConfiguration,
  type Outcome,
  type Replica,
  type ReplicateOptions,
  replicate,
  type TypedService,
} from '@concordat/replication/edge';
import { submit } from '../changing.ts';

/** The configuration file. `membership` is the same at all members; what changed since is in the directory. */
export interface MemberFile extends Pick<ReplicateOptions<never>, 'settings' | 'monitor'> {
  readonly membership: Pick<ReplicateOptions<never>, 'u' | 'r' | 'members' | 'clients'>;
  readonly deskPort: number;
}

/** What the organisation's own software asks at the desk. */
export interface Desk {
  deposit(asked: { readonly to: string; readonly cents: number }): Promise<Outcome<number>>;
  /** From what is executed here. */
  statements(): Promise<Outcome<readonly unknown[]>>;
}

/** Runs until it is told to end; what keeps it from going on is said, and the exit code tells whoever started it. */
export async function runMember<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  deskOf: (replica: Replica<I, O, QI, QO>) => Desk,
): Promise<void> {
  // A program that is too old is refused by its journal before it starts, or halts when the others switch.
  const error = await serve(service, deskOf).catch((reason: unknown) => reason);
  if (error === null) return;
  console.error(`this member has halted: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** Resolves with what `halted` tells. */
async function serve<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  deskOf: (replica: Replica<I, O, QI, QO>) => Desk,
): Promise<Error | null> {
  const [directory = '.', file = 'member.json'] = process.argv.slice(2);
  const { membership, deskPort, ...others }: MemberFile = JSON.parse(readFileSync(file, 'utf8'));
  const replica = await replicate(service, { ...membership, ...others, directory });
  process.once('SIGTERM', () => void replica.close());
  const desk = deskOf(replica);
  const server = createServer(async (request, answer) => {
    // One question each: a connection that is kept would keep the program from ending.
    answer.setHeader('connection', 'close');
    // Whoever asks in another form is told what was wrong with it.
    answer.end(await answerTo(request, replica, desk).catch(String));
  }).listen(deskPort, '127.0.0.1');
  const error = await replica.halted;
  server.close();
  return error;
}

/** Who may ask is whoever reaches the loopback; what a proposal needs besides are the administrators' approvals. */
async function answerTo(
  request: IncomingMessage,
  replica: Replica<unknown, unknown, unknown, unknown>,
  desk: Desk,
): Promise<string | Uint8Array> {
  const body = Buffer.concat(await request.toArray());
  switch (request.url) {
    case '/deposit':
      return JSON.stringify(await desk.deposit(JSON.parse(`${body}`)));
    case '/statements':
      return JSON.stringify(await desk.statements());
    case '/status':
      return JSON.stringify(replica.status());
    case '/configuration':
      return encodeConfiguration(replica.configuration());
    case '/govern':
      return submit(body, replica);
    default:
      return 'ask for /deposit, /statements, /status, /configuration or /govern';
  }
}
