/** Each rule must reject a bad sample and accept its good twin: the rules themselves are tested. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { castsOf } from './form.mjs';
import { checkFile } from './index.mjs';
import { checkCasts, checkExceptions, checkManifest, checkRegistered } from './packages.mjs';
import { placeOf } from './places.mjs';
import { functionsOf, importsOf, readSource } from './source.mjs';

const manifestOf = (name, dependencies = []) => ({
  name: `@concordat/${name}`,
  exports: { '.': './dist/index.js', './deviations': './dist/deviations/index.js' },
  dependencies: Object.fromEntries(dependencies.map((other) => [`@concordat/${other}`, '0.1.0'])),
});
const packageOf = (folder, dependencies) => {
  const manifest = manifestOf(folder.split('/')[1], dependencies);
  return { folder, floor: folder.split('/')[0], name: manifest.name, manifest };
};
const PACKAGES = [
  packageOf('foundations/kernel', ['wire']),
  packageOf('foundations/wire', ['kernel']),
  packageOf('foundations/state', ['kernel', 'sim', 'accountability']),
  packageOf('foundations/accountability', ['kernel']),
  packageOf('worlds/sim', ['kernel', 'runtime', 'keeper']),
  packageOf('worlds/runtime', ['kernel']),
  packageOf('systems/keeper', ['kernel', 'sim', 'replication']),
  packageOf('systems/replication', ['kernel']),
  packageOf('systems/streaming', ['kernel']),
  packageOf('apps/cli', ['keeper', 'runtime', 'streaming']),
  packageOf('apps/lab', ['streaming']),
  packageOf('apps/acceptance', ['streaming']),
];
const NO_EXCEPTIONS = { fileLines: {}, functionLines: {}, casts: {} };
const HEADER = '/** What this is. */\n';

/** Messages for a file of this text at this path. */
const judge = (path, text, exceptions = NO_EXCEPTIONS) =>
  checkFile(placeOf(path), readSource(HEADER + text), PACKAGES, exceptions).map(({ message }) => message);

const rejects = (path, text, expected) => {
  const messages = judge(path, text);
  assert.ok(
    messages.some((message) => message.includes(expected)),
    `expected '${expected}', got ${JSON.stringify(messages)}`,
  );
};
const accepts = (path, text) => assert.deepEqual(judge(path, text), []);

const importing = (specifier) => `import { x } from '${specifier}';\n`;

describe('floors', () => {
  const CASES = [
    ['foundations/kernel/src/a.ts', '@concordat/wire', 'kernel < wire'],
    ['foundations/state/src/a.ts', '@concordat/accountability', 'kernel < wire'],
    ['foundations/state/src/a.ts', '@concordat/sim', 'downwards'],
    ['worlds/sim/src/a.ts', '@concordat/keeper', 'worlds know no system'],
    ['worlds/sim/src/a.ts', '@concordat/runtime', 'deterministic'],
    ['systems/keeper/src/a.ts', '@concordat/replication', 'systems never import each other'],
    ['systems/keeper/src/a.test.ts', '@concordat/replication', 'systems never import each other'],
    ['systems/keeper/src/a.ts', '@concordat/sim', 'knows no world'],
    ['systems/keeper/src/a.ts', '@concordat/cli', 'only apps import an app'],
    ['systems/replication/src/a.test.ts', '@concordat/sim', 'not declared'],
    ['systems/keeper/src/a.ts', '@concordat/keeper', 'own files by relative path'],
    ['systems/keeper/src/a.ts', '@concordat/kernel/inner', 'does not export'],
    ['systems/keeper/src/a.ts', '../../replication/src/b.ts', 'by name, not by path'],
    ['systems/keeper/src/a.ts', './b.js', 'end in .ts'],
    ['systems/keeper/src/a.ts', './edge/server.ts', 'cannot import the edge'],
    ['systems/keeper/src/a.ts', './b.test.ts', 'only tests import tests'],
    ['systems/keeper/src/a.ts', 'lodash', 'depends on nothing'],
    ['apps/cli/src/a.ts', 'commander', 'not declared'],
    ['foundations/wire/src/a.ts', 'node:fs', 'pure code has no node'],
    ['foundations/wire/src/a.test.ts', 'node:net', 'no sockets'],
    ['apps/cli/src/a.ts', 'fs', 'write node:fs'],
    ['apps/cli/src/a.ts', '@concordat/streaming/deviations', 'daemons are obedient'],
    ['systems/streaming/src/index.ts', './deviations/index.ts', 'daemons are obedient'],
  ];
  for (const [path, specifier, expected] of CASES) {
    it(`${path} may not import ${specifier}`, () => rejects(path, importing(specifier), expected));
  }
  for (const [path, specifier] of [
    ['foundations/wire/src/a.ts', '@concordat/kernel'],
    ['foundations/wire/src/a.test.ts', 'node:test'],
    ['foundations/wire/src/a.test.ts', 'fast-check'],
    ['foundations/state/src/a.test.ts', '@concordat/sim'],
    ['systems/keeper/src/a.test.ts', '@concordat/sim'],
    ['systems/keeper/src/edge/server.ts', 'node:net'],
    ['systems/keeper/src/edge/server.ts', '../gateway.ts'],
    ['apps/cli/src/a.ts', '@concordat/keeper'],
    ['apps/lab/src/a.ts', '@concordat/streaming/deviations'],
    ['apps/acceptance/src/a.ts', '@concordat/streaming/deviations'],
    ['systems/streaming/src/deviations/index.ts', './decisions.ts'],
    ['systems/streaming/src/a.test.ts', './deviations/index.ts'],
  ]) {
    it(`${path} may import ${specifier}`, () => accepts(path, importing(specifier)));
  }
});

describe('purity', () => {
  const CASES = [
    ['const t = Date.now();', 'env.now'],
    ['const t = performance.now();', 'env.now'],
    ['const r = Math.random();', 'env.random'],
    ['setTimeout(() => {}, 5);', 'env.setTimer'],
    ['queueMicrotask(run);', 'queueMicrotask'],
    ['const p = Promise.resolve(1);', 'synchronous'],
    ['const f = async () => {};', 'synchronous'],
    ['const home = process.env.HOME;', 'arguments'],
    ["console.log('x');", 'env.note'],
    ['const b = Buffer.alloc(1);', 'Uint8Array'],
    ['names.sort((a, b) => a.localeCompare(b));', 'locales'],
    ['const g = globalThis;', 'globalThis'],
    ['const w = new WeakRef(x);', 'release explicitly'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a sample of source text
    ['const s = `at ${Date.now()}`;', 'env.now'],
  ];
  for (const [text, expected] of CASES) {
    it(`rejects ${text}`, () => rejects('foundations/state/src/a.ts', text, expected));
  }
  it('leaves tests, edges, runtime and apps alone', () => {
    for (const path of [
      'foundations/state/src/a.test.ts',
      'systems/keeper/src/edge/a.ts',
      'worlds/runtime/src/a.ts',
      'apps/cli/src/a.ts',
    ]) {
      accepts(path, 'const t = Date.now();\nawait setup();\n');
    }
  });
  it('reads code, not comments, texts or names of members', () => {
    accepts('foundations/state/src/a.ts', "// Date.now()\nconst t = 'await Promise' + host.process.on(x);\n");
    accepts(
      'foundations/state/src/a.ts',
      'const process = start();\nprocess.receive(1);\nconst a = /Date/.test(s);\n',
    );
  });
});

describe('form', () => {
  const inState = 'foundations/state/src/a.ts';
  it('wants kebab-case and names that say something', () => {
    rejects('foundations/state/src/myFile.ts', '', 'kebab-case');
    rejects('foundations/state/src/utils.ts', '', 'says nothing');
    rejects('foundations/state/src/types.ts', '', 'says nothing');
    rejects(inState, 'export class SessionManager {}\n', "'SessionManager'");
    accepts('foundations/state/src/merkle-tree.ts', '');
  });
  it('limits files', () => {
    rejects(inState, 'const a = 1;\n'.repeat(500), 'a file of 501 lines');
    accepts(inState, 'const a = 1;\n'.repeat(499));
  });
  it('limits functions by their own lines', () => {
    const body = '  step();\n'.repeat(70);
    rejects(inState, `export function long(x: number): void {\n${body}}\n`, 'function long of 72 lines');
    rejects(inState, `const long = (x: number): Map<string, number> => {\n${body}};\n`, 'function long');
    const inner = '  const a = () => {\n  step();\n  step();\n  };\n'.repeat(30);
    accepts(inState, `export function factory() {\n${inner}}\n`);
  });
  it('lets exceptions only shrink', () => {
    const text = 'const a = 1;\n'.repeat(549);
    const judged = (limit) => judge(inState, text, { ...NO_EXCEPTIONS, fileLines: { [inState]: limit } });
    assert.deepEqual(judged(550), []);
    assert.match(judged(549)[0], /grew to 550/);
    assert.match(judged(551)[0], /lower/);
    const fitting = judge(inState, 'const a = 1;\n', { ...NO_EXCEPTIONS, fileLines: { [inState]: 550 } });
    assert.match(fitting[0], /fits now/);
    const listed = { fileLines: { 'gone.ts': 600 }, functionLines: {} };
    assert.equal(checkExceptions(listed, { files: { 'gone.test.ts': 90 } }, [inState]).length, 2);
  });
  it('wants an opening comment, but not of a list of exports or a test', () => {
    const messages = (path, text) => checkFile(placeOf(path), readSource(text), PACKAGES, NO_EXCEPTIONS);
    assert.match(messages(inState, 'const a = 1;\n')[0].message, /without a comment/);
    assert.deepEqual(messages(inState, "export * from './b.ts';\nexport {};\n"), []);
    assert.deepEqual(messages('foundations/state/src/a.test.ts', 'const a = 1;\n'), []);
  });
  it('rejects marks of unfinished work', () => {
    for (const mark of ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'])
      rejects(inState, `// ${mark} later\n`, mark);
    rejects('foundations/state/src/a.test.ts', "it.only('x', run);\n", 'it.only');
    rejects('foundations/state/src/a.test.ts', "test.skip('x', run);\n", 'test.skip');
    rejects('foundations/state/src/a.test.ts', "test('x', { skip: true }, run);\n", 'skip: true');
    accepts('foundations/state/src/a.test.ts', "test('x', { skip: found ? false : 'no kazoo' }, run);\n");
  });
  it('rejects any', () => {
    rejects(inState, 'const a: any = 1;\n', 'any');
    rejects(inState, 'const a = <Map<string, any>>b;\n', 'any');
    accepts(inState, 'const isAny = values.any(x);\n');
  });
});

describe('packages', () => {
  const filesOf = (path, text) => [{ place: placeOf(path), source: readSource(HEADER + text) }];
  const keeper = { ...packageOf('systems/keeper', ['kernel']), references: ['../../foundations/kernel'] };
  it('wants every declared dependency used and referenced', () => {
    const used = filesOf('systems/keeper/src/a.ts', importing('@concordat/kernel'));
    assert.deepEqual(checkManifest(keeper, used, PACKAGES), []);
    assert.match(checkManifest(keeper, [], PACKAGES)[0].message, /never imported/);
    assert.match(checkManifest({ ...keeper, references: [] }, used, PACKAGES)[0].message, /references lack/);
    const extra = { ...keeper, references: [...keeper.references, '../../foundations/wire'] };
    assert.match(checkManifest(extra, used, PACKAGES)[0].message, /does not declare/);
    const loose = { ...keeper, manifest: { dependencies: { '@concordat/kernel': '^0.1.0' } } };
    assert.match(checkManifest(loose, used, PACKAGES)[0].message, /pin one exact version/);
  });
  it('wants the package in the root lists and in the lockfile', () => {
    const lock = { packages: { 'systems/keeper': { dependencies: keeper.manifest.dependencies } } };
    assert.deepEqual(checkRegistered(keeper, ['systems/keeper'], lock), []);
    assert.match(checkRegistered(keeper, [], lock)[0].message, /would not be built/);
    assert.match(checkRegistered(keeper, ['systems/keeper'], { packages: {} })[0].message, /npm ci/);
  });
  it('counts casts outside codecs; a count only shrinks', () => {
    const text = 'const a = b as Thing;\n';
    const check = (path, casts) => checkCasts('systems/keeper', filesOf(path, text), { casts });
    assert.match(check('systems/keeper/src/a.ts', {})[0].message, /narrow instead/);
    assert.deepEqual(check('systems/keeper/src/a.ts', { 'systems/keeper': 1 }), []);
    assert.match(check('systems/keeper/src/a.ts', { 'systems/keeper': 2 })[0].message, /lower its count/);
    assert.deepEqual(check('systems/keeper/src/jute-codec.ts', {}), []);
  });
});

describe('the scanner', () => {
  it('tells casts from renamings, constants and checked elements', () => {
    const text =
      "import { a as b } from './c.ts';\nexport * as d from './e.ts';\nconst x = [1] as const;\nconst y = z[0] as T;\n";
    assert.equal(castsOf(readSource(text)).length, 0);
    assert.equal(castsOf(readSource('const x = (y as T).z;\n')).length, 1);
  });
  it('finds imports of every form, and no others', () => {
    const text = [
      "import type { A } from './a.ts';",
      "import {\n  b,\n  c,\n} from './b.ts';",
      "export * from './c.ts';",
      "import './d.ts';",
      "const e = await import('./e.ts');",
      "// import './no.ts';",
      "export const name = 'no';",
    ].join('\n');
    const found = importsOf(readSource(text)).map(({ specifier }) => specifier);
    assert.deepEqual(found, ['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts']);
  });
  it('is not confused by literals, templates and regular expressions', () => {
    const text =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a sample of source text
      "const a = '{'; const b = `x ${f({ c: `}` })} {`; const d = /[/}]{/; const e = 4 / 2; // }\nconst f = 1;";
    const { code } = readSource(text);
    assert.equal(code.length, text.length);
    assert.match(code, /const f = 1;$/);
    assert.equal(code.split('{').length, code.split('}').length);
  });
  it('measures functions, not blocks or types', () => {
    const text =
      'interface A {\n  b: number;\n}\nfunction f(): A {\n  if (x) {\n    y();\n  }\n  return z;\n}\n';
    assert.deepEqual(functionsOf(readSource(text)), [{ name: 'f', line: 4, ownLines: 6 }]);
  });
});
