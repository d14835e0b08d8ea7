export { createPairSecrets } from './crypto/agreement.ts';
export { createStreamCipher } from './crypto/cipher.ts';
export * from './crypto/exposed-mode.ts';
export { sha256 } from './crypto/hash.ts';
export * from './crypto/identity.ts';
export * from './crypto/identity-file.ts';
export * from './crypto/keys.ts';
export { createVrf, createVrfKey, generateVrfSecret } from './crypto/vrf.ts';
export * from './crypto/vrf-key-file.ts';
export * from './errors.ts';
export { type StoredProof, storeProof } from './evidence-files.ts';
export { createLengthSplitter, type Framing, type Splitter } from './framing.ts';
export { freePort, freePortRange, isPortFree } from './free-port.ts';
export { createHost, type Host, type HostOptions } from './host/host.ts';
export { type Disk, realDisk } from './journal/disk.ts';
export type { Journal, JournalListener, SyncMode } from './journal/journal.ts';
export { createMemoryDisk, type MemoryDisk } from './journal/memory-journal.ts';
export { createJournal, type JournalOptions, openJournal } from './journal/open.ts';
export type { Address, LinkLimits, MembersOptions, PeerAddress } from './links/links.ts';
export type { Stream } from './listeners/connection.ts';
export type { Listener, ListenerLimits } from './listeners/listener.ts';
export { bodyOf, refuseBody } from './listeners/request-body.ts';
export * from './logs/logger.ts';
export type { Histogram } from './metrics/histogram.ts';
export * from './metrics/metrics.ts';
export {
  type Monitor,
  type MonitorOptions,
  type Page,
  type PageRequest,
  type Pages,
  startMonitor,
} from './metrics/monitor.ts';
export type { PeerContact, RelayedAddress } from './peers/book.ts';
export type { PeersLimits, PeersOptions } from './peers/peers.ts';
export type { RelayOptions } from './peers/relay/relay.ts';
export { BURST_MIN_BYTES, type UploadCap } from './peers/upload.ts';
