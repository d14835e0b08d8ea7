export { StreamError, type StreamErrorCode } from './errors.ts';
export { type EvidenceJudgement, judgeEvidenceFile, MAX_EVIDENCE_FILE_BYTES } from './evidence.ts';
export {
  type Ingest,
  type IngestOptions,
  type IngestSource,
  startIngest,
} from './ingest/ingest.ts';
export type { IngestEvent, IngestStatus } from './ingest/intake.ts';
export { measureIngest } from './ingest/measures.ts';
export type { Round } from './ingest/rounds.ts';
export type { BoundEndpoint, Endpoint } from './listening.ts';
export {
  type Player,
  type PlayerOptions,
  type PlayerStream,
  type PlayerStreamOptions,
  startPlayer,
} from './player/player.ts';
export * from './player/status.ts';
export { type Publishing, type PublishOptions, type PublishStatus, publish } from './publish.ts';
export { makeIdentity } from './swarm/identity.ts';
export { decodeInvite } from './swarm/invite.ts';
export { startPeer } from './swarm/peer-node.ts';
export type { InviteTerms } from './swarm/source.ts';
export { STREAM_FILE, streamOf } from './swarm/stream-file.ts';
export { type Watching, type WatchOptions, watch } from './watch.ts';
