/**
 * Whether decoding can begin at a frame, from the first bytes of its elementary stream: for encoders that do not set
 * random_access_indicator. H.264: ITU-T Rec. H.264, table 7-1; HEVC: H.265, table 7-1; MPEG-2: H.262, table 6-1.
 */

/** A frame that has shown no picture by then is taken for one at which decoding cannot begin. */
export const MAX_PROBE_BYTES = 8192;

export type Codec = 'mpeg2' | 'h264' | 'hevc';

/** stream_type of the codecs whose frames are looked into. */
export function codecOf(kind: number): Codec | null {
  switch (kind) {
    case 0x01:
    case 0x02:
      return 'mpeg2';
    case 0x1b:
      return 'h264';
    case 0x24:
      return 'hevc';
    default:
      return null;
  }
}

export type Verdict = 'access-point' | 'other' | 'unknown';

/** `bytes` begins where the frame does. */
export function judgeFrame(codec: Codec, bytes: Uint8Array): Verdict {
  let hasRecovery = false;
  let hasSequence = false;
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    const code = bytes[at + 3] ?? 0;
    if (codec === 'mpeg2') {
      if (code === 0xb3) hasSequence = true;
      if (code === 0x00) return hasSequence ? 'access-point' : 'other';
    } else if (codec === 'h264') {
      const unit = code & 0x1f;
      if (unit === 5) return 'access-point';
      // Open groups of pictures: an SEI with a recovery point (payload type 6) before a slice that is no IDR.
      if (unit === 6 && bytes[at + 4] === 6) hasRecovery = true;
      if (unit >= 1 && unit <= 4) return hasRecovery ? 'access-point' : 'other';
    } else {
      const unit = (code >> 1) & 0x3f;
      if (unit < 32) return unit >= 16 && unit <= 21 ? 'access-point' : 'other';
    }
  }
  return bytes.length >= MAX_PROBE_BYTES ? 'other' : 'unknown';
}
