#!/usr/bin/env node
/** The command line of `bench keeper`. */

import { runKeeperBench } from './keeper.ts';

process.exitCode = await runKeeperBench(process.argv.slice(2));
