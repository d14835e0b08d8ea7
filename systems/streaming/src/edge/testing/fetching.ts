/** What players ask of a server, for tests: with a deadline, and with headers that browsers would not let one choose. */

import { type IncomingHttpHeaders, request } from 'node:http';

export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export function fetched(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false, timeout: 20_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asking.on('error', reject);
    asking.on('timeout', () => asking.destroy(new Error(`no answer from ${url}`)));
    asking.end(body);
  });
}

/** The names of segments in a playlist. */
export const segmentsIn = (playlist: string): readonly string[] =>
  playlist.split('\n').filter((line) => /^\d+\.ts$/.test(line));

/** Resolves once `holds`; rejects after a deadline. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`it never came to be that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
