#!/usr/bin/env node
/** The command line of the benchmarks: `keeper`, which is meant when nothing is named, and `replication`. */

import { runKeeperBench } from './keeper.ts';
import { runReplicationBench } from './replication/bench.ts';

const [name = '', ...rest] = process.argv.slice(2);
if (name === 'replication') process.exitCode = await runReplicationBench(rest);
else process.exitCode = await runKeeperBench(name === 'keeper' ? rest : process.argv.slice(2));
