/**
 * What a viewer needs to join: the stream's configuration, where the tracker is and by which keys it and the broadcaster are known,
 * and a token that lets its holder in. One line of text; a secret in so far as the token is one.
 *
 *   concordat-stream: base64url of   u8 version (1) | bytes config | text title | text host | u16 tracker's port | u16 port for joins |
 *                                    32 bytes tracker's pin | u16 broadcaster's port | 32 bytes its pin | bytes token |
 *                                    4 bytes of the SHA-256 of all before
 */

import { decodeToken, TOKEN_BYTES } from '@concordat/accountability';
import type { PeerAddress } from '@concordat/runtime';
import { sha256 } from '@concordat/runtime';
import { concatBytes, createReader, createWriter, equalBytes, fromHex, toHex } from '@concordat/wire';
import type { StreamConfig } from '../../config.ts';
import { decodeConfig, encodeConfig } from '../../config-codec.ts';
import { configProblems } from '../../soundness.ts';

export interface Invite {
  readonly config: StreamConfig;
  readonly title: string;
  readonly tracker: PeerAddress;
  /** Where the same tracker, under the same pin, hears strangers. */
  readonly joinPort: number;
  /** On the host of the tracker. It calls those who can be called, and is a relay for the others if its port is not 0. */
  readonly broadcaster: PeerAddress;
  /** As `encodeToken` of accountability. */
  readonly token: Uint8Array;
}

const SCHEME = 'concordat-stream:';
const VERSION = 1;
const PIN_BYTES = 32;
const CHECK_BYTES = 4;
const MAX_CONFIG_BYTES = 1024;
export const MAX_TITLE_BYTES = 200;
const MAX_HOST_BYTES = 200;
const MAX_TEXT = 8192;

const pinBytes = (pin: string): Uint8Array => fromHex(pin) ?? new Uint8Array(PIN_BYTES);

export function encodeInvite({ config, title, tracker, joinPort, broadcaster, token }: Invite): string {
  const writer = createWriter(512);
  writer.u8(VERSION);
  writer.bytes(encodeConfig(config));
  writer.text(title);
  writer.text(tracker.host);
  writer.u16(tracker.port);
  writer.u16(joinPort);
  writer.fixed(pinBytes(tracker.pin));
  writer.u16(broadcaster.port);
  writer.fixed(pinBytes(broadcaster.pin));
  writer.bytes(token);
  const body = writer.finish();
  const all = concatBytes([body, sha256(body).subarray(0, CHECK_BYTES)]);
  return SCHEME + Buffer.from(all).toString('base64url');
}

/** The invite in a line from anyone, or why it is none, as a clause for people. */
export function decodeInvite(text: string): Invite | string {
  const line = text.trim();
  if (!line.startsWith(SCHEME)) return `an invite begins with ${SCHEME}`;
  if (line.length > MAX_TEXT) return 'it is too long';
  const all = new Uint8Array(Buffer.from(line.slice(SCHEME.length), 'base64url'));
  const body = all.subarray(0, Math.max(0, all.length - CHECK_BYTES));
  if (!equalBytes(sha256(body).subarray(0, CHECK_BYTES), all.subarray(body.length)))
    return 'it is cut short, or mistyped';
  return readInvite(body) ?? 'it is of another version';
}

function readInvite(body: Uint8Array): Invite | string | null {
  const reader = createReader(body);
  if (reader.u8() !== VERSION) return null;
  const read = {
    config: reader.bytes(MAX_CONFIG_BYTES),
    title: reader.text(MAX_TITLE_BYTES),
    host: reader.text(MAX_HOST_BYTES),
    port: reader.u16(),
    joinPort: reader.u16(),
    pin: toHex(reader.fixed(PIN_BYTES)),
    broadcasterPort: reader.u16(),
    broadcasterPin: toHex(reader.fixed(PIN_BYTES)),
    token: reader.bytes(TOKEN_BYTES),
  };
  const whole = reader.finish(read);
  const config = whole === null ? null : decodeConfig(whole.config);
  if (whole === null || config === null || decodeToken(whole.token) === null) return null;
  const [problem] = configProblems(config);
  if (problem !== undefined) return `its configuration is unsound: ${problem}`;
  const { title, host, port, joinPort, pin, token } = whole;
  const broadcaster = { host, port: whole.broadcasterPort, pin: whole.broadcasterPin };
  return { config, title, tracker: { host, port, pin }, joinPort, broadcaster, token };
}
