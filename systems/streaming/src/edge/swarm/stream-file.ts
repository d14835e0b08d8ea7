/** The file that says what stream a folder has: its configuration, which is public. */

import { fromHex, toHex } from '@concordat/wire';
import type { StreamConfig } from '../../config.ts';
import { decodeConfig, encodeConfig } from '../../config-codec.ts';
import { decodeInvite } from './invite.ts';

export const STREAM_FILE = 'stream.json';
const VERSION = 1;

export const formatStreamFile = (title: string, config: StreamConfig): string =>
  `${JSON.stringify({ version: VERSION, title, config: toHex(encodeConfig(config)) })}\n`;

/** Null if the text is damaged, or of another version. */
export function parseStreamFile(text: string): StreamConfig | null {
  try {
    const { version, config } = JSON.parse(text);
    const bytes = version === VERSION && typeof config === 'string' ? fromHex(config) : null;
    return bytes === null ? null : decodeConfig(bytes);
  } catch {
    return null;
  }
}

/** What stream an invite, or the text of a stream's file, is about; a clause for people if it is neither. */
export function streamOf(text: string): StreamConfig | string {
  if (text.trimStart().startsWith('{'))
    return parseStreamFile(text) ?? 'it is damaged, or of another version';
  const invite = decodeInvite(text);
  return typeof invite === 'string' ? invite : invite.config;
}
