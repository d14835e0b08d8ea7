/** A service of the edge's tests whose operations are large: named contents, of which each replaces the one before. */

import { bytes, defineService, record, text, u53 } from '../service/index.ts';

const content = bytes(256 * 1024);

export const shelf = defineService({
  version: 1,
  state: (declare) => ({
    puts: declare.cell('puts', u53, 0),
    contents: declare.table('contents', text(16), content),
  }),
  operations: {
    put: {
      input: record({ name: text(16), content }),
      output: u53,
      execute: ({ state }, { name, content }) => {
        state.contents.set(name, content);
        state.puts.set(state.puts.get() + 1);
        return state.puts.get();
      },
    },
  },
  queries: {
    puts: { input: record({}), output: u53, answer: ({ state }) => state.puts.get() },
    content: {
      input: record({ name: text(16) }),
      output: content,
      answer: ({ state }, { name }) => state.contents.get(name) ?? new Uint8Array(0),
    },
  },
});
