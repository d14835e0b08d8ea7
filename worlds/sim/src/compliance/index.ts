export {
  type CreateEnvHost,
  type EnvCase,
  type EnvHost,
  type OutsideConnection,
  textCodec,
} from './env-host.ts';
export { envSuite } from './env-suite.ts';
export { type CreatePeerHost, type PeerHost, peerSuite } from './peer-suite.ts';
export { createSimHost, createSimPeers } from './sim-host.ts';
