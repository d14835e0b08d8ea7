/** Samples become stages by the place of the code, and together they are what the kernel counted. */

import assert from 'node:assert/strict';
import type { Profiler } from 'node:inspector';
import { test } from 'node:test';
import { formatShares, sharesOf } from './profile.ts';

/** One path of calls, outermost first, each a function and the place of its code; the innermost has the samples. */
type Path = readonly (readonly [functionName: string, url: string])[];

/** A profile in which each path was seen for so many microseconds. */
function profileOf(paths: readonly (readonly [us: number, path: Path])[]): Profiler.Profile {
  const frame = (functionName: string, url: string) => ({
    ...{ functionName, url },
    ...{ scriptId: '0', lineNumber: 0, columnNumber: 0 },
  });
  const nodes: Profiler.ProfileNode[] = [{ id: 1, callFrame: frame('(root)', ''), children: [] }];
  const samples: number[] = [];
  for (const [, path] of paths) {
    let above = nodes[0];
    for (const [functionName, url] of path) {
      const node = { id: nodes.length + 1, callFrame: frame(functionName, url), children: [] };
      above?.children?.push(node.id);
      nodes.push(node);
      above = node;
    }
    samples.push(nodes.length);
  }
  return { nodes, samples, timeDeltas: paths.map(([us]) => us), startTime: 0, endTime: 0 };
}

const PACKAGES = 'file:///x/node_modules/@concordat';

test('code has the stage of its place, native code that of its caller, the rest of a process a line of its own', () => {
  const profile = profileOf([
    [300, [['settle', `${PACKAGES}/keeper/dist/gateway/gateway.js`]]],
    [200, [['setData', `${PACKAGES}/keeper/dist/tree/operations.js`]]],
    [100, [['readPath', `${PACKAGES}/keeper/dist/jute/requests.js`]]],
    [
      200,
      [
        ['flush', `${PACKAGES}/runtime/dist/links/peer.js`],
        ['write', 'node:net'],
        ['writeBuffer', ''],
      ],
    ],
    [
      100,
      [
        ['commit', `${PACKAGES}/runtime/dist/journal/journal.js`],
        ['writeSync', 'node:fs'],
        ['writeBuffer', ''],
      ],
    ],
    [100, [['vote', `${PACKAGES}/replication/dist/replica/agreement.js`]]],
  ]);
  const shares = sharesOf([profile, profile], { serverCpuUsPerOp: 13, mainThreadUsPerOp: 10 });
  assert.deepEqual(
    shares.map(({ stage, usPerOp }) => [stage, Math.round(usPerOp * 1e6) / 1e6]),
    [
      ['gateway', 3],
      ["keeper's tree", 2],
      ['sockets and TLS', 2],
      ['jute', 1],
      ['journal', 1],
      ['agreement', 1],
      ['other threads', 3],
    ],
  );
  assert.match(
    formatShares('a set', 'us/op', shares),
    /^a set +us\/op\ngateway +3\.00\n(.+\n)+all together +13\.00$/,
  );
});

test('waiting takes no time: for something to do, for the disk, for the profiler', () => {
  const journal = ['commit', `${PACKAGES}/runtime/dist/journal/journal.js`] as const;
  const profile = profileOf([
    [5000, [['(idle)', '']]],
    [
      5000,
      [
        ['post', 'node:inspector'],
        ['dispatch', ''],
      ],
    ],
    [5000, [journal, ['fdatasyncSync', 'node:fs'], ['fdatasync', '']]],
    [40, [journal, ['fdatasyncSync', 'node:fs']]],
    [60, [journal, ['fdatasync', 'node:fs'], ['fdatasync', '']]],
  ]);
  assert.deepEqual(sharesOf([profile], { serverCpuUsPerOp: 1, mainThreadUsPerOp: 1 }), [
    { stage: 'journal', usPerOp: 1 },
    { stage: 'other threads', usPerOp: 0 },
  ]);
});
