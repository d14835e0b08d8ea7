import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_CONNECTION } from '@concordat/kernel';
import { createWorld, parseNumber, parseScenario, runTrace, type TraceSystem } from '../index.ts';
import { createClient, createMember, type Put } from '../toy-store.ts';

const CLIENT = FIRST_CONNECTION;

/** The toy store: `cluster n=3`, `write every=10 until=50`. */
const system: TraceSystem = {
  setup: ['cluster'],
  build: ([cluster]) => {
    const count = parseNumber(cluster?.options.get('n'));
    if (count === null || count < 1) return 'a cluster has n members';
    const members = Array.from({ length: count }, (_, id) => id);
    const world = createWorld({ seed: 1, network: { latencyMs: 1, jitterMs: 0, detectMs: 100 } });
    const disk = { syncMs: 1, jitterMs: 0 };
    const isHasty = cluster?.options.get('hasty') === 'yes';
    for (const id of members) world.add({ id, process: createMember(isHasty), disk });
    return {
      world,
      members,
      nameOf: (id) => (id < CLIENT ? `r${id}` : `c${id - CLIENT}`),
      label: (message) => {
        const { kind, value } = message as Put;
        return `${kind.toUpperCase()} ${value % 1000}`;
      },
      describe: ({ kind, value }) => (kind === 'written' ? `wrote ${Number(value) % 1000}` : null),
      execute: ({ verb, options }) => {
        if (verb !== 'write') return `nobody knows how to ${verb}`;
        const until = parseNumber(options.get('until')) ?? 0;
        const process = createClient(members, 1, parseNumber(options.get('every')) ?? 10, until);
        world.add({ id: CLIENT, process, link: 'connection' });
        return null;
      },
    };
  },
};

const GOOD = `# A value is written once two of three members have it on disk.
cluster n=3
write every=10 until=20

# The third is down; the client does not wait for it.
at 15 crash r2
run 100
----
t=10 c0→* PUT 1
t=12 r0,r1,r2→c0 ACK 1
t=13 c0 wrote 1
t=15 r2 crashed
t=23 c0→r0,r1,r2! PUT 2
t=25 r0,r1→c0 ACK 2
t=26 c0 wrote 2
`;

test('a trace that tells the truth matches', () => {
  const { matches, problem, text } = runTrace(GOOD, system);
  assert.equal(problem, null);
  assert.equal(matches, true);
  assert.equal(text, GOOD);
});

test('a difference is shown with its line, and rewriting repairs it', () => {
  const wrong = GOOD.replace('t=25 r0,r1→c0', 't=25 r0→c0');
  const result = runTrace(wrong, system);
  assert.equal(result.matches, false);
  assert.match(
    result.problem ?? '',
    /^line 14:\n {2}expected t=25 r0→c0 ACK 2\n {2}happened t=25 r0,r1→c0 ACK 2$/,
  );
  assert.equal(result.text, GOOD);
});

test('a missing or surplus line is a difference', () => {
  const lines = GOOD.trimEnd().split('\n');
  assert.match(runTrace(lines.slice(0, -1).join('\n'), system).problem ?? '', /expected \(the end\)/);
  assert.match(runTrace(`${GOOD}t=99 more\n`, system).problem ?? '', /happened \(the end\)/);
});

test('a new scenario gets its expectations by rewriting', () => {
  const [head] = GOOD.split('----');
  const { text, matches } = runTrace(head!, system);
  assert.equal(matches, false);
  assert.equal(text, GOOD);
  assert.equal(runTrace(text, system).matches, true);
});

test('faults of every kind can be told', () => {
  const text = `cluster n=3
write every=10 until=0
at 1 slow r0 r1 ms=40
slow-disk r1 ms=5
jump r1 ms=100
partition r0 r1,r2
at 2 heal
at 3 cut r0 r1
mend r0 r1
break r1 r2
corrupt r2
at 4 restart r2
at 5 wipe r2
crash-during-turn r0
at 7 restart r2
run 8
----
t=3 r2 crashed
t=4 r2 started
t=5 r2 crashed
t=7 r2 started
`;
  assert.equal(runTrace(text, system).problem, null);
});

test('a wrong scenario is refused with its line', () => {
  const problemOf = (text: string): string | null => runTrace(text, system).problem;
  assert.equal(problemOf('cluster\n----\n'), 'a cluster has n members');
  assert.equal(problemOf('cluster n=3\nfly r1\n----\n'), 'line 2: nobody knows how to fly');
  assert.equal(problemOf('cluster n=3\ncrash r9\n----\n'), 'line 2: crash takes the names of 1 nodes');
  assert.equal(problemOf('cluster n=3\nrestart r1\n----\n'), 'line 2: only a crashed node is restarted');
  assert.equal(problemOf('cluster n=3\npartition r1,r7\n----\n'), 'line 2: a group names nodes');
  assert.equal(
    problemOf('cluster n=3\nat 5 heal\nat 4 heal\n'),
    'line 3: times are numbers and do not decrease',
  );
  assert.equal(problemOf('cluster n=3\nat 5\n'), 'line 2: a command has a verb');
});

test('words are quoted, options are not words', () => {
  const scenario = parseScenario('at 2.5 call c0 put "two words" "a=b" key=value\n');
  assert.ok(typeof scenario !== 'string');
  const [command] = scenario.commands;
  assert.equal(command?.at, 2.5);
  assert.deepEqual(command?.words, ['c0', 'put', 'two words', 'a=b']);
  assert.deepEqual([...(command?.options ?? [])], [['key', 'value']]);
});
