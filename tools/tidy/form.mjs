/**
 * How files look: names, sizes, the opening comment, no marks of unfinished work, no escape from the types. Sizes
 * ratchet: an exception is listed with its limit, and the limit may only shrink (exceptions.json).
 */

import { functionsOf } from './source.mjs';

export const MAX_FILE_LINES = 500;
export const MAX_TEST_LINES = 600;
export const MAX_FUNCTION_LINES = 70;

const KEBAB_FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|d|config))?\.(?:ts|mjs|js)$/;
const KEBAB_FOLDER = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const EMPTY_NAMES = /^(?:utils?|helpers?|types|common|misc|manager)\.(?:ts|mjs|js)$/;
const EMPTY_DECLARATIONS = /\b(?:class|interface|type|function|const)\s+(\w*(?:Manager|Helper|Utils?))\b/g;

export function checkNames(place, source) {
  const problems = [];
  const report = (line, message) => problems.push({ line, message });
  const folders = place.path.split('/').slice(0, -1);
  if (!KEBAB_FILE.test(place.base)) report(1, 'file names are kebab-case.ts, one concept each');
  for (const folder of folders)
    if (!KEBAB_FOLDER.test(folder)) report(1, `folder '${folder}' is not kebab-case`);
  if (EMPTY_NAMES.test(place.base)) report(1, 'this name says nothing: name the file for its one concept');
  for (const match of source.code.matchAll(EMPTY_DECLARATIONS)) {
    report(source.lineAt(match.index), `'${match[1]}': say what it does or is, in the field's own term`);
  }
  return problems;
}

/** Checks a size against its limit, or against its listed exception, which must fit exactly or shrink. */
function sizeProblem(what, actual, max, exceptions, key) {
  const listed = exceptions[key];
  if (listed === undefined)
    return actual > max ? `${what} of ${actual} lines: split it (at most ${max})` : null;
  if (actual > listed)
    return `${what} grew to ${actual} lines, its exception allows ${listed}: exceptions only shrink`;
  if (actual <= max) return `${what} fits now: remove '${key}' from tools/tidy/exceptions.json`;
  if (actual < listed)
    return `${what} shrank to ${actual} lines: lower '${key}' in tools/tidy/exceptions.json`;
  return null;
}

export function checkSizes(place, source, exceptions) {
  const problems = [];
  const lines = source.text.split('\n').length - 1;
  const max = place.isTest ? MAX_TEST_LINES : MAX_FILE_LINES;
  const file = sizeProblem('a file', lines, max, exceptions.fileLines, place.path);
  if (file !== null) problems.push({ line: 1, message: file });
  for (const { name, line, ownLines } of functionsOf(source)) {
    const key = `${place.path}#${name}`;
    const problem = sizeProblem(
      `function ${name}`,
      ownLines,
      MAX_FUNCTION_LINES,
      exceptions.functionLines,
      key,
    );
    // Overloaded names share a key: only the one that is too long is judged against the exception.
    if (problem !== null && !(key in exceptions.functionLines && ownLines <= MAX_FUNCTION_LINES)) {
      problems.push({ line, message: problem });
    }
  }
  return problems;
}

/** Every source but a test or a bare list of exports opens with a comment that says what it is. */
export function checkHeader(place, source) {
  if (place.isTest) return [];
  if (/^\s*(?:\/\*[^*]|\/\*\*|\/\/)/.test(source.text.replace(/^#!.*\n/, ''))) return [];
  const isBarrel = /^(?:\s*export\s[^;=]*;)*\s*$/.test(source.code);
  if (isBarrel) return [];
  return [
    { line: 1, message: 'opens without a comment: say what it is, its source, the invariant it keeps' },
  ];
}

const MARKS = /\b(?:TODO|FIXME|XXX|HACK)\b/g;
const SKIPS =
  /(?<![\w.$])(?:it|test|describe|suite)\s*\.\s*(?:skip|only|todo)\b|\b(?:only|skip|todo)\s*:\s*true\b/g;

export function checkMarks(place, source) {
  const problems = [];
  for (const text of [source.comments, source.code]) {
    for (const match of text.matchAll(MARKS)) {
      problems.push({
        line: source.lineAt(match.index),
        message: `'${match[0]}': do it now, or write an issue`,
      });
    }
  }
  if (!place.isTest) return problems;
  for (const match of source.code.matchAll(SKIPS)) {
    const message = `'${match[0]}': every test runs; a missing outside program skips with its reason as text`;
    problems.push({ line: source.lineAt(match.index), message });
  }
  return problems;
}

const ANY = /(?:[:<|&,(=]|\bas)\s*any\b(?!\s*[.(:\w])/g;
const CAST = /(.?)\s+as\s+(?!const\b)/g;
const MAY_CAST = /codec|^messages|^reader|^writer|^jute/;

/** Offsets of casts: not renamings in imports, not `x[i] as T`, which states that a bound was checked. */
export function castsOf(source) {
  const code = source.code.replace(/(?<![\w.$])(?:import|export)\s[^;(={]*\{[^}]*\}/g, (text) =>
    text.replace(/\S/g, ' '),
  );
  return [...code.matchAll(CAST)]
    .filter(
      (match) =>
        match[1] !== ']' && !/(?:import|export)\s+(?:type\s+)?\*$/.test(code.slice(0, match.index + 1)),
    )
    .map((match) => match.index);
}

export const mayCast = (place) => place.isTest || place.isEdge || place.isTool || MAY_CAST.test(place.base);

export function checkTypes(place, source) {
  if (place.isTool) return [];
  return [...source.code.matchAll(ANY)].map((match) => ({
    line: source.lineAt(match.index),
    message: 'any: write the type, or unknown and narrow it',
  }));
}
