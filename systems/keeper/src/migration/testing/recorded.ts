/** What Apache ZooKeeper 3.8.0 wrote, and served after it; see `edge/record-migration.ts`. */

import { readFileSync } from 'node:fs';
import type { Acl } from '../../tree/acl.ts';
import type { Stat } from '../../tree/znode.ts';

export interface RecordedNode {
  readonly path: string;
  readonly data: Uint8Array;
  readonly stat: Stat;
  readonly acl: readonly Acl[];
}

export interface Recorded {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly nodes: readonly RecordedNode[];
}

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

export function recorded(): Recorded {
  const file = new URL('../../../src/migration/testing/apache-3.8.0.json', import.meta.url);
  const { files, nodes } = JSON.parse(readFileSync(file, 'utf8')) as {
    files: Record<string, string>;
    nodes: (Omit<RecordedNode, 'data'> & { data: string })[];
  };
  return {
    files: new Map(Object.entries(files).map(([name, text]) => [name, bytes(text)])),
    nodes: nodes.map((node) => ({ ...node, data: bytes(node.data) })),
  };
}
