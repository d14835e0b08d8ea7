/**
 * What a host must let the compliance suite do to it. The simulator and the real runtime both pass the same cases;
 * so drivers are asynchronous, and cases learn what happened from what their processes wrote down.
 */

import {
  assert,
  type Env,
  type MessageCodec,
  type Millis,
  type NodeId,
  type Process,
  type Recovered,
  type SignatureCheck,
} from '@concordat/kernel';
import { utf8 } from '@concordat/wire';

/** A connection from outside, as a ZooKeeper client would make one. */
export interface OutsideConnection {
  send(message: string): Promise<void>;
  /** What came over it so far. */
  readonly received: readonly string[];
  isClosed(): boolean;
  close(): Promise<void>;
}

/** A host with members 0 to n-1, linked to one another, none of them started. */
export interface EnvHost {
  /** Gives a member its process and starts it. Messages travel through `textCodec` if as bytes. */
  start<S>(node: NodeId, process: Process<S, string>): Promise<void>;
  /** Ends the member's life without warning: nothing is flushed, synced or said goodbye to. */
  crash(node: NodeId): Promise<void>;
  /** Starts the crashed member again, with the same process and what its journal holds. */
  restart(node: NodeId): Promise<void>;
  /** Lets the world go on until `holds`; false if it still does not after a deadline of the driver's choice. */
  until(holds: () => boolean): Promise<boolean>;
  /** Lets time pass. */
  pass(span: Millis): Promise<void>;
  /** A check that holds, and one that does not. */
  readonly checks: { readonly good: SignatureCheck; readonly bad: SignatureCheck };
  /** While held, nothing the member appends becomes durable. Cases that need it are skipped without it. */
  holdSyncs?(node: NodeId, isHeld: boolean): Promise<void>;
  /** Loses a crashed member's journal. */
  wipe?(node: NodeId): Promise<void>;
  connect?(server: NodeId): Promise<OutsideConnection>;
  close(): Promise<void>;
}

export type CreateEnvHost = (members: number) => Promise<EnvHost>;

export interface EnvCase {
  readonly name: string;
  /** Throws an `AssertionError` if the host fails it. */
  run(): Promise<'passed' | 'skipped'>;
}

/** A case by name: true when it passed, false when the host cannot do what it needs. */
export type CaseBody = (host: EnvHost) => Promise<boolean>;

export interface CaseDefinition {
  readonly name: string;
  readonly members: number;
  readonly body: CaseBody;
}

const decoder = new TextDecoder();

export const bytesOf = utf8;
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

export const textCodec: MessageCodec<string> = { encode: bytesOf, decode: textOf };

/** Fails the case unless `holds` comes true. */
export async function expectSoon(
  host: Pick<EnvHost, 'until'>,
  holds: () => boolean,
  what: string,
): Promise<void> {
  assert(await host.until(holds), what);
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  assert(got === wanted, `${what}: expected ${wanted}, got ${got}`);
}

/** What a scripted process does at its timers, messages and start. */
export interface Script {
  start?(env: Env<string>, recovered: Recovered): void;
  receive?(env: Env<string>, from: NodeId, message: string): void;
  linked?(env: Env<string>, peer: NodeId, isUp: boolean): void;
  timeout?(env: Env<string>, timer: string): void;
  completed?(env: Env<string>, ticket: number, holds: boolean): void;
  settle?(env: Env<string>): void;
}

/** A process whose state is the number of its life; cases keep what they learn outside. */
export function scripted(script: Script): Process<{ readonly life: number }, string> {
  let lives = 0;
  return {
    start: (env, recovered) => {
      lives++;
      script.start?.(env, recovered);
      return { life: lives };
    },
    receive: (_state, env, from, message) => script.receive?.(env, from, message),
    linked: (_state, env, peer, isUp) => script.linked?.(env, peer, isUp),
    timeout: (_state, env, timer) => script.timeout?.(env, timer),
    completed: (_state, env, ticket, holds) => script.completed?.(env, ticket, holds),
    settle: (_state, env) => script.settle?.(env),
  };
}

/** A member that writes down what it receives. */
export const listener = (received: string[]): Process<unknown, string> =>
  scripted({ receive: (_env, _from, message) => void received.push(message) });

/**
 * Starts member 1 as given, then member 0, which runs `act` once the two are linked: messages sent before may be
 * lost.
 */
export async function startLinked(
  host: EnvHost,
  peer: Process<unknown, string>,
  script: Script & { act(env: Env<string>): void },
): Promise<void> {
  await host.start(1, peer);
  await host.start(
    0,
    scripted({
      ...script,
      linked: (env, id, isUp) => {
        // Both ends know of the link once the timer fires.
        if (isUp) env.setTimer('suite: act', 20);
        script.linked?.(env, id, isUp);
      },
      timeout: (env, timer) => {
        if (timer === 'suite: act') script.act(env);
        else script.timeout?.(env, timer);
      },
    }),
  );
}
