#!/usr/bin/env node
/** `npm run acceptance -- NAME...`: runs trials against Concordat, or with `--target apache` against the baseline. */

import { parseArgs } from 'node:util';
import {
  apacheMissing,
  ClusterError,
  type ClusterOptions,
  concordatMissing,
  startApache,
  startConcordat,
} from '@concordat/bench';
import { NAMED_ONLY, TRIALS } from './registry.ts';
import { missing } from './tools.ts';
import { type Acceptance, runTrial, type TrialSettings } from './trial.ts';

const USAGE = `acceptance: real clients against real processes, hurt on purpose

  npm run acceptance -- NAME... [--target concordat|apache] [--data DIR] [--keep]
  npm run acceptance -- all
  npm run acceptance -- soak --minutes 10 --out DIR
  npm run acceptance -- differential --operations 2000 --seed 1 --sessions 4 [--solo]
  npm run acceptance -- suites [NAME...] [--only CHOICE] [--short] [--record] [--resume DIR] [--parts N]

${[...TRIALS, ...NAMED_ONLY].map((trial) => `  ${trial.name.padEnd(12)} ${trial.summary}`).join('\n')}
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      target: { type: 'string', default: 'concordat' },
      data: { type: 'string' },
      keep: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '10' },
      out: { type: 'string', default: '.' },
      operations: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      sessions: { type: 'string', default: '4' },
      solo: { type: 'boolean', default: false },
      only: { type: 'string' },
      short: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      resume: { type: 'string' },
      parts: { type: 'string', default: 'Infinity' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const { target } = values;
  const [first, ...names] = positionals;
  const asked = first === 'suites' ? [first] : positionals;
  const chosen = asked.includes('all')
    ? TRIALS
    : [...TRIALS, ...NAMED_ONLY].filter((trial) => asked.includes(trial.name));
  const minutes = Number(values.minutes);
  const [operations, seed, sessions] = [values.operations, values.seed, values.sessions].map(Number);
  const most = Number(values.parts);
  const isPlayable = isCount(operations) && isCount(seed) && isCount(sessions) && most >= 0;
  const isTarget = target === 'concordat' || target === 'apache';
  if (chosen.length === 0 || !(minutes > 0) || !isPlayable || !isTarget) {
    console.error(USAGE);
    return 2;
  }
  const parent = values.data === undefined ? {} : { parentDir: values.data };
  let failed = 0;
  const differential = { operations, seed, sessions, solo: values.solo };
  const kept = { folder: values.resume ?? null, most };
  const suites = { names, only: values.only ?? null, short: values.short, record: values.record, kept };
  const host = { target, minutes, out: values.out, differential, suites } as const;
  for (const trial of chosen) failed += await runOne(trial, host, { keepData: values.keep, ...parent });
  return failed === 0 ? 0 : 1;
}

/** What can be counted up to. */
const isCount = (value: number | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 1;

/** Runs one trial, or says how to get what it lacks; returns the number of failed claims. */
async function runOne(trial: Acceptance, host: TrialSettings, defaults: ClusterOptions): Promise<number> {
  const { target } = host;
  const lacks = [
    target === 'apache' ? apacheMissing() : concordatMissing(),
    ...trial.needs.map((need) => missing(need)),
  ].find((reason) => reason !== null);
  if (lacks !== undefined) {
    console.log(`SKIP ${trial.name}: ${lacks}`);
    return 0;
  }
  const start = target === 'apache' ? startApache : startConcordat;
  const startedAt = performance.now();
  const result = await runTrial(trial, {
    ...host,
    print: (line) => console.log(line),
    start: (options?: ClusterOptions) => start({ ...defaults, ...options }),
  });
  if (result.isSkipped && result.failed === 0) return 0;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const verdict = result.failed === 0 && result.passed > 0 ? 'PASS' : 'FAIL';
  console.log(
    `${verdict} ${trial.name} (${target}): ${result.passed} passed, ${result.failed} failed, ${seconds} s`,
  );
  return result.failed + (result.passed === 0 ? 1 : 0);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
// Sockets of clients that were hurt may linger; every result is printed by now.
process.exit();
