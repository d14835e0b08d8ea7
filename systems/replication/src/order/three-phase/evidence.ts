/** placeholder to be replaced */
import type { Env, NodeId } from '@concordat/kernel';
import type { Message, NewView, PrePrepare } from './messages.ts';
import type { ReplicaState } from './state.ts';

export function accuse(
  _s: ReplicaState,
  env: Env<Message>,
  accused: NodeId,
  a: PrePrepare,
  _b: PrePrepare,
): void {
  env.note({ kind: 'evidence', accused, slot: a.slot });
}
export function accuseNewView(
  _s: ReplicaState,
  env: Env<Message>,
  accused: NodeId,
  a: NewView,
  _b: NewView,
): void {
  env.note({ kind: 'evidence', accused, view: a.view });
}
