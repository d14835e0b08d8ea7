/**
 * Segments that an encoder pushes, and the order in which its playlist names them: uploads may overlap, and a playlist may
 * overtake what it lists. Holds a bounded amount.
 */

import { readPushedPlaylist } from '../../media/pushed-playlist.ts';
import type { Intake } from './intake.ts';

const MAX_HELD_SEGMENTS = 64;

export interface PushedSegments {
  /** An upload has begun. */
  begun(name: string): void;
  /** It was given up. */
  abandoned(name: string): void;
  /** It is whole; false if there is no room for it. */
  whole(name: string, bytes: Uint8Array): boolean;
  /** False if it is no playlist. */
  playlist(text: string): boolean;
  remove(name: string): void;
  /** Bytes that are still taken. */
  readonly room: number;
  clear(): void;
}

export function createPushedSegments(maxHeldBytes: number, intake: Intake): PushedSegments {
  const held = new Map<string, Uint8Array>();
  const uploading = new Map<string, number>();
  let heldBytes = 0;
  let listed: readonly {
    readonly sequence: number;
    readonly name: string;
    readonly isDiscontinuous: boolean;
  }[] = [];
  /** The media sequence number that comes next; null before the first. */
  let next: number | null = null;

  const remove = (name: string): void => {
    heldBytes -= held.get(name)?.length ?? 0;
    held.delete(name);
  };

  const settle = (name: string): void => {
    const count = (uploading.get(name) ?? 0) - 1;
    if (count > 0) uploading.set(name, count);
    else uploading.delete(name);
  };

  /** Gives the intake what is listed, in order, up to the first that is still under way. */
  const feed = (): void => {
    for (const { sequence, name, isDiscontinuous } of listed) {
      if (next !== null && sequence < next) continue;
      const bytes = held.get(name);
      if (bytes === undefined && uploading.has(name)) return;
      // What was listed before the first upload came from another time.
      if (bytes === undefined && next === null) continue;
      if (bytes === undefined) intake.missing(name);
      if (isDiscontinuous || bytes === undefined || (next !== null && sequence !== next)) intake.interrupt();
      if (bytes !== undefined) intake.bytes(bytes);
      remove(name);
      next = sequence + 1;
    }
  };

  const clear = (): void => {
    held.clear();
    heldBytes = 0;
    listed = [];
    next = null;
  };

  return {
    begun: (name) => {
      uploading.set(name, (uploading.get(name) ?? 0) + 1);
    },
    abandoned: settle,
    whole: (name, bytes) => {
      settle(name);
      remove(name);
      if (held.size >= MAX_HELD_SEGMENTS || heldBytes + bytes.length > maxHeldBytes) return false;
      held.set(name, bytes);
      heldBytes += bytes.length;
      feed();
      return true;
    },
    playlist: (text) => {
      const playlist = readPushedPlaylist(text);
      if (playlist === null) return false;
      const last = playlist.segments.at(-1);
      // Numbers that go back are those of an encoder that has begun anew.
      if (next !== null && last !== undefined && last.sequence + 1 < next) {
        next = null;
        intake.interrupt();
      }
      listed = playlist.segments;
      feed();
      if (playlist.isEnded) {
        clear();
        intake.leave('its playlist has ended');
      }
      return true;
    },
    remove,
    get room() {
      return maxHeldBytes - heldBytes;
    },
    clear,
  };
}
