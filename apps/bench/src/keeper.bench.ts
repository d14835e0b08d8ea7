/** The keeper benchmark as `npm run bench` runs it: beside Apache ZooKeeper where that is installed, else alone. */

import { apacheMissing } from './apache-cluster.ts';
import { runKeeperBench } from './keeper.ts';

const missing = apacheMissing();
if (missing !== null) console.log(`no comparison: ${missing}`);
await runKeeperBench([missing === null ? '--compare' : '--ours', '--seconds', '3']);
