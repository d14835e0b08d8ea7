/**
 * Just enough reading of TypeScript for rules on text: which characters are code, which are comments or literals;
 * what is imported; where functions begin and end. A scanner, not a parser: it reads the whole repository in a
 * fraction of a second and needs no compiler.
 */

/** A `/` after one of these begins a regular expression, not a division. */
const BEFORE_REGEX =
  /(?:[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|yield|await))\s*$/;

/** The end (exclusive) of the quoted literal that begins at `start`. */
function endOfQuoted(text, start, quote) {
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, text.length);
}

/** The end of the regular expression that begins at `start`. */
function endOfRegex(text, start) {
  let isClass = false;
  let at = start + 1;
  for (; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '[') isClass = true;
    else if (text[at] === ']') isClass = false;
    else if (text[at] === '/' && !isClass) break;
  }
  at++;
  while (/[a-z]/.test(text[at] ?? '')) at++;
  return at;
}

/** The end of the literal part of a template: after its backtick or after a `${`. */
function endOfTemplatePart(text, start) {
  let at = start;
  while (at < text.length) {
    if (text[at] === '\\') at += 2;
    else if (text[at] === '`') return at + 1;
    else if (text.startsWith('${', at)) return at + 2;
    else at++;
  }
  return at;
}

/** Code without anything that could begin a comment or literal, or move a template's depth. */
const PLAIN = /[^'"`/{}]+/y;

/** The kind and end of the piece of text at `at`. `templates` holds the brace depth of each open template. */
function pieceAt(text, at, soFar, templates) {
  PLAIN.lastIndex = at;
  if (PLAIN.test(text)) return { kind: 'code', end: PLAIN.lastIndex };
  const two = text.slice(at, at + 2);
  if (two === '//') {
    const end = text.indexOf('\n', at);
    return { kind: 'comment', end: end < 0 ? text.length : end };
  }
  if (two === '/*') {
    const end = text.indexOf('*/', at + 2);
    return { kind: 'comment', end: end < 0 ? text.length : end + 2 };
  }
  const char = text[at];
  if (char === "'" || char === '"') return { kind: 'literal', end: endOfQuoted(text, at, char) };
  if (char === '`') return { kind: 'template', end: endOfTemplatePart(text, at + 1) };
  if (char === '}' && templates.at(-1) === 0)
    return { kind: 'template', end: endOfTemplatePart(text, at + 1) };
  if (char === '/' && BEFORE_REGEX.test(soFar)) return { kind: 'literal', end: endOfRegex(text, at) };
  return { kind: 'code', end: at + 1 };
}

const blanked = (text) => text.replace(/[^\n]/g, ' ');

/** Keeps a literal's delimiters, so that `''` still looks like an operand. */
const hollowed = (text) => (text.length < 2 ? text : text[0] + blanked(text.slice(1, -1)) + text.at(-1));

/**
 * Splits a source into views of equal length: `code` has neither comments nor the insides of literals, `spoken` has
 * literals but no comments, `comments` only comments.
 */
export function readSource(text) {
  const code = [];
  const spoken = [];
  const comments = [];
  const templates = [];
  let before = '';
  for (let at = 0; at < text.length; ) {
    const { kind, end } = pieceAt(text, at, before, templates);
    const piece = text.slice(at, end);
    if (kind === 'template') {
      if (piece[0] === '}') templates.pop();
      if (piece.endsWith('${')) templates.push(0);
    } else if (kind === 'code' && templates.length > 0) {
      if (piece === '{') templates[templates.length - 1]++;
      if (piece === '}') templates[templates.length - 1]--;
    }
    const isLiteral = kind === 'literal' || kind === 'template';
    const shown =
      kind === 'code' ? piece : isLiteral ? hollowed(piece).replace(/[{}]/g, ' ') : blanked(piece);
    code.push(shown);
    spoken.push(kind === 'comment' ? blanked(piece) : piece);
    comments.push(kind === 'comment' ? piece : blanked(piece));
    before = (before + shown).slice(-40);
    at = end;
  }
  return {
    text,
    code: code.join(''),
    spoken: spoken.join(''),
    comments: comments.join(''),
    lineAt: lineCounter(text),
  };
}

/** Turns an offset into a line number, counted from 1. */
function lineCounter(text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

const STATEMENT = /(?<![\w.$])(?:import|export)\b[^;'"`]*?(?:from\s*)?(['"])([^'"\n]+)\1/g;
const DYNAMIC = /(?<![\w.$])import\s*\(\s*(['"])([^'"\n]+)\1/g;

/** What a source imports or re-exports, as `{ specifier, line, offset }`. */
export function importsOf(source) {
  const found = [];
  for (const pattern of [STATEMENT, DYNAMIC]) {
    for (const match of source.spoken.matchAll(pattern)) {
      const isStatic = pattern === STATEMENT;
      // `${}` in the specifier is a template's text, not an import.
      if (match[2].includes('${')) continue;
      // `export const name = 'text'` has a literal too, but neither `from` nor a bare import.
      if (isStatic && !/\bfrom\s*['"]|^import\s*['"]/.test(match[0])) continue;
      found.push({ specifier: match[2], line: source.lineAt(match.index), offset: match.index });
    }
  }
  return found;
}

/** True if the `{` at `open` begins a function's body; `code` is the blanked source. */
function opensFunction(code, open) {
  const before = code.slice(Math.max(0, open - 600), open).trimEnd();
  if (before.endsWith('=>')) return true;
  // A return type may stand between the parameters and the body.
  const head = before.replace(/\)\s*:\s*(?:[\w\s.,<>[\]|&'"]|\([^()]*\)|=>)+$/, ')');
  if (!head.endsWith(')')) return false;
  let depth = 0;
  let at = head.length - 1;
  for (; at >= 0; at--) {
    if (head[at] === ')') depth++;
    if (head[at] === '(' && --depth === 0) break;
  }
  const word = /([\w$]+)\s*(?:<[^<>]*>)?\s*$/.exec(head.slice(0, Math.max(at, 0)))?.[1];
  return word !== undefined && !['if', 'for', 'while', 'switch', 'catch', 'with', 'await'].includes(word);
}

/** A name for the function whose body opens at `open`, for messages and the list of exceptions. */
function nameOf(code, open) {
  const before = code.slice(Math.max(0, open - 600), open);
  const patterns = [
    /function\s*\*?\s*([\w$]+)/g,
    /(?:const|let)\s+([\w$]+)\s*(?::[^=]*)?=/g,
    /([\w$]+)\s*[:(]/g,
  ];
  for (const pattern of patterns) {
    const name = [...before.matchAll(pattern)].at(-1)?.[1];
    if (name !== undefined) return name;
  }
  return 'anonymous';
}

/**
 * Functions as `{ name, line, ownLines }`. Own lines leave out the bodies of inner functions, which count for
 * themselves: a factory that returns ten small closures is not a long function.
 */
export function functionsOf(source) {
  const { code, lineAt } = source;
  const open = [];
  const found = [];
  for (let at = 0; at < code.length; at++) {
    if (code[at] === '{') {
      const isFunction = opensFunction(code, at);
      open.push({ isFunction, at, innerLines: 0 });
    } else if (code[at] === '}' && open.length > 0) {
      const block = open.pop();
      if (!block.isFunction) {
        const parent = open.at(-1);
        if (parent !== undefined) parent.innerLines += block.innerLines;
        continue;
      }
      const first = lineAt(block.at);
      const lines = lineAt(at) - first + 1;
      found.push({ name: nameOf(code, block.at), line: first, ownLines: lines - block.innerLines });
      const parent = open.at(-1);
      if (parent !== undefined) parent.innerLines += Math.max(0, lines - 1);
    }
  }
  return found;
}
