export {
  bool,
  bytes,
  type Codec,
  f64,
  i32,
  list,
  oneOf,
  optional,
  record,
  text,
  u8,
  u32,
  u53,
} from './codecs.ts';
export type { Cell, Declare, Table } from './collections.ts';
export { WriteError } from './collections.ts';
export {
  type AdvanceContext,
  type Context,
  type CreateOptions,
  type Definition,
  defineService,
  type OperationCodecs,
  type TypedService,
} from './definition.ts';
export { type Refusal, refuse } from './refusal.ts';
