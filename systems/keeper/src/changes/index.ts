/** What transactions did, recorded, kept and followed: how a keeper's tree as of any moment is had again. */

export { createFollower, type Follower } from './follower.ts';
export { createRecorder, type Recorder, type Taken } from './recorder.ts';
export {
  decodeStretch,
  encodeStretch,
  MAX_STRETCH_BYTES,
  type Point,
  restAfter,
  type Stretch,
  type Transaction,
} from './stretch.ts';
