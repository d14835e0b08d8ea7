export {
  type CreateEnvHost,
  type EnvCase,
  type EnvHost,
  type OutsideConnection,
  textCodec,
} from './env-host.ts';
export { envSuite } from './env-suite.ts';
export { createSimHost } from './sim-host.ts';
