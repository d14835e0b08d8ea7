export * from './assembler.ts';
export {
  CUTTER_DEFAULTS,
  type Cutter,
  type CutterOptions,
  createCutter,
  forgetProgram,
  interrupt,
  MAX_LONGEST_MS,
  pushPacket,
} from './cutter.ts';
export { PACKET_BYTES } from './packet.ts';
export { createPacketSync, type PacketSync, pushBytes, resetSync } from './packet-sync.ts';
export * from './payload.ts';
export * from './playlist.ts';
export * from './pushed-playlist.ts';
export * from './round-packer.ts';
export { msOfTicks, TICKS_PER_SECOND, ticksOfMs } from './ticks.ts';
