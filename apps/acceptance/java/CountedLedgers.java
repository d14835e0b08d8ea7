/*
 * Writes numbers into BookKeeper's ledgers, one after the other, and reads them again. What was acknowledged and what was read
 * it says as Kafka's verifiable producer and consumer do: a partition is a ledger, an offset the number of an entry.
 *
 *   CountedLedgers write SERVICE     until it is killed
 *   CountedLedgers read SERVICE      all that there is, after recovery of ledgers that nobody has closed
 *   CountedLedgers places SERVICE    which bookies have each ledger
 */

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.TreeSet;
import org.apache.bookkeeper.client.api.BookKeeper;
import org.apache.bookkeeper.client.api.DigestType;
import org.apache.bookkeeper.client.api.LedgerEntries;
import org.apache.bookkeeper.client.api.LedgerEntry;
import org.apache.bookkeeper.client.api.ListLedgersResult;
import org.apache.bookkeeper.client.api.ReadHandle;
import org.apache.bookkeeper.client.api.WriteHandle;
import org.apache.bookkeeper.conf.ClientConfiguration;
import org.apache.bookkeeper.net.BookieId;

public class CountedLedgers {
    private static final byte[] PASSWORD = "counted".getBytes(UTF_8);
    private static final int ENTRIES_PER_LEDGER = 50;
    private static final long PAUSE_MS = 10;
    private static final long AFTER_FAILURE_MS = 200;

    public static void main(String[] args) throws Exception {
        ClientConfiguration configuration = new ClientConfiguration();
        configuration.setMetadataServiceUri(args[1]);
        try (BookKeeper bookKeeper = BookKeeper.newBuilder(configuration).build()) {
            switch (args[0]) {
                case "write" -> write(bookKeeper);
                case "read" -> read(bookKeeper);
                case "places" -> places(bookKeeper);
                default -> throw new IllegalArgumentException(args[0]);
            }
        }
    }

    private static void write(BookKeeper bookKeeper) throws InterruptedException {
        long number = 0;
        for (;;) {
            long id = -1;
            try (WriteHandle ledger = create(bookKeeper)) {
                id = ledger.getId();
                for (int i = 0; i < ENTRIES_PER_LEDGER; i++) {
                    number++;
                    long entry = ledger.append(Long.toString(number).getBytes(UTF_8));
                    say("producer_send_success", Long.toString(number), id, entry);
                    Thread.sleep(PAUSE_MS);
                }
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                // Its last number may be there or not, and is not written again: the next ledger goes on after it.
                print("gives up " + id + ": " + e);
                Thread.sleep(AFTER_FAILURE_MS);
            }
        }
    }

    private static WriteHandle create(BookKeeper bookKeeper) throws Exception {
        return bookKeeper.newCreateLedgerOp()
                .withEnsembleSize(3)
                .withWriteQuorumSize(3)
                .withAckQuorumSize(2)
                .withDigestType(DigestType.CRC32C)
                .withPassword(PASSWORD)
                .execute()
                .get();
    }

    private static void read(BookKeeper bookKeeper) throws Exception {
        for (long id : ledgers(bookKeeper)) {
            try (ReadHandle ledger = open(bookKeeper, id)) {
                long last = ledger.getLastAddConfirmed();
                if (last < 0) {
                    continue;
                }
                try (LedgerEntries entries = ledger.read(0, last)) {
                    for (LedgerEntry entry : entries) {
                        say("record_data", new String(entry.getEntryBytes(), UTF_8), id, entry.getEntryId());
                    }
                }
            }
        }
    }

    private static ReadHandle open(BookKeeper bookKeeper, long id) throws Exception {
        return bookKeeper.newOpenLedgerOp()
                .withLedgerId(id)
                .withRecovery(true)
                .withDigestType(DigestType.CRC32C)
                .withPassword(PASSWORD)
                .execute()
                .get();
    }

    private static void places(BookKeeper bookKeeper) throws Exception {
        for (long id : ledgers(bookKeeper)) {
            TreeSet<String> bookies = new TreeSet<>();
            for (List<BookieId> ensemble : bookKeeper.getLedgerMetadata(id).get().getAllEnsembles().values()) {
                ensemble.forEach(bookie -> bookies.add(bookie.toString()));
            }
            print("ledger " + id + " " + String.join(" ", bookies));
        }
    }

    /** In the order in which they were made. */
    private static Iterable<Long> ledgers(BookKeeper bookKeeper) throws Exception {
        TreeSet<Long> ids = new TreeSet<>();
        try (ListLedgersResult all = bookKeeper.newListLedgersOp().execute().get()) {
            all.toIterable().forEach(ids::add);
        }
        return ids;
    }

    private static void say(String name, String value, long ledger, long entry) {
        print("{\"name\":\"" + name + "\",\"value\":\"" + value + "\",\"partition\":" + ledger + ",\"offset\":" + entry + "}");
    }

    /** In one piece: whoever reads it must not get half a line when this process is killed. */
    private static void print(String line) {
        byte[] bytes = (line + "\n").getBytes(UTF_8);
        System.out.write(bytes, 0, bytes.length);
        System.out.flush();
    }
}
