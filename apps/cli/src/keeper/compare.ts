/**
 * Whether several servers serve the same tree. They are asked for one path after the other, all at once, so that a tree of
 * any size is compared while it is in use. Answers that differ are asked for again: a node may just be changing. Whoever
 * then still says something else than the others, or something else about the very same change, differs.
 */

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, OpCode } from '@concordat/keeper';
import { type LiveClient, type LiveNode, readNode } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { CommandError } from '../errors.ts';
import { walkTree } from './walk.ts';

export interface CompareOptions {
  /** Only what lies at and below it. */
  readonly path: string;
  /** Data, permissions and children, but not zxids, times and versions: for a tree that was copied by a client. */
  readonly contentOnly: boolean;
  /** Called after each node. */
  readonly onNode?: (nodes: number) => void;
}

export interface Difference {
  readonly path: string;
  /** What each server says, in the order of the clients. */
  readonly nodes: readonly LiveNode[];
}

export interface Comparison {
  readonly nodes: number;
  readonly bytes: number;
  /** Nodes of which no server shows the data to this client. */
  readonly unreadable: number;
  /** Nodes of which servers say different things. */
  readonly differing: number;
  /** The first thousand of them. */
  readonly differences: readonly Difference[];
  /** Nodes that all servers changed as long as they were asked. */
  readonly restless: readonly string[];
  /** SHA-256 of what all say, in hexadecimal: that of a later comparison is the same if nothing has changed. */
  readonly digest: string;
}

const ATTEMPTS = 6;
const PAUSE_MS = 100;
/** More are counted, and not kept. */
const MAX_DIFFERENCES = 1000;

const words = (node: LiveNode, contentOnly: boolean): string => {
  const { err, data, stat, acl, children } = node;
  const sum = data === null ? null : createHash('sha256').update(data).digest('hex');
  return JSON.stringify([err, sum, contentOnly ? null : stat, acl, children]);
};

/** Who tells different things of the same change lies, or has diverged. */
const changeOf = ({ stat }: LiveNode): string | null =>
  stat === null ? null : `${stat.mzxid} ${stat.pzxid} ${stat.cversion} ${stat.aversion}`;

const areEqual = (texts: readonly string[]): boolean => texts.every((text) => text === texts[0]);

function isContradiction(nodes: readonly LiveNode[], contentOnly: boolean): boolean {
  const [first] = nodes;
  return (
    !contentOnly &&
    first !== undefined &&
    changeOf(first) !== null &&
    areEqual(nodes.map((one) => `${changeOf(one)}`))
  );
}

type Verdict = {
  readonly kind: 'equal' | 'differs' | 'restless';
  readonly nodes: readonly LiveNode[];
  readonly text: string;
};

async function examine(clients: readonly LiveClient[], path: string, contentOnly: boolean): Promise<Verdict> {
  const firstWords: string[] = [];
  for (let attempt = 1; ; attempt++) {
    const nodes = await Promise.all(clients.map((client) => readNode(client, path)));
    const texts = nodes.map((node) => words(node, contentOnly));
    const text = texts[0] ?? '';
    if (areEqual(texts)) return { kind: 'equal', nodes, text };
    if (isContradiction(nodes, contentOnly)) return { kind: 'differs', nodes, text };
    if (attempt === 1) firstWords.push(...texts);
    if (attempt === ATTEMPTS) {
      const haveAllMoved = texts.every((one, i) => one !== firstWords[i]);
      return { kind: haveAllMoved ? 'restless' : 'differs', nodes, text };
    }
    await sleep(PAUSE_MS * attempt);
    await Promise.all(clients.map((client) => client.request(OpCode.sync, bodies.path('/'))));
  }
}

/** Rejects with an `Error` if a server fails meanwhile, and with a `CommandError` if there is no such node. */
export async function compareTrees(
  clients: readonly LiveClient[],
  { path: root, contentOnly, onNode }: CompareOptions,
): Promise<Comparison> {
  const sum = createHash('sha256');
  const differences: Difference[] = [];
  const restless: string[] = [];
  const found = { nodes: 0, bytes: 0, unreadable: 0, differing: 0 };
  const visit = (path: string, { kind, nodes, text }: Verdict): Iterable<string> => {
    if (nodes.every(({ err }) => err === ErrorCode.noNode)) {
      if (path === root) throw new CommandError('no-node', `there is no node ${root}`);
      // It went while its parent was read.
      return [];
    }
    found.nodes += 1;
    found.bytes += nodes[0]?.data?.length ?? 0;
    if (nodes.every(({ data }) => data === null)) found.unreadable += 1;
    if (kind === 'differs') found.differing += 1;
    if (kind === 'differs' && differences.length < MAX_DIFFERENCES) differences.push({ path, nodes });
    if (kind === 'restless') restless.push(path);
    sum.update(`${JSON.stringify(path)} ${text}\n`);
    onNode?.(found.nodes);
    return [...new Set(nodes.flatMap((node) => node.children ?? []))].sort();
  };
  await Promise.all(clients.map((client) => client.request(OpCode.sync, bodies.path('/'))));
  await walkTree(root, (path) => examine(clients, path, contentOnly), visit);
  return { ...found, differences, restless, digest: sum.digest('hex') };
}
