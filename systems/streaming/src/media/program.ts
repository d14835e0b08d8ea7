/**
 * The one program that a stream carries: its tables as they come, which of its elementary streams decides about cuts, and
 * the packets of the tables with which a segment begins.
 */

import { equalBytes } from '@concordat/wire';
import { type Codec, codecOf } from './access-point.ts';
import { PAT_PID, type TsPacket } from './packet.ts';
import {
  collectSection,
  createSectionCollector,
  type ElementaryStream,
  type ProgramPlace,
  packetsOfSection,
  patSection,
  readPat,
  readPmt,
  type SectionCollector,
} from './sections.ts';

export interface Program {
  readonly place: ProgramPlace;
  readonly pmt: Uint8Array;
  readonly pids: ReadonlySet<number>;
  /** Whose frames are cut at: the first video, else the first stream. */
  readonly referencePid: number;
  readonly isVideo: boolean;
  /** Null where frames are not looked into. */
  readonly codec: Codec | null;
}

export interface ProgramTables {
  place: ProgramPlace | null;
  program: Program | null;
  pat: SectionCollector;
  pmt: SectionCollector;
  /** Continuity counters of the tables that are sent. */
  patCounter: number;
  pmtCounter: number;
}

export const createProgramTables = (): ProgramTables => ({
  place: null,
  program: null,
  pat: createSectionCollector(),
  pmt: createSectionCollector(),
  patCounter: 0,
  pmtCounter: 0,
});

/** stream_type of video: MPEG-1, MPEG-2, MPEG-4 part 2, H.264, HEVC, VVC. */
const VIDEO = new Set([0x01, 0x02, 0x10, 0x1b, 0x24, 0x33]);

/** Takes a packet of a table; true if another program is there now than before. */
export function readTables(tables: ProgramTables, packet: TsPacket): boolean {
  if (packet.pid === PAT_PID) {
    const section = collectSection(tables.pat, packet);
    const place = section === null ? null : readPat(section);
    if (place === null || isSamePlace(place, tables.place)) return false;
    const had = tables.program !== null;
    tables.place = place;
    tables.program = null;
    tables.pmt = createSectionCollector();
    return had;
  }
  const { place } = tables;
  if (place === null || packet.pid !== place.pmtPid) return false;
  const section = collectSection(tables.pmt, packet);
  if (section === null || (tables.program !== null && equalBytes(section, tables.program.pmt))) return false;
  const map = readPmt(section);
  if (map === null || map.program !== place.program) return false;
  const reference = map.streams.find(({ kind }) => VIDEO.has(kind)) ?? map.streams[0];
  if (reference === undefined) return false;
  tables.program = programOf(place, section, [map.pcrPid, ...map.streams.map(({ pid }) => pid)], reference);
  return true;
}

function programOf(
  place: ProgramPlace,
  pmt: Uint8Array,
  pids: readonly number[],
  reference: ElementaryStream,
): Program {
  const isVideo = VIDEO.has(reference.kind);
  return {
    place,
    pmt,
    pids: new Set(pids),
    referencePid: reference.pid,
    isVideo,
    codec: codecOf(reference.kind),
  };
}

const isSamePlace = (a: ProgramPlace, b: ProgramPlace | null): boolean =>
  b !== null && a.pmtPid === b.pmtPid && a.program === b.program && a.streamId === b.streamId;

/** The packets of PAT and PMT, with counters that go on. */
export function tablePackets(tables: ProgramTables, program: Program): readonly Uint8Array[] {
  const pat = packetsOfSection(PAT_PID, patSection(program.place), tables.patCounter);
  const pmt = packetsOfSection(program.place.pmtPid, program.pmt, tables.pmtCounter);
  tables.patCounter = (tables.patCounter + pat.length) & 0x0f;
  tables.pmtCounter = (tables.pmtCounter + pmt.length) & 0x0f;
  return [...pat, ...pmt];
}
