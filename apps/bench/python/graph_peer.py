"""One library that ranks graphs, beside ours: it loads an edge list, then does what each line of standard input asks for.

usage: graph_peer.py igraph|networkx|scipy FILE

Requests and answers are one JSON object a line. An answer to a ranking has the CPU time that it took and, if asked for, leaves the
scores as 64-bit floats in the file that the request names. Nodes of FILE are numbers from 0 on.
"""

import json
import resource
import sys
import time


class Igraph:
    def __init__(self, file):
        import igraph

        self.igraph = igraph
        self.version = f"igraph {igraph.__version__} (prpack)"
        self.graph = igraph.Graph.Read_Edgelist(file, directed=False)

    def pagerank(self, damping, tolerance, seeds):
        # PRPACK has no tolerance to set: it stops at an error of 1e-10.
        if not seeds:
            return self.graph.pagerank(damping=damping, directed=False)
        return self.graph.personalized_pagerank(damping=damping, directed=False, reset_vertices=seeds)


class Networkx:
    def __init__(self, file):
        import networkx

        self.networkx = networkx
        self.version = f"networkx {networkx.__version__}"
        self.graph = networkx.read_edgelist(file, nodetype=int)

    def pagerank(self, damping, tolerance, seeds):
        count = self.graph.number_of_nodes()
        # Its tolerance is for each node.
        scores = self.networkx.pagerank(
            self.graph,
            alpha=damping,
            personalization=dict.fromkeys(seeds, 1) if seeds else None,
            tol=tolerance / count,
            max_iter=1000,
        )
        return [scores[node] for node in range(count)]


class Scipy:
    def __init__(self, file):
        import numpy
        import scipy
        import scipy.sparse

        self.numpy = numpy
        self.version = f"scipy {scipy.__version__}"
        ends = numpy.fromfile(file, dtype=numpy.int64, sep=" ").reshape(-1, 2)
        count = int(ends.max()) + 1
        rows = numpy.concatenate([ends[:, 0], ends[:, 1]])
        columns = numpy.concatenate([ends[:, 1], ends[:, 0]])
        values = numpy.ones(len(rows))
        self.matrix = scipy.sparse.csr_matrix((values, (rows, columns)), shape=(count, count))
        self.matrix.sort_indices()
        self.degrees = numpy.asarray(self.matrix.sum(axis=1)).ravel()

    def pagerank(self, damping, tolerance, seeds):
        numpy = self.numpy
        count = len(self.degrees)
        restart = numpy.full(count, 1 / count)
        if seeds:
            restart = numpy.zeros(count)
            restart[seeds] = 1 / len(seeds)
        scores = restart
        while True:
            former = scores
            scores = damping * (self.matrix @ (former / self.degrees)) + (1 - damping) * restart
            if numpy.abs(scores - former).sum() <= tolerance:
                return scores

    def sybilrank(self, seeds, steps):
        count = len(self.degrees)
        trust = self.numpy.zeros(count)
        trust[seeds] = count / len(seeds)
        for _ in range(steps):
            trust = self.matrix @ (trust / self.degrees)
        return trust


def save(scores, file):
    from array import array

    with open(file, "wb") as out:
        array("d", scores).tofile(out)


def main():
    library, file = sys.argv[1:]
    began = time.process_time()
    try:
        peer = {"igraph": Igraph, "networkx": Networkx, "scipy": Scipy}[library](file)
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    peak_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loaded = {"version": peer.version, "ms": 1000 * (time.process_time() - began), "peakBytes": 1024 * peak_kilobytes}
    print(json.dumps(loaded), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        began = time.process_time()
        scores = getattr(peer, request["algorithm"])(**request["arguments"])
        ms = 1000 * (time.process_time() - began)
        if request["into"] is not None:
            save(scores, request["into"])
        print(json.dumps({"ms": ms}), flush=True)


main()
