/**
 * What a member's place in a configuration tells hosts: its name, its address and the pin of its links. The address is
 * empty where hosts know it from elsewhere; the port for outside clients is there only where there is one.
 *
 *   u32 length, name | u32 length, address (HOST:PORT) | u32 length, pin | u16 client port, or nothing
 */

import type { NodeId } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import { associateOf, type Configuration, delegateOf } from '../../governance/configuration.ts';

export interface Contact {
  readonly name: string;
  readonly address: string;
  readonly pin: string;
  readonly clientPort?: number;
}

const MAX_TEXT_BYTES = 256;

export function encodeContact({ name, address, pin, clientPort }: Contact): Uint8Array {
  const writer = createWriter(256);
  for (const text of [name, address, pin]) writer.text(text);
  if (clientPort !== undefined) writer.u16(clientPort);
  return writer.finish();
}

export function decodeContact(bytes: Uint8Array): Contact | null {
  const reader = createReader(bytes);
  const contact = {
    name: reader.text(MAX_TEXT_BYTES),
    address: reader.text(MAX_TEXT_BYTES),
    pin: reader.text(MAX_TEXT_BYTES),
  };
  return reader.finish(reader.rest === 0 ? contact : { ...contact, clientPort: reader.u16() });
}

export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

export const contactIn = (configuration: Configuration, id: NodeId): Contact | null =>
  decodeContact(
    (delegateOf(configuration, id) ?? associateOf(configuration, id))?.contact ?? new Uint8Array(0),
  );

/** What a member is called, by the configuration; its number if that does not say. */
export const nameIn = (configuration: Configuration, id: NodeId): string =>
  contactIn(configuration, id)?.name ?? `${id}`;

/** The member of this name, or null. */
export const memberNamed = (configuration: Configuration, name: string): NodeId | null =>
  configuration.members.find(({ id }) => nameIn(configuration, id) === name)?.id ?? null;
