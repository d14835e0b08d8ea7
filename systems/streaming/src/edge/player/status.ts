/**
 * What the caller knows about a stream and its peers, for the status page, `/status.json` and Prometheus. Everything that is
 * shown and that the player cannot see itself.
 */

export type StreamPhase = 'joining' | 'playing' | 'leaving' | 'ended';

export interface JoinProgress {
  /** What is being done, in a few words. */
  readonly step: string;
  readonly done: number;
  readonly total: number;
}

/** Who was proved guilty: of what, and by which proof. */
export interface Eviction {
  readonly peer: string;
  /** The rule, as evidence files name it, and what it means. */
  readonly rule: string;
  readonly reason: string;
  /** The beginning of the proof's digest, in hexadecimal. */
  readonly evidence: string;
  /** From which on it is skipped. */
  readonly round: number;
}

/** Who is no member any more and was proved nothing: `silent`, `left`, `replaced`. */
export interface Removal {
  readonly peer: string;
  readonly why: string;
  readonly reason: string;
  readonly round: number;
}

export interface Partner {
  readonly peer: string;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

export interface StreamStatus {
  readonly title: string;
  readonly phase: StreamPhase;
  /** Null once joined. */
  readonly join: JoinProgress | null;
  /** The latest round that this peer knows of. */
  readonly round: number;
  /** Members of the stream, this one included. */
  readonly peers: number;
  readonly partners: readonly Partner[];
  /** Rounds whose time to be played came, and those of them that could not be decoded. */
  readonly jitter: { readonly rounds: number; readonly lost: number };
  readonly upload: {
    readonly bytesPerSecond: number;
    /** What this peer may upload at most; null for no cap. */
    readonly capBytesPerSecond: number | null;
    readonly totalBytes: number;
  };
  readonly download: { readonly bytesPerSecond: number; readonly totalBytes: number };
  /** Copies of each packet that the source itself sends; null where it is not known. */
  readonly sourceCopies: number | null;
  /** Who was thrown out, and for what. */
  readonly evictions: readonly Eviction[];
  /** Who is off the list of members, of late, and why. */
  readonly removals: readonly Removal[];
  /** What is wrong with the tracker or the broadcaster, as sentences: they are trusted, and this is what tells that they should not be. */
  readonly warnings: readonly string[];
}

/** Of a stream that comes from no peers: a broadcaster's own preview, a test. */
export const LOCAL_STATUS: StreamStatus = {
  title: '',
  phase: 'playing',
  join: null,
  round: 0,
  peers: 1,
  partners: [],
  jitter: { rounds: 0, lost: 0 },
  upload: { bytesPerSecond: 0, capBytesPerSecond: null, totalBytes: 0 },
  download: { bytesPerSecond: 0, totalBytes: 0 },
  sourceCopies: null,
  evictions: [],
  removals: [],
  warnings: [],
};

/** What the player itself knows. */
export interface PlaybackStatus {
  readonly segments: number;
  readonly gaps: number;
  /** Of the playlist; null while it is empty. */
  readonly firstSegment: number | null;
  readonly lastSegment: number | null;
  readonly targetS: number;
  readonly heldBytes: number;
  readonly rounds: number;
  readonly lostRounds: number;
  readonly malformedRounds: number;
  /** Of the endless stream. */
  readonly readers: number;
  readonly slowReadersCut: number;
  readonly isEnded: boolean;
}
