/** The environment of a part that is tested by itself: time stands still, and nothing leaves. */

import { createPrng, type Env, type NodeId } from '@concordat/kernel';
import type { Message } from '../replica/messages.ts';

export const createIdleEnv = (self: NodeId, now: number): Env<Message> => ({
  self,
  now,
  random: createPrng(1),
  secret: (sizeBytes) => new Uint8Array(sizeBytes),
  send: () => {},
  sendEarly: () => {},
  close: () => {},
  mute: () => {},
  append: () => 0,
  release: () => {},
  setTimer: () => {},
  cancelTimer: () => {},
  offload: () => {},
  note: () => {},
});
