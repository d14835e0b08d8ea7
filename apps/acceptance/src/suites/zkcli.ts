/**
 * Every command of ZooKeeper's own command line, `zkCli.sh` of the Debian package, typed in this order; what must be shown before the
 * next is typed. The server is asked again and again by a new session, so that nothing comes from the shell's memory.
 */

import { missing, startZkCli } from '../tools.ts';
import { within } from '../wait.ts';
import type { Outcome } from './outcomes.ts';
import type { Suite } from './suite.ts';
import { addressOf } from './template.ts';

const ANSWER_MS = 20_000;

/** What Apache ZooKeeper has switches for, and the keeper not. */
const SETTINGS = ['extendedTypesEnabled=true', 'enforceQuota=true'];

/** One session: a name, and what is typed with what must be shown. */
type Dialogue = readonly [name: string, steps: readonly (readonly [typed: string, shown: RegExp])[]];

const DIALOGUES: readonly Dialogue[] = [
  [
    'nodes',
    [
      ['create /cli hello', /^Created \/cli$/],
      ['create /cli again', /Node already exists: \/cli$/],
      ['create /none/child x', /Node does not exist: \/none\/child$/],
      ['create -s /cli/s- x', /^Created \/cli\/s-0000000000$/],
      ['create -e /cli/e x', /^Created \/cli\/e$/],
      ['create -e -s /cli/es- x', /^Created \/cli\/es-0000000002$/],
      ['create -c /cli/container', /^Created \/cli\/container$/],
      ['create -t 100000 /cli/ttl x', /^Created \/cli\/ttl$/],
      ['create /cli/e/child x', /Ephemerals cannot have children: \/cli\/e\/child$/],
      ['get /cli', /^hello$/],
      ['get -s /cli', /^numChildren = 5$/],
      ['stat /cli/ttl', /^dataLength = 1$/],
      ['set -s /cli second', /^dataVersion = 1$/],
      ['set -v 7 /cli third', /version No is not valid : \/cli$/],
      ['set -v 1 /cli third', /^$/],
      ['get /cli', /^third$/],
      ['ls /cli', /^\[container, e, es-0000000002, s-0000000000, ttl\]$/],
      ['ls -s /cli', /^cversion = 5$/],
      ['create /cli/container/inner x', /^Created \/cli\/container\/inner$/],
      ['ls -R /cli', /^\/cli\/container\/inner$/],
      ['getAllChildrenNumber /cli', /^6$/],
      ['getEphemerals /cli', /\/cli\/e(,|\])/],
      ['delete /cli', /Node not empty: \/cli$/],
      ['delete -v 3 /cli/s-0000000000', /version No is not valid : \/cli\/s-0000000000$/],
      ['delete -v 0 /cli/s-0000000000', /^$/],
      ['get /cli/s-0000000000', /Node does not exist: \/cli\/s-0000000000$/],
      ['sync /cli', /^Sync is OK$/],
    ],
  ],
  [
    'after the session',
    [
      ['ls /cli', /^\[container, ttl\]$/],
      ['deleteall /cli/container', /^$/],
      ['ls /cli', /^\[ttl\]$/],
    ],
  ],
  [
    'watches',
    [
      ['get -w /cli', /^third$/],
      ['set /cli fourth', /type:NodeDataChanged path:\/cli/],
      ['stat -w /cli/later', /Node does not exist: \/cli\/later$/],
      ['ls -w /cli', /^\[ttl\]$/],
      ['create /cli/later x', /type:NodeChildrenChanged path:\/cli/],
      ['addWatch -m PERSISTENT /cli/later', /^$/],
      ['set /cli/later a', /type:NodeDataChanged path:\/cli\/later/],
      ['set /cli/later b', /type:NodeDataChanged path:\/cli\/later/],
      ['removewatches /cli/later', /PersistentWatchRemoved path:\/cli\/later/],
    ],
  ],
  [
    'watches of a subtree',
    [
      ['addWatch -m PERSISTENT_RECURSIVE /cli', /^$/],
      ['create /cli/later/deep x', /type:NodeCreated path:\/cli\/later\/deep/],
      ['delete /cli/later/deep', /type:NodeDeleted path:\/cli\/later\/deep/],
      ['removewatches /cli', /PersistentWatchRemoved path:\/cli/],
    ],
  ],
  [
    'permissions',
    [
      ['getAcl /cli', /^'world,'anyone$/],
      ['addauth digest user:password', /^$/],
      ['whoami', /^digest: user/],
      ['setAcl /cli/later auth:user:password:crwda', /^$/],
      ['getAcl -s /cli/later', /^aclVersion = 1$/],
      ['getAcl /cli/later', /^'digest,'user:tpUq\/4Pn5A64fVZyQ0gOJ8ZWqkY=$/],
      ['get /cli/later', /^b$/],
    ],
  ],
  [
    'without permission',
    [
      ['get /cli/later', /Insufficient permission : \/cli\/later$/],
      ['set /cli/later c', /Insufficient permission : \/cli\/later$/],
      ['setAcl /cli/later world:anyone:r', /Insufficient permission : \/cli\/later$/],
    ],
  ],
  [
    'quotas and the rest',
    [
      ['setquota -n 100 /cli', /^$/],
      ['listquota /cli', /count=100/],
      ['setquota -N 3 /cli', /^$/],
      ['create /cli/third x', /Quota has exceeded : \/cli\/third$/],
      ['delquota /cli', /^$/],
      ['listquota /cli', /does not exist/],
      ['create /cli/third x', /^Created \/cli\/third$/],
      ['config', /^server\.0=|^version=|^$/],
      ['version', /ZooKeeper CLI version/],
      ['history', /- version$/],
      ['deleteall /cli', /Insufficient permission|^$/],
      ['addauth digest user:password', /^$/],
      ['deleteall /cli', /^$/],
      ['ls /', /^\[.*zookeeper\]$/],
    ],
  ],
];

export const zkCli: Suite = {
  name: 'zkcli',
  title: 'zkCli.sh, dialogues of ours',
  version: '3.8.0',
  excluded: [],
  short: null,
  get: async () => missing('zkCli'),
  run: async ({ trial }) => {
    const cluster = await trial.cluster({ settings: SETTINGS });
    const outcomes: Outcome[] = [];
    for (const [name, steps] of DIALOGUES) {
      outcomes.push(...(await converse(addressOf(cluster, 0), name, steps, trial.signal)));
    }
    return outcomes;
  },
  alone: () => 'all',
};

/** Types one step after the other. After one that shows something else nothing can be said of the rest. */
async function converse(
  server: string,
  name: string,
  steps: Dialogue[1],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const shell = startZkCli(server, signal);
  for (const [i, [typed, shown]] of steps.entries()) {
    shell.say(typed);
    // What prints nothing is followed by something that does.
    if (shown.source === '^$') continue;
    const test = `${name} ${i + 1}: ${typed}`;
    try {
      await within(
        shell.heard((line) => shown.test(line)),
        ANSWER_MS,
        typed,
      );
      outcomes.push({ test, result: 'passed', detail: '' });
    } catch {
      const detail = `not ${shown}: ${shell.lines.slice(-3).join(' ')}; the rest was not typed`;
      outcomes.push({ test, result: 'failed', detail });
      break;
    }
  }
  if (outcomes.every(({ result }) => result === 'passed')) shell.say('quit');
  else shell.kill();
  await shell.ended;
  return outcomes;
}
