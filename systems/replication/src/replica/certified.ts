/** What a commit certificate covers, for whoever reads one. */

import type { CommitCertificate } from './messages.ts';

/** The last slot that all of its acknowledgements cover. */
export const certifiedEnd = ({ acknowledgements }: CommitCertificate): number =>
  Math.min(...acknowledgements.map(({ slot }) => slot));
