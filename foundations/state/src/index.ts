export {
  type EntryCodec,
  type KeyCodec,
  MAX_ENTRY_BYTES,
  numberKey,
  textKey,
  type ValueCodec,
} from './codec.ts';
export type { Observer, StateMap } from './collection.ts';
export { MAX_PART_BYTES } from './part.ts';
export { createState, type State, type StateCell, type StateOptions } from './state.ts';
