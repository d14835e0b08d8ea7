/*
 * Takes the place of Curator's class of this name, which runs ZooKeeper's server inside the JVM of a test: the same
 * configuration goes to the program that the property concordat.server names, in a process of its own.
 */
package org.apache.curator.test;

import java.io.File;
import java.io.FileWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;

public class ZooKeeperServerEmbeddedAdapter implements ZooKeeperMainFace {
    private static final long START_MS = 60_000;
    /** A test that sets it for a server in its own JVM means its own server. */
    private static final String INTERVAL = "znode.container.checkIntervalMs";

    private volatile Process process;
    private volatile int port;

    @Override
    public void start(QuorumPeerConfigBuilder configBuilder) {
        try {
            Properties properties = configBuilder.buildProperties();
            boolean isAlone = properties.stringPropertyNames().stream().noneMatch(name -> name.startsWith("server."));
            port = Integer.parseInt(properties.getProperty("clientPort"));
            if (port == 0) {
                port = InstanceSpec.getRandomPort();
            }
            properties.setProperty("clientPort", Integer.toString(port));
            File dataDir = new File(properties.getProperty("dataDir"));
            dataDir.mkdirs();
            File config = new File(dataDir, "zoo.cfg");
            try (Writer to = new FileWriter(config)) {
                for (Map.Entry<Object, Object> entry : properties.entrySet()) {
                    to.write(entry.getKey() + "=" + entry.getValue() + "\n");
                }
            }
            File log = new File(System.getProperty("java.io.tmpdir"), "servers.log");
            ProcessBuilder builder =
                    new ProcessBuilder(System.getProperty("concordat.server"), "start-foreground", config.getPath())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
            String interval = System.getProperty(INTERVAL);
            if (interval != null) {
                builder.environment().put("SERVER_JVMFLAGS", "-D" + INTERVAL + "=" + interval);
            }
            process = builder.start();
            // The servers of an ensemble start one after the other, so the first cannot wait for the others.
            if (isAlone) {
                untilServing();
            }
        } catch (Exception e) {
            throw new FailedServerStartException(e);
        }
    }

    private void untilServing() throws Exception {
        long end = System.currentTimeMillis() + START_MS;
        while (System.currentTimeMillis() < end && process.isAlive()) {
            if (ask("srvr").contains("Mode: ")) {
                return;
            }
            Thread.sleep(20);
        }
        throw new IOException("no server at port " + port);
    }

    private String ask(String word) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(2_000);
            socket.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
            InputStream answer = socket.getInputStream();
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public int getClientPort() {
        return port;
    }

    @Override
    public void kill() {
        end(process.destroyForcibly());
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroy();
            end(process);
        }
    }

    private static void end(Process process) {
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
