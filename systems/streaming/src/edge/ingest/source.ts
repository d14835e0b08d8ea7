/** What a way in has to do: bring bytes to the intake, and stop. */

import type { BoundEndpoint } from '../listening.ts';

export interface OpenSource {
  /** Where publishers connect; null for a stream that is there already. */
  readonly endpoint: BoundEndpoint | null;
  close(): Promise<void>;
}
