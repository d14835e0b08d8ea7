/**
 * Public graphs that people measure detection on, and how to read them. They belong to others, so they are fetched, never shipped, and taken
 * for the real ones by their digests alone: who serves them does not matter. Where the publisher's own file has no digest that anybody wrote
 * down, the address is one commit of a public repository that holds the file.
 */

import { join } from 'node:path';
import { type FetchOptions, fetchFile } from './fetch.ts';
import { GraphError } from './graph-error.ts';
import type { LoadOptions } from './load.ts';

export interface DataSet {
  readonly name: string;
  readonly description: string;
  /** Of a file that only names accounts: how many it names, and 0. */
  readonly nodeCount: number;
  readonly edgeCount: number;
  /** What its publisher says about using it. */
  readonly licence: string;
  readonly url: string;
  /** Name of the file. */
  readonly file: string;
  /** Of the file as served from `url`. */
  readonly sha256: string;
  /** How `loadGraph` reads it; null: it is no graph, but labels of another one's accounts. */
  readonly options: LoadOptions | null;
}

const SNAP = 'https://snap.stanford.edu/data';
const SNAP_LICENCE = 'SNAP: free to use for research, cite the paper that its page names';
const ON_GITHUB = 'https://raw.githubusercontent.com';
const EPINIONS_COPY = `${ON_GITHUB}/adriacabeza/GraphClustering/9a9c6f5623102bc9d657818de74a20ac192527c3/data`;
const OTC_COPY = `${ON_GITHUB}/mertakyildiz/Bitcoin-OTC-Motif-Detection/d108493d21c90bcd0507dbd96c17132b2c50f6bc/data`;
const GEMSEC = `${ON_GITHUB}/benedekrozemberczki/GEMSEC/master/data/deezer_clean_data`;

export const DATA_SETS: readonly DataSet[] = [
  {
    name: 'ego-facebook',
    description: 'friendships of ten people and their friends on Facebook, undirected',
    ...{ nodeCount: 4039, edgeCount: 88_234, licence: SNAP_LICENCE, options: {} },
    ...{ url: `${SNAP}/facebook_combined.txt.gz`, file: 'ego-facebook.txt.gz' },
    sha256: '125e84db872eeba443d270c70315c256b0af43a502fcfe51f50621166ad035d7',
  },
  {
    name: 'soc-epinions1',
    description: 'who trusts whom on Epinions, made undirected',
    ...{ nodeCount: 75_877, edgeCount: 405_739, licence: SNAP_LICENCE, options: {} },
    ...{ url: `${EPINIONS_COPY}/soc-Epinions1.txt`, file: 'soc-epinions1.txt' },
    sha256: '9d555a4900127b0eb656c2c723b9062941c3a082142716bee54bd7042b0f89d6',
  },
  {
    name: 'deezer-hu',
    description: 'friendships on Deezer in Hungary, undirected',
    ...{ nodeCount: 47_538, edgeCount: 222_887, licence: 'GPL-3.0 (GEMSEC)' },
    ...{ url: `${GEMSEC}/HU_edges.csv`, file: 'deezer-hu.csv', options: { hasHeader: true } },
    sha256: '4f89a0cba9d89d25d4fe97403097731a0fc909e9fcf03c8b9d9c0ddeb5b4c6c1',
  },
  {
    name: 'bitcoin-otc',
    description:
      'ratings among traders on Bitcoin OTC, -10 to 10, directed and with times; the positive ones are read',
    ...{ nodeCount: 5881, edgeCount: 35_592, licence: SNAP_LICENCE },
    ...{ url: `${OTC_COPY}/soc-sign-bitcoinotc.csv`, file: 'bitcoin-otc.csv' },
    options: { weight: 2, time: 3, notPositive: 'skip', isDirected: true },
    sha256: '76bd9d8f1d3ff9a1813d9fc8e6902a0ee4d0a2f8c1003842dbc9ec79149ab60c',
  },
  {
    name: 'bitcoin-otc-labels',
    description: 'which of those traders are known to be honest (136) or fraudulent (180)',
    ...{
      nodeCount: 316,
      edgeCount: 0,
      licence: 'none stated (ground truth of REV2, WSDM 2018)',
      options: null,
    },
    ...{ url: `${OTC_COPY}/otc_gt.csv`, file: 'bitcoin-otc-labels.csv' },
    sha256: '18f6e4a46ea04eaa50745ba37fb3e68aa172cb91322dd9b6068a4fb6bedbfbc0',
  },
];

export interface FetchDataSetOptions extends Omit<FetchOptions, 'url' | 'file' | 'sha256'> {
  /** In place of the catalogue's: of the same data otherwise packed. */
  readonly sha256?: string;
}

/**
 * Fetches a data set into `folder`, unless it is there and right; returns its file. Throws `GraphError`: what `fetchFile` throws, and
 * `bad-digest` where what the caller gave is none.
 */
export async function fetchDataSet(
  dataSet: DataSet,
  folder: string,
  options: FetchDataSetOptions = {},
): Promise<string> {
  const file = join(folder, dataSet.file);
  const sha256 = options.sha256 ?? dataSet.sha256;
  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new GraphError(
      'bad-digest',
      dataSet.url,
      `not a SHA-256 of 64 hexadecimal digits: ${sha256.slice(0, 80)}`,
    );
  await fetchFile({ ...options, url: dataSet.url, file, sha256 });
  return file;
}
