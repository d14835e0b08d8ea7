/** Appending records, and counting how much a recovery would have to read. */

import type { Env, Position } from '@concordat/kernel';
import type { Message } from './messages.ts';
import { encodeRecord, type Record } from './records.ts';
import type { ReplicaState } from './state.ts';

export function append(s: ReplicaState, env: Env<Message>, record: Record): Position {
  const bytes = encodeRecord(record);
  s.journalBytes += bytes.length;
  return env.append(bytes);
}
