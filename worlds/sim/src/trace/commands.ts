/** The commands that every trace understands, whatever system it is about: power, links, disks and clocks. */

import type { NodeId } from '@concordat/kernel';
import type { World } from '../world.ts';
import { type Command, parseNumber } from './scenario.ts';

/** Finds a node by its name in traces; null if there is none. */
export type FindNode = (name: string) => NodeId | null;

type Act = (world: World, nodes: readonly NodeId[], command: Command) => void;

const option = (command: Command, name: string, otherwise: number): number =>
  parseNumber(command.options.get(name)) ?? otherwise;

/** For each verb, how many node names it takes, and what it does with them. */
const VERBS: Readonly<Record<string, readonly [number, Act]>> = {
  crash: [1, (world, [node = 0]) => world.crash(node)],
  'crash-during-turn': [1, (world, [node = 0]) => world.crashDuringTurn(node)],
  restart: [1, (world, [node = 0]) => world.restart(node)],
  wipe: [1, (world, [node = 0]) => world.wipe(node)],
  corrupt: [1, (world, [node = 0]) => world.corrupt(node)],
  cut: [2, (world, [from = 0, to = 0]) => world.cut(from, to)],
  mend: [2, (world, [from = 0, to = 0]) => world.mend(from, to)],
  heal: [0, (world) => world.heal()],
  break: [2, (world, [a = 0, b = 0]) => world.breakLink(a, b)],
  connect: [2, (world, [client = 0, server = 0]) => world.connect(client, server)],
  slow: [
    2,
    (world, [from = 0, to = 0], command) =>
      world.setLink(from, to, { latencyMs: option(command, 'ms', 100), jitterMs: 0 }),
  ],
  'slow-disk': [
    1,
    (world, [node = 0], command) => world.setDisk(node, { syncMs: option(command, 'ms', 100), jitterMs: 0 }),
  ],
  jump: [1, (world, [node = 0], command) => world.jumpClock(node, option(command, 'ms', 0))],
};

/** `partition r0,r1 r2,r3`: each word is a group. */
function partition(world: World, command: Command, find: FindNode): string | null {
  const groups = command.words.map((word) => word.split(',').map(find));
  const known = groups.map((group) => group.filter((id) => id !== null));
  if (known.some((group, index) => group.length !== groups[index]?.length)) return 'a group names nodes';
  world.partition(known);
  return null;
}

/** Executes a command that every system has; `undefined` if it is none of these, a string if it is wrong. */
export function executeCommon(world: World, command: Command, find: FindNode): string | null | undefined {
  if (command.verb === 'partition') return partition(world, command, find);
  const verb = VERBS[command.verb];
  if (verb === undefined) return undefined;
  const [count, act] = verb;
  const nodes = command.words.map(find).filter((id) => id !== null);
  if (nodes.length !== count || command.words.length !== count)
    return `${command.verb} takes the names of ${count} nodes`;
  if (command.verb === 'restart' && nodes.some((id) => world.isUp(id)))
    return 'only a crashed node is restarted';
  act(world, nodes, command);
  return null;
}
