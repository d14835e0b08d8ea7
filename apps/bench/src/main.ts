#!/usr/bin/env node
/**
 * The command line of the benchmarks: `keeper`, which is meant when nothing is named, `replication`, `scale`, `erasure`,
 * `simulator` and `graphs`.
 */

import { runErasureBench } from './erasure/bench.ts';
import { runGraphsBench } from './graphs/bench.ts';
import { runKeeperBench } from './keeper.ts';
import { runReplicationBench } from './replication/bench.ts';
import { runScaleBench } from './scale/bench.ts';
import { runSimulatorBench } from './simulator/bench.ts';

const [name = '', ...rest] = process.argv.slice(2);
if (name === 'replication') process.exitCode = await runReplicationBench(rest);
else if (name === 'scale') process.exitCode = await runScaleBench(rest);
else if (name === 'erasure') process.exitCode = runErasureBench(rest);
else if (name === 'simulator') process.exitCode = runSimulatorBench(rest);
else if (name === 'graphs') process.exitCode = await runGraphsBench(rest);
else process.exitCode = await runKeeperBench(name === 'keeper' ? rest : process.argv.slice(2));
