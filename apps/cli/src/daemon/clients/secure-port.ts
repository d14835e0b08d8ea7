/**
 * The clients' port with TLS, ZooKeeper's `secureClientPort`: a server certificate, and authorities that decide which
 * client certificates hold. Its files can be exchanged while it runs: connections that exist stay as they are.
 */

import { constants, X509Certificate } from 'node:crypto';
import { createSecureContext, createServer, type SecureContextOptions, type Server } from 'node:tls';
import type { Address } from '@concordat/runtime';
import { CommandError, messageOf } from '../../errors.ts';
import { readPublicFile, readSecretFile } from './secret-files.ts';

/** ZooKeeper's `ssl.clientAuth`: nobody is asked, who shows a certificate needs one that holds, nobody gets in without. */
export const CLIENT_CERTIFICATES = ['none', 'wanted', 'needed'] as const;

export interface SecurePortOptions {
  readonly address: Address;
  /** PEM files. */
  readonly key: string;
  /** The server's certificate, then those between it and the authority that clients know. */
  readonly cert: string;
  /** The authorities of clients; null where nobody is asked for a certificate. */
  readonly ca: string | null;
  readonly certificates: (typeof CLIENT_CERTIFICATES)[number];
}

export interface SecurePort {
  readonly server: Server;
  /** Reads the files again and returns what puts them in force; throws a `CommandError` if they do not make a whole. */
  read(): () => void;
}

/** A client that says nothing holds a handshake for as long. */
const HANDSHAKE_MS = 10_000;

/** Throws a `CommandError` for files that cannot be read, are for others to read, or do not belong together. */
export function createSecurePort(options: SecurePortOptions): SecurePort {
  const { certificates } = options;
  const server = createServer({
    ...materialOf(options),
    requestCert: certificates !== 'none',
    // The listener rejects, and says why.
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_MS,
  });
  return {
    server,
    read: () => {
      const material = materialOf(options);
      return () => server.setSecureContext(material);
    },
  };
}

function materialOf({ key, cert, ca }: SecurePortOptions): SecureContextOptions {
  const authorities = ca === null ? null : readPublicFile('--clients-tls-ca', ca);
  const material: SecureContextOptions = {
    key: readSecretFile('--clients-tls-key', key),
    cert: readPublicFile('--clients-tls-cert', cert),
    ...(authorities !== null && { ca: authorities }),
    minVersion: 'TLSv1.2',
    // A resumed session would outlive the trust in its certificate; a renegotiation is work that clients could ask for.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
  try {
    createSecureContext(material);
    // Which would take a file without any certificate for nobody to trust.
    if (authorities !== null) new X509Certificate(authorities);
  } catch (error) {
    const files = [key, cert, ...(ca === null ? [] : [ca])].join(', ');
    throw new CommandError(
      'bad-certificate',
      `--clients-tls-*: ${files}: ${messageOf(error)}`,
      'They must be PEM, the key without a passphrase, and its own certificate the first of its file.',
    );
  }
  return material;
}
