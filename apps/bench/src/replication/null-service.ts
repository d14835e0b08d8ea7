/** The null service of the literature: it does nothing and replies with as many bytes as it was sent. */

import { bytes, defineService } from '@concordat/replication/edge';

const MAX_PAYLOAD_BYTES = 64 * 1024;

export const nullService = defineService({
  version: 1,
  state: () => null,
  operations: {
    run: {
      input: bytes(MAX_PAYLOAD_BYTES),
      output: bytes(MAX_PAYLOAD_BYTES),
      execute: (_context, sent) => sent,
    },
  },
});
