export { createErasureCode, type ErasureCode, MAX_SHARDS, type PartialShards } from './erasure-code.ts';
export { createTableMultiplier, type ShardMultiplier } from './multiplier.ts';
export { createMultiplier, createSimdMultiplier } from './simd.ts';
export { joinShards, shardBytes, splitIntoShards } from './splitting.ts';
