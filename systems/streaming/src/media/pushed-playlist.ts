/**
 * The playlist that an encoder pushes (RFC 8216, section 4): which segments there are and in which order. Only media
 * playlists; of names, the last part of the path counts.
 */

export interface PushedSegment {
  readonly sequence: number;
  readonly name: string;
  readonly isDiscontinuous: boolean;
}

export interface PushedPlaylist {
  readonly segments: readonly PushedSegment[];
  readonly isEnded: boolean;
}

/** Encoders list a handful, unless told to keep everything. */
export const MAX_PUSHED_SEGMENTS = 4096;

/** Null if it is no media playlist. */
export function readPushedPlaylist(text: string): PushedPlaylist | null {
  const lines = text.split('\n').map((line) => line.trim());
  if (lines[0] !== '#EXTM3U') return null;
  const segments: PushedSegment[] = [];
  let first = 0;
  let isDiscontinuous = false;
  let isEnded = false;
  for (const line of lines) {
    if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) first = Number(line.slice(line.indexOf(':') + 1));
    else if (line === '#EXT-X-DISCONTINUITY') isDiscontinuous = true;
    else if (line === '#EXT-X-ENDLIST') isEnded = true;
    else if (line.startsWith('#EXT-X-STREAM-INF')) return null;
    else if (line !== '' && !line.startsWith('#')) {
      const name = nameIn(line);
      if (name === null || segments.length === MAX_PUSHED_SEGMENTS) return null;
      segments.push({ sequence: first + segments.length, name, isDiscontinuous });
      isDiscontinuous = false;
    }
  }
  return Number.isSafeInteger(first) && first >= 0 ? { segments, isEnded } : null;
}

/** The last part of a path, without a query; null if there is none. */
export function nameIn(path: string): string | null {
  const name = (path.split('?')[0] ?? '').split('/').at(-1) ?? '';
  return name === '' ? null : name;
}
