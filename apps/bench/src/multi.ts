/** Several changes as one transaction, as the protocol writes it: each with a header of its own, an empty one at the end. */

import type { JuteReader, JuteWriter } from './jute.ts';
import {
  ERROR,
  MODE,
  OP,
  readStat,
  type Stat,
  writeCreate,
  writeSetData,
  writeVersioned,
} from './protocol.ts';

/** Version -1 is any. */
export type MultiChange =
  | { readonly kind: 'create'; readonly path: string; readonly data: Uint8Array }
  | { readonly kind: 'set'; readonly path: string; readonly data: Uint8Array; readonly version: number }
  | { readonly kind: 'delete'; readonly path: string; readonly version: number };

export type MultiResult =
  /** The Stat of each set, null for the others. */
  | { readonly kind: 'done'; readonly stats: readonly (Stat | null)[] }
  | { readonly kind: 'refused'; readonly change: number; readonly error: number };

/** What the protocol answers for changes that only failed with the rest. */
const ROLLED_BACK = -2;

export function writeMulti(writer: JuteWriter, changes: readonly MultiChange[]): void {
  const header = (op: number, isLast: boolean): void => {
    writer.int(op);
    writer.bool(isLast);
    writer.int(-1);
  };
  for (const change of changes) {
    const op = { create: OP.create, set: OP.setData, delete: OP.delete }[change.kind];
    header(op, false);
    if (change.kind === 'create') writeCreate(writer, change.path, change.data, MODE.persistent);
    else if (change.kind === 'set') writeSetData(writer, change.path, change.data, change.version);
    else writeVersioned(writer, change.path, change.version);
  }
  header(-1, true);
}

export function readMulti(reader: JuteReader): MultiResult {
  const stats: (Stat | null)[] = [];
  let refused: MultiResult | null = null;
  for (let change = 0; ; change++) {
    const [op, isLast] = [reader.int(), reader.bool()];
    reader.int();
    if (isLast) return refused ?? { kind: 'done', stats };
    if (op === OP.error) {
      const error = reader.int();
      if (error !== ERROR.ok && error !== ROLLED_BACK) refused ??= { kind: 'refused', change, error };
    } else if (op === OP.create) reader.string();
    stats.push(op === OP.setData ? readStat(reader) : null);
  }
}
