import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkOrderedWrites } from './ordered-writes.ts';
import { FAULTS, simulateZnodes } from './testing/znode-store.ts';
import type { Change, Stat, ZnodeOperation, ZnodeOutput } from './znode-history.ts';

/** Writes down histories by hand: one operation per line, each taking a moment unless times are given. */
function script() {
  const history: ZnodeOperation[] = [];
  let now = 0;
  const add = (session: number, input: ZnodeOperation['input'], output: ZnodeOutput | null): void => {
    const invokedAt = now + 1;
    now += 2;
    history.push({ session, invokedAt, input, outcome: output === null ? null : { at: now, output } });
  };
  const stat = (czxid: number, mzxid: number, version: number): Stat => ({ czxid, mzxid, version });
  const write = (session: number, changes: readonly Change[], zxid: number | null, stats: (Stat | null)[]) =>
    add(session, { kind: 'write', changes }, zxid === null ? null : { kind: 'written', zxid, stats });
  return {
    history,
    create: (session: number, path: string, value: string, zxid: number | null) =>
      write(session, [{ kind: 'create', path, value }], zxid, [zxid === null ? null : stat(zxid, zxid, 0)]),
    set: (
      session: number,
      path: string,
      value: string,
      at: [number, number, number] | null,
      expected: number | null = null,
    ) =>
      write(session, [{ kind: 'set', path, value, expected }], at?.[1] ?? null, [
        at === null ? null : stat(...at),
      ]),
    delete: (session: number, path: string, zxid: number | null) =>
      write(session, [{ kind: 'delete', path, expected: null }], zxid, [null]),
    multi: write,
    refuse: (
      session: number,
      change: Change,
      zxid: number,
      code: 'node-exists' | 'no-node' | 'bad-version',
    ) => add(session, { kind: 'write', changes: [change] }, { kind: 'refused', zxid, code, change: 0 }),
    read: (
      session: number,
      path: string,
      value: string | null,
      at: [number, number, number] = [0, 0, 0],
      zxid: number | null = null,
    ) =>
      add(
        session,
        { kind: 'read', path },
        { kind: 'seen', zxid, node: value === null ? null : { value, stat: stat(...at) } },
      ),
    sync: (session: number, zxid: number | null = null) =>
      add(session, { kind: 'sync' }, { kind: 'synced', zxid }),
  };
}

type Script = ReturnType<typeof script>;

function judge(play: (run: Script) => void) {
  const run = script();
  play(run);
  return checkOrderedWrites(run.history);
}

const accepts = (play: (run: Script) => void): void => {
  const { verdict, explanation } = judge(play);
  assert.equal(verdict, 'ok', explanation);
};

const rejects = (rule: string, play: (run: Script) => void): void => {
  const { verdict, problem, explanation } = judge(play);
  assert.equal(verdict, 'violated');
  assert.equal(problem?.rule, rule, explanation);
};

describe('what ZooKeeper promises', () => {
  it('lets reads be stale, in another session', () => {
    accepts((run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.read(1, '/a', null);
      run.read(1, '/a', 'a0', [1, 1, 0]);
      run.read(1, '/a', 'a1', [1, 2, 1]);
    });
  });
  it('rejects a session that goes back in time', () => {
    rejects('stale', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.read(1, '/a', 'a1', [1, 2, 1]);
      run.read(1, '/a', 'a0', [1, 1, 0]);
    });
    rejects('went-back', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.read(1, '/a', 'a1', [1, 2, 1], 2);
      run.read(1, '/b', null, [0, 0, 0], 1);
    });
  });
  it('rejects going back across nodes: cause seen, then the state before it', () => {
    rejects('stale', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.create(0, '/b', 'b0', 2);
      run.read(1, '/b', 'b0', [2, 2, 0]);
      run.read(1, '/a', null);
    });
  });
  it('rejects a session that does not see its own write', () => {
    rejects('stale', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.read(0, '/a', 'a0', [1, 1, 0]);
    });
  });
  it('wants a read after a sync to be fresh', () => {
    const play = (isSynced: boolean) => (run: Script) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      if (isSynced) run.sync(1);
      run.read(1, '/a', 'a0', [1, 1, 0]);
    };
    accepts(play(false));
    rejects('stale', play(true));
    rejects('sync', (run) => {
      run.create(0, '/a', 'a0', 5);
      run.sync(1, 4);
    });
  });
  it('rejects reads from the future', () => {
    rejects('future', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.read(1, '/a', 'a1', [1, 2, 1]);
      run.set(0, '/a', 'a1', [1, 2, 1]);
    });
    rejects('from-nowhere', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.read(1, '/a', 'never written', [1, 2, 1]);
    });
  });
  it('rejects writes in another order than real time', () => {
    rejects('real-time', (run) => {
      run.create(0, '/a', 'a0', 2);
      run.create(1, '/b', 'b0', 1);
    });
  });
  it('rejects a lost write: the next one takes its version', () => {
    rejects('chain', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.set(1, '/a', 'a2', [1, 3, 1]);
    });
  });
  it('rejects a duplicated write', () => {
    rejects('claims', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.read(1, '/a', 'a1', [1, 3, 2]);
    });
    rejects('chain', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.set(0, '/a', 'a2', [1, 4, 3]);
    });
  });
  it('rejects a split brain', () => {
    rejects('split-brain', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'left', [1, 2, 1]);
      run.set(1, '/a', 'right', [1, 2, 1]);
    });
  });
  it('rejects a delete that does not last', () => {
    const untilDeleted = (run: Script): void => {
      run.create(0, '/a', 'a0', 1);
      run.delete(0, '/a', 2);
    };
    rejects('stale', (run) => {
      untilDeleted(run);
      run.read(0, '/a', 'a0', [1, 1, 0]);
    });
    rejects('chain', (run) => {
      untilDeleted(run);
      run.set(0, '/a', 'a1', [1, 3, 1]);
    });
    rejects('outcome', (run) => {
      untilDeleted(run);
      run.refuse(0, { kind: 'create', path: '/a', value: 'a1' }, 3, 'node-exists');
    });
  });
  it('rejects half a multi', () => {
    rejects('stale', (run) => {
      const [a, b] = ['/a', '/b'].map((path): Change => ({ kind: 'create', path, value: `${path}0` }));
      run.multi(0, [a!, b!], 1, [null, null]);
      run.read(1, '/a', '/a0', [1, 1, 0]);
      run.read(1, '/b', null);
    });
  });
  it('judges refusals by the state that they met', () => {
    accepts((run) => {
      run.refuse(0, { kind: 'set', path: '/a', value: 'x', expected: null }, 1, 'no-node');
      run.create(0, '/a', 'a0', 2);
      run.refuse(0, { kind: 'create', path: '/a', value: 'y' }, 3, 'node-exists');
      run.refuse(0, { kind: 'delete', path: '/a', expected: 4 }, 4, 'bad-version');
    });
    rejects('outcome', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.refuse(0, { kind: 'delete', path: '/a', expected: 0 }, 2, 'bad-version');
    });
    rejects('chain', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1], 7);
    });
  });
  it('says unknown when a value does not name its write', () => {
    const { verdict } = judge((run) => {
      run.create(0, '/a', 'same', 1);
      run.delete(0, '/a', 2);
      run.create(0, '/a', 'same', 3);
    });
    assert.equal(verdict, 'unknown');
  });
  it('explains what it found, with the operations', () => {
    const { explanation } = judge((run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.read(0, '/a', 'a0', [1, 1, 0]);
    });
    assert.match(explanation, /^stale: a0 was the state from zxid 1 until 2, not at 2\n/);
    assert.match(explanation, /#2 session 0, 5 to 6: read \/a -> saw a0, version 0, mzxid 1$/);
  });
});

describe('unanswered writes', () => {
  it('may have happened, or not', () => {
    for (const isSeen of [true, false]) {
      accepts((run) => {
        run.create(0, '/a', 'a0', 1);
        run.set(1, '/a', 'a1', null);
        if (isSeen) run.read(0, '/a', 'a1', [1, 2, 1]);
        else run.read(0, '/a', 'a0', [1, 1, 0]);
        run.set(0, '/a', 'a2', isSeen ? [1, 3, 2] : [1, 3, 1]);
      });
    }
  });
  it('cannot be seen and then be gone', () => {
    rejects('stale', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.set(1, '/a', 'a1', null);
      run.read(0, '/a', 'a1', [1, 2, 1]);
      run.read(0, '/a', 'a0', [1, 1, 0]);
    });
  });
  it('explain missing versions, each at most once', () => {
    const play = (version: number) => (run: Script) => {
      run.create(0, '/a', 'a0', 1);
      run.set(1, '/a', 'a1', null);
      run.set(0, '/a', 'a2', [1, 9, version]);
    };
    accepts(play(2));
    rejects('chain', play(3));
  });
  it('explain a node that vanished, but not its return', () => {
    const untilGone = (run: Script): void => {
      run.create(0, '/a', 'a0', 1);
      run.delete(1, '/a', null);
      run.read(0, '/a', null);
    };
    accepts(untilGone);
    accepts((run) => {
      untilGone(run);
      run.create(0, '/a', 'a1', 9);
    });
    rejects('went-back', (run) => {
      untilGone(run);
      run.read(0, '/a', 'a0', [1, 1, 0], 9);
    });
  });
  it('explain a node that vanished and came back before somebody deleted it', () => {
    const play = (isRecreated: boolean, expected: number | null) => (run: Script) => {
      run.create(0, '/a', 'a0', 1);
      run.set(0, '/a', 'a1', [1, 2, 1]);
      run.delete(1, '/a', null);
      if (isRecreated) run.create(2, '/a', 'a2', null);
      run.read(0, '/a', null);
      run.multi(0, [{ kind: 'delete', path: '/a', expected }], 9, [null]);
    };
    accepts(play(true, null));
    accepts(play(true, 0));
    rejects('future', play(false, null));
  });
  it('need not have happened before somebody deleted the node', () => {
    accepts((run) => {
      run.create(0, '/a', 'a0', 1);
      run.delete(1, '/a', null);
      run.create(2, '/a', 'a1', null);
      run.create(0, '/b', 'b0', 8);
      run.read(0, '/a', 'a0', [1, 1, 0], 8);
      run.delete(0, '/a', 9);
    });
  });
  it('cannot explain what was seen before they were invoked', () => {
    rejects('stale', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.read(0, '/a', null);
      run.delete(1, '/a', null);
    });
  });
  it('that vanish a node do so once for everybody', () => {
    rejects('stale', (run) => {
      run.create(0, '/a', 'a0', 1);
      run.delete(1, '/a', null);
      run.read(2, '/a', 'a0', [1, 1, 0], 7);
      run.read(3, '/a', null, [0, 0, 0], 5);
    });
  });
});

describe('histories of a store', () => {
  const verdictsOf = (
    options: Omit<Parameters<typeof simulateZnodes>[1], 'operations'>,
    seeds: number,
    operations = 300,
  ) =>
    Array.from({ length: seeds }, (_, seed) =>
      checkOrderedWrites(simulateZnodes(seed, { operations, ...options })),
    );

  for (const claimsReads of [true, false]) {
    it(`passes if the store is correct, reads ${claimsReads ? 'with' : 'without'} zxid`, () => {
      for (const [seed, { verdict, explanation }] of verdictsOf({ claimsReads }, 60).entries()) {
        assert.equal(verdict, 'ok', `seed ${seed}: ${explanation}`);
      }
      // With lost answers a history may say too little, but never that the store is wrong.
      const lossy = [0.05, 0.3].flatMap((loss) => verdictsOf({ claimsReads, loss }, 60));
      for (const { verdict, explanation } of lossy) assert.notEqual(verdict, 'violated', explanation);
      assert.ok(lossy.filter(({ verdict }) => verdict === 'ok').length > 100);
    });
  }
  for (const fault of FAULTS) {
    it(`fails if the store has a fault: ${fault}`, () => {
      const runs = [true, false].flatMap((claimsReads) => verdictsOf({ fault, claimsReads }, 20, 800));
      const caught = runs.filter(({ verdict }) => verdict === 'violated').length;
      // A fault that no client could notice in a run is none.
      assert.ok(caught >= 30, `caught in ${caught} of ${runs.length} runs`);
    });
  }
  it('judges tens of thousands of operations', () => {
    const history = simulateZnodes(1, { operations: 40_000, claimsReads: true, loss: 0.001 });
    assert.equal(checkOrderedWrites(history).verdict, 'ok');
  });
});
