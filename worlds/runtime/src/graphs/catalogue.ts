/**
 * Public graphs that people measure detection on, and how to read them. They belong to others, so they are fetched, never shipped. A digest
 * that is not known here must be given by whoever fetches: from a publisher that states one, or from a copy that is trusted. Nobody's bytes
 * are taken for the real ones only because they came first.
 */

import { join } from 'node:path';
import { type FetchOptions, fetchFile } from './fetch.ts';
import { GraphError } from './graph-error.ts';
import type { LoadOptions } from './load.ts';

export interface DataSet {
  readonly name: string;
  readonly description: string;
  readonly nodeCount: number;
  readonly edgeCount: number;
  /** What its publisher says about using it. */
  readonly licence: string;
  readonly url: string;
  /** Name of the file. */
  readonly file: string;
  /** Of the file as published; null: not known here. */
  readonly sha256: string | null;
  /** How `loadGraph` reads it. */
  readonly options: LoadOptions;
}

const SNAP = 'https://snap.stanford.edu/data';
const SNAP_LICENCE = 'SNAP: free to use for research, cite the paper that its page names';
const GEMSEC = 'https://raw.githubusercontent.com/benedekrozemberczki/GEMSEC/master/data/deezer_clean_data';

export const DATA_SETS: readonly DataSet[] = [
  {
    name: 'ego-facebook',
    description: 'friendships of ten people and their friends on Facebook, undirected',
    ...{ nodeCount: 4039, edgeCount: 88_234, licence: SNAP_LICENCE, sha256: null },
    ...{ url: `${SNAP}/facebook_combined.txt.gz`, file: 'facebook_combined.txt.gz', options: {} },
  },
  {
    name: 'soc-epinions1',
    description: 'who trusts whom on Epinions, directed; counted here as undirected',
    ...{ nodeCount: 75_879, edgeCount: 405_740, licence: SNAP_LICENCE, sha256: null },
    ...{ url: `${SNAP}/soc-Epinions1.txt.gz`, file: 'soc-Epinions1.txt.gz', options: {} },
  },
  {
    name: 'wiki-vote',
    description: 'who voted for whom to be an administrator of Wikipedia, directed',
    ...{ nodeCount: 7115, edgeCount: 103_689, licence: SNAP_LICENCE, sha256: null },
    ...{ url: `${SNAP}/wiki-Vote.txt.gz`, file: 'wiki-Vote.txt.gz', options: { isDirected: true } },
  },
  {
    name: 'bitcoin-otc',
    description:
      'ratings among traders on Bitcoin OTC, -10 to 10, directed and with times; the positive ones are read',
    ...{ nodeCount: 5881, edgeCount: 35_592, licence: SNAP_LICENCE, sha256: null },
    ...{ url: `${SNAP}/soc-sign-bitcoinotc.csv.gz`, file: 'soc-sign-bitcoinotc.csv.gz' },
    options: { weight: 2, time: 3, notPositive: 'skip', isDirected: true },
  },
  {
    name: 'deezer-hu',
    description: 'friendships on Deezer in Hungary, undirected',
    ...{ nodeCount: 47_538, edgeCount: 222_887, licence: 'GPL-3.0 (GEMSEC)', sha256: null },
    ...{ url: `${GEMSEC}/HU_edges.csv`, file: 'deezer-hu.csv', options: { hasHeader: true } },
  },
  {
    name: 'deezer-ro',
    description: 'friendships on Deezer in Romania, undirected',
    ...{ nodeCount: 41_773, edgeCount: 125_826, licence: 'GPL-3.0 (GEMSEC)', sha256: null },
    ...{ url: `${GEMSEC}/RO_edges.csv`, file: 'deezer-ro.csv', options: { hasHeader: true } },
  },
];

export interface FetchDataSetOptions extends Omit<FetchOptions, 'url' | 'file' | 'sha256'> {
  /** In place of the catalogue's. */
  readonly sha256?: string;
}

/**
 * Fetches a data set into `folder`, unless it is there and right; returns its file. Throws `GraphError`: what `fetchFile` throws, and
 * `no-digest` where neither the catalogue nor the caller has one.
 */
export async function fetchDataSet(
  dataSet: DataSet,
  folder: string,
  options: FetchDataSetOptions = {},
): Promise<string> {
  const file = join(folder, dataSet.file);
  const sha256 = options.sha256 ?? dataSet.sha256;
  if (sha256 === null)
    throw new GraphError(
      'no-digest',
      dataSet.url,
      `the SHA-256 of ${dataSet.name} is not known here: give that of a copy you trust (sha256sum FILE)`,
    );
  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new GraphError(
      'no-digest',
      dataSet.url,
      `not a SHA-256 of 64 hexadecimal digits: ${sha256.slice(0, 80)}`,
    );
  await fetchFile({ ...options, url: dataSet.url, file, sha256 });
  return file;
}
