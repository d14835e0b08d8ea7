/** What the host counts and logs about itself: turns, syncs, links, queues, and every note by its kind. */

import type { Note } from '@concordat/kernel';
import type { Journal } from '../journal/journal.ts';
import type { LinkEvents, Links } from '../links/links.ts';
import type { Port } from '../listeners/listener.ts';
import type { Logger } from '../logs/logger.ts';
import type { Counter, Metrics } from '../metrics/metrics.ts';
import { type LoopDelay, watchLoopDelay } from './loop-delay.ts';
import type { Offload } from './offload.ts';
import type { TurnLoop, TurnObserver } from './turns.ts';

export interface HostObserver extends TurnObserver {
  note(note: Note): void;
  readonly links: Omit<LinkEvents<never>, 'ready'>;
  /** Registers gauges that read the parts of a running host. */
  queues<S, M>(
    loop: TurnLoop<S, M>,
    journal: Journal,
    offload: Offload,
    links: Links | null,
    ports: readonly Port[],
  ): void;
  close(): void;
}

/** Kinds come from code, not from peers; the bound is for a kind that was built from data by mistake. */
const KINDS_MAX = 512;

/** While a turn lasts nothing else happens here, and nothing leaves before the sync: others begin to wonder. */
const SLOW_MS = 250;

export function observeHost(metrics: Metrics, logger: Logger, onNote?: (note: Note) => void): HostObserver {
  const turnSeconds = metrics.histogram('concordat_turn_seconds', 'Duration of turns.', 1e-6);
  const turnMessages = metrics.histogram('concordat_turn_messages', 'Messages handled by a turn.', 1);
  const syncSeconds = metrics.histogram('concordat_sync_seconds', 'Duration of journal syncs.', 1e-6);
  const syncRecords = metrics.histogram('concordat_sync_records', 'Records made durable by one sync.', 1);
  const sentBytes = metrics.counter('concordat_link_sent_bytes_total', 'Bytes sent to members and peers.');
  const receivedBytes = metrics.counter(
    'concordat_link_received_bytes_total',
    'Bytes received from members and peers.',
  );
  const lost = metrics.counter(
    'concordat_link_lost_total',
    'Messages for members and peers that had no link.',
  );
  const kinds = new Map<string, Counter>();
  let delay: LoopDelay | null = null;

  const counterOf = (kind: string): Counter => {
    const known = kinds.get(kind);
    if (known !== undefined) return known;
    const label = kinds.size < KINDS_MAX ? kind : 'other';
    const counter = metrics.counter('concordat_notes_total', 'Notes, by kind.', { kind: label });
    if (label === kind) kinds.set(kind, counter);
    return counter;
  };
  const note = (given: Note): void => {
    counterOf(given.kind).add();
    logger.debug('note', given);
    onNote?.(given);
  };
  return {
    note,
    turn: (durationMs, messages) => {
      turnSeconds.record(durationMs / 1000);
      turnMessages.record(messages);
      if (durationMs >= SLOW_MS) note({ kind: 'slow-turn', durationMs: Math.round(durationMs), messages });
    },
    synced: (durationMs, records) => {
      syncSeconds.record(durationMs / 1000);
      syncRecords.record(records);
      if (durationMs >= SLOW_MS) note({ kind: 'slow-sync', durationMs: Math.round(durationMs), records });
    },
    links: {
      note,
      sent: (bytes) => sentBytes.add(bytes),
      received: (bytes) => receivedBytes.add(bytes),
      lost: (messages) => lost.add(messages),
    },
    queues: (loop, journal, offload, links, ports) => {
      const gauge = metrics.gauge;
      // From here on: before it served, it kept nobody waiting.
      delay = watchLoopDelay();
      gauge(
        'concordat_event_loop_delay_max_seconds',
        'The longest time for which the thread was held since it started.',
        () => (delay?.maxMs ?? 0) / 1000,
      );
      gauge('concordat_held_turns', 'Turns whose sends wait for the disk.', () => loop.held);
      gauge('concordat_journal_end', 'Position after the last journal record.', () => journal.end);
      gauge(
        'concordat_journal_durable',
        'Journal records before this position are durable.',
        () => journal.durable,
      );
      gauge('concordat_offloaded_checks', 'Signature checks under way.', () => offload.waiting);
      for (const [id, peer] of links?.peers ?? []) {
        const labels = { peer: String(id) };
        gauge('concordat_link_up', 'Whether the link to a member is up.', () => Number(peer.isUp), labels);
        gauge('concordat_link_inbox_bytes', 'Received, waiting for a turn.', () => peer.inboxBytes, labels);
        gauge('concordat_link_outbox_bytes', 'Written, not yet taken.', () => peer.outboxBytes, labels);
      }
      for (const port of ports) {
        gauge('concordat_connections', 'Open client connections.', () => port.connections, {
          listener: port.name,
        });
      }
    },
    close: () => delay?.close(),
  };
}
