/** What is counted about links on demand: each peer in use, and each circuit, has lines of its own. */

import type { Measured, Metrics } from '../metrics/metrics.ts';
import type { Account } from './accounts.ts';
import type { Peers } from './peers.ts';

type Observed = Omit<Peers<never>, 'exit'>;

export function observePeers(metrics: Metrics, peers: Observed): void {
  const { gauge } = metrics;
  gauge('concordat_peers_known', 'Peers that may be linked.', () => peers.known.size);
  gauge('concordat_peers_linked', 'Peers whose link is up.', () => peers.linked.length);
  gauge(
    'concordat_peers_in_use',
    'Peers that are linked, called, or waited for.',
    () => peers.inUse().length,
  );
  gauge('concordat_peer_relays', 'Relays through which this peer is reached.', () => peers.relays.length);
  gauge('concordat_peers_waiting_bytes', 'For peers, not yet taken by their links.', () =>
    peers.inUse().reduce((sum, { outgoingBytes }) => sum + outgoingBytes, 0),
  );
  metrics.measured(() => [uploads(peers), uploadsInAll(peers), ...circuits(peers)]);
}

type Sample = Measured['samples'][number];

const byClass = (
  { payloadBytes, overheadBytes }: Readonly<Account>,
  labels: Readonly<Record<string, string>>,
): Sample[] => [
  { labels: { ...labels, class: 'payload' }, value: payloadBytes },
  { labels: { ...labels, class: 'overhead' }, value: overheadBytes },
];

const uploads = ({ accounts, inUse }: Observed): Measured => ({
  name: 'concordat_peer_upload_bytes_total',
  kind: 'counter',
  samples: inUse().flatMap(({ id }) => byClass(accounts.of(id), { peer: String(id) })),
});

const uploadsInAll = ({ accounts }: Observed): Measured => ({
  name: 'concordat_peers_upload_bytes_total',
  kind: 'counter',
  samples: byClass(accounts.total, {}),
});

function circuits({ relay }: Observed): Measured[] {
  if (relay === null) return [];
  const { circuits: open } = relay;
  return [
    {
      name: 'concordat_relay_registered',
      kind: 'gauge',
      samples: [{ value: relay.registered }],
    },
    { name: 'concordat_relay_circuits', kind: 'gauge', samples: [{ value: open.length }] },
    { name: 'concordat_relay_bytes_total', kind: 'counter', samples: [{ value: relay.bytes }] },
    {
      name: 'concordat_relay_circuit_bytes',
      kind: 'gauge',
      samples: [...bytesByPair(open)].map(([pair, value]) => {
        const [from = '', to = ''] = pair.split(' ');
        return { labels: { from, to }, value };
      }),
    },
  ];
}

/** Two peers may have several circuits for a moment; Prometheus takes one line for each. */
function bytesByPair(open: NonNullable<Observed['relay']>['circuits']): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { from, to, bytes } of open) {
    const pair = `${from} ${to}`;
    sums.set(pair, (sums.get(pair) ?? 0) + bytes);
  }
  return sums;
}
