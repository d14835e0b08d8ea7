export type { Znode } from '../tree/znode.ts';
export * from './files.ts';
export * from './flaw.ts';
export * from './gathering.ts';
export * from './genesis.ts';
export { createImage, type Image } from './image.ts';
export * from './leaving.ts';
export * from './log.ts';
export * from './seen.ts';
export * from './shown.ts';
export * from './snapshot.ts';
export * from './snapshot-writer.ts';
export {
  decodeGenesis,
  encodeGenesis,
  fitsState,
  type KeeperGenesis,
  staysWhereItMust,
} from './state-file.ts';
