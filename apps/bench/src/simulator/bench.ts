/** `bench simulator` from its command line to its table and its status. */

import { formatTable } from '../table.ts';
import { parseSimulatorOptions, SIMULATOR_USAGE, type SimulatorOptions } from './options.ts';
import { createPopulation, MESSAGES_PER_EXCHANGE } from './population.ts';

export interface SimulatorFigures {
  readonly peers: number;
  readonly simulatedSeconds: number;
  readonly exchanges: number;
  readonly finished: number;
  readonly messages: number;
  readonly events: number;
  /** Ends of links that are known when the last exchange has begun. */
  readonly links: number;
  /** User and system time of this process, its collector and compiler included, from the first peer to the last message. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly residentBytes: number;
}

/** Lets what has begun end. */
const TAIL_MS = 1000;
const SLICE_MS = 1000;

export function measureSimulator(options: SimulatorOptions): SimulatorFigures {
  const began = process.cpuUsage();
  const beganAt = performance.now();
  const { world, count } = createPopulation(options.seed, options.peers, options.seconds);
  let residentBytes = 0;
  for (let at = 0; at < options.seconds * 1000; at += SLICE_MS) {
    world.run(Math.min(SLICE_MS, options.seconds * 1000 - at));
    residentBytes = Math.max(residentBytes, process.memoryUsage.rss());
  }
  const links = world.linkCount;
  world.run(TAIL_MS);
  const { user, system } = process.cpuUsage(began);
  const { begun, finished, received } = count();
  return {
    peers: options.peers,
    simulatedSeconds: options.seconds,
    exchanges: begun,
    finished,
    messages: received,
    events: world.handledEvents,
    links,
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - beganAt,
    residentBytes,
  };
}

const usPerMessage = ({ cpuMs, messages }: SimulatorFigures): number => (1000 * cpuMs) / messages;

export const formatSimulator = (figures: SimulatorFigures): string =>
  formatTable([
    [
      'peers',
      'seconds',
      'messages',
      'events/s',
      'CPU us/message',
      'CPU us/peer and second',
      'links',
      'RSS MiB',
    ],
    [
      String(figures.peers),
      String(figures.simulatedSeconds),
      String(figures.messages),
      String(Math.round((1000 * figures.events) / figures.wallMs)),
      usPerMessage(figures).toFixed(2),
      ((1000 * figures.cpuMs) / (figures.peers * figures.simulatedSeconds)).toFixed(1),
      String(figures.links),
      String(Math.round(figures.residentBytes / 1_048_576)),
    ],
  ]);

const CPU_US_MAX = 4;
const RESIDENT_BYTES_MAX = 1.5e9;

/** What was lost: a world without faults loses nothing. */
export const lostMessages = ({ exchanges, messages }: SimulatorFigures): number =>
  exchanges * MESSAGES_PER_EXCHANGE - messages;

export function simulatorVerdicts(figures: SimulatorFigures): string[] {
  const verdicts: string[] = [];
  const lost = lostMessages(figures);
  if (lost !== 0) verdicts.push(`${lost} messages were lost`);
  const us = usPerMessage(figures);
  if (us > CPU_US_MAX) verdicts.push(`a message costs ${us.toFixed(2)} us of CPU, above ${CPU_US_MAX}`);
  if (figures.residentBytes > RESIDENT_BYTES_MAX) verdicts.push('more than 1.5 GB of memory');
  return verdicts;
}

/** Runs the benchmark with the arguments of its command line; returns the exit status. */
export function runSimulatorBench(args: readonly string[]): number {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(SIMULATOR_USAGE);
    return 0;
  }
  const options = parseSimulatorOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${SIMULATOR_USAGE}`);
    return 2;
  }
  const figures = measureSimulator(options);
  console.log(options.json ? JSON.stringify(figures, null, 2) : formatSimulator(figures));
  const verdicts = simulatorVerdicts(figures);
  for (const verdict of verdicts) console.log(`FAIL ${verdict}`);
  return verdicts.length === 0 ? 0 : 1;
}
