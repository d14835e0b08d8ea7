/// <reference lib="dom" />
/**
 * What runs in the page: draws the neighbourhood with sigma over graphology (both stand before it in the page), and answers pointer,
 * keyboard and search. Names come as data and go out as text content alone. It must not import anything at run time: its compiled
 * text is put into the page as it is.
 */

import type { MultiUndirectedGraph } from 'graphology';
import type { Sigma as Renderer } from 'sigma';
import type { PageData, PageNode } from './page-data.ts';

declare const graphology: { readonly UndirectedGraph: typeof MultiUndirectedGraph };
declare const Sigma: typeof Renderer;

interface Attributes {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly color: string;
  readonly label: string;
  readonly zIndex: number;
  readonly forceLabel: boolean;
}

type Colour = 'apart' | 'trusted' | 'account' | 'seed' | 'cut' | 'cut-faint' | 'edge' | 'faint' | 'ink';

function element<T extends HTMLElement>(id: string, kind: { new (): T }): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const colourOf = (name: Colour): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const data: PageData = JSON.parse(element('data', HTMLScriptElement).text);
const friends: number[][] = data.nodes.map(() => []);
for (const [a, b] of data.edges) {
  friends[a]?.push(b);
  friends[b]?.push(a);
}

const kindOf = (node: PageNode, at: number): Colour => {
  if (at === 0) return 'account';
  if (node.isSeed) return 'seed';
  return node.isApart ? 'apart' : 'trusted';
};

const SIZES: Partial<Record<Colour, number>> = { account: 11, seed: 7 };

function attributesOf(node: PageNode, at: number): Attributes {
  const kind = kindOf(node, at);
  return {
    x: node.x,
    y: -node.y,
    size: SIZES[kind] ?? 2.5 + Math.min(3, Math.sqrt(node.degree) / 3),
    color: colourOf(kind),
    label: node.name,
    zIndex: kind === 'account' ? 2 : kind === 'seed' ? 1 : 0,
    forceLabel: kind === 'account',
  };
}

const isCut = ([a, b]: readonly [number, number]): boolean =>
  data.nodes[a]?.isApart !== data.nodes[b]?.isApart;

/** Thinner the more there are: a thousand thick edges are a red blot. */
const cutSize = Math.max(0.7, Math.min(2.5, 2.5 * Math.sqrt(60 / data.edges.filter(isCut).length)));

const edgeAttributes = (edge: readonly [number, number]): Record<string, unknown> =>
  isCut(edge)
    ? { size: cutSize, color: colourOf('cut'), isCut: true, zIndex: 1 }
    : { size: 0.7, color: colourOf('edge'), isCut: false, zIndex: 0 };

const graph = new graphology.UndirectedGraph();
for (const [at, node] of data.nodes.entries()) graph.addNode(String(at), attributesOf(node, at));
for (const [at, edge] of data.edges.entries())
  graph.addEdgeWithKey(String(at), String(edge[0]), String(edge[1]), edgeAttributes(edge));

/** Everything about one account, in words. */
function factsOf(at: number): string[] {
  const node = data.nodes[at];
  if (node === undefined) return [];
  const side = node.isApart ? 'beyond the cut' : 'on the seeds’ side of the cut';
  return [
    at === 0 ? `the account in question, ${side}` : node.isSeed ? `a seed, ${side}` : side,
    `${node.degree} friends, ${friends[at]?.length ?? 0} of them in the picture`,
    node.place === null || node.score === null
      ? 'no seed reaches it: it cannot be judged'
      : `suspect ${node.place} of ${data.judged}, score ${node.score.toPrecision(4)}`,
  ];
}

const state: { selected: number | null; hovered: number | null } = { selected: null, hovered: null };
let renderer: Renderer | null = null;

const focus = (): number | null => state.hovered ?? state.selected;

function isLit(at: number): boolean {
  const centre = focus();
  return centre === null || centre === at || (friends[centre]?.includes(at) ?? false);
}

function textElement(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** The panel about the selected account: its friends are buttons, so that a keyboard walks the graph. */
function showSelected(): void {
  const panel = element('selected', HTMLElement);
  const at = state.selected;
  if (at === null) {
    panel.replaceChildren(
      textElement('p', 'Choose an account: click it, search for it, or walk the list below with Tab.'),
    );
    return;
  }
  const list = document.createElement('ul');
  list.append(...factsOf(at).map((fact) => textElement('li', fact)));
  const around = document.createElement('div');
  around.className = 'around';
  const order = [...(friends[at] ?? [])].sort(
    (a, b) => Number(isCut([at, b])) - Number(isCut([at, a])) || a - b,
  );
  around.append(...order.slice(0, 60).map((other) => buttonFor(other, isCut([at, other]))));
  if (order.length > 60) around.append(textElement('span', `and ${order.length - 60} more`));
  panel.replaceChildren(
    textElement('h3', data.nodes[at]?.name ?? ''),
    list,
    textElement('h4', 'Friends in the picture'),
    around,
  );
}

function buttonFor(at: number, isAcross: boolean): HTMLElement {
  const button = textElement('button', `${data.nodes[at]?.name ?? ''}${isAcross ? ' (across the cut)' : ''}`);
  button.className = isAcross ? 'across' : '';
  button.addEventListener('click', () => select(at));
  return button;
}

function select(at: number | null): void {
  state.selected = at;
  showSelected();
  renderer?.refresh();
  const shown = at === null ? undefined : renderer?.getNodeDisplayData(String(at));
  if (shown !== undefined)
    renderer?.getCamera().animate({ x: shown.x, y: shown.y, ratio: 0.4 }, { duration: still() ? 0 : 300 });
}

const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

function hover(at: number | null, x = 0, y = 0): void {
  state.hovered = at;
  const tip = element('tip', HTMLElement);
  tip.hidden = at === null;
  if (at !== null) {
    tip.replaceChildren(
      textElement('strong', data.nodes[at]?.name ?? ''),
      ...factsOf(at).map((fact) => textElement('div', fact)),
    );
    tip.style.left = `${Math.min(x + 14, element('stage', HTMLElement).clientWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.max(8, y - tip.offsetHeight - 10)}px`;
  }
  renderer?.refresh({ skipIndexation: true });
}

function draw(): void {
  const faint = (): string => colourOf('faint');
  renderer = new Sigma(graph, element('stage', HTMLElement), {
    zIndex: true,
    labelColor: { color: colourOf('ink') },
    labelFont: 'system-ui, sans-serif',
    labelRenderedSizeThreshold: 7,
    stagePadding: 60,
    labelDensity: 0.6,
    // The tip tells the name: sigma's own would stand on white in the dark.
    defaultDrawNodeHover: () => {},
    nodeReducer: (key, attributes) =>
      isLit(Number(key)) ? attributes : { ...attributes, color: faint(), label: '', zIndex: -1 },
    edgeReducer: (key, attributes) => {
      const edge = data.edges[Number(key)];
      const centre = focus();
      if (centre === null) return attributes;
      if (attributes['isCut'])
        return edge?.includes(centre)
          ? { ...attributes, size: 2.5, zIndex: 2 }
          : { ...attributes, color: colourOf('cut-faint') };
      if (edge?.includes(centre)) return { ...attributes, color: colourOf('ink'), size: 1.4, zIndex: 2 };
      return { ...attributes, color: faint(), zIndex: -1 };
    },
  });
  renderer.on('enterNode', ({ node, event }) => hover(Number(node), event.x, event.y));
  renderer.on('leaveNode', () => hover(null));
  renderer.on('clickNode', ({ node }) => select(Number(node)));
  renderer.on('clickStage', () => select(null));
}

function repaint(): void {
  for (const [at, node] of data.nodes.entries())
    graph.setNodeAttribute(String(at), 'color', colourOf(kindOf(node, at)));
  for (const [at, edge] of data.edges.entries())
    graph.setEdgeAttribute(String(at), 'color', colourOf(isCut(edge) ? 'cut' : 'edge'));
  renderer?.setSetting('labelColor', { color: colourOf('ink') });
}

/** Arrows move, + and - zoom, 0 shows all, Escape lets go. */
function onKey(event: KeyboardEvent): void {
  const camera = renderer?.getCamera();
  if (camera === undefined) return;
  const { x, y, ratio } = camera.getState();
  const step = 0.1 * ratio;
  const moves: Record<string, () => void> = {
    ArrowLeft: () => camera.setState({ x: x - step }),
    ArrowRight: () => camera.setState({ x: x + step }),
    ArrowUp: () => camera.setState({ y: y + step }),
    ArrowDown: () => camera.setState({ y: y - step }),
    '+': () => camera.setState({ ratio: ratio / 1.3 }),
    '-': () => camera.setState({ ratio: ratio * 1.3 }),
    '0': () => camera.setState({ x: 0.5, y: 0.5, ratio: 1 }),
    Escape: () => select(null),
  };
  const move = moves[event.key];
  if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move();
}

function search(event: Event): void {
  event.preventDefault();
  const field = element('name', HTMLInputElement);
  const wanted = field.value.trim();
  const exact = data.nodes.findIndex(({ name }) => name === wanted);
  const found =
    exact >= 0
      ? exact
      : data.nodes.findIndex(
          ({ name }) => wanted !== '' && name.toLowerCase().includes(wanted.toLowerCase()),
        );
  element('found', HTMLElement).textContent = found >= 0 ? '' : 'not in this picture';
  if (found >= 0) select(found);
}

/** The cut as a list, for those who do not see the picture. */
function listCut(): void {
  const rows = data.edges.filter(isCut).map(([a, b]) => {
    const [apart, trusted] = data.nodes[a]?.isApart ? [a, b] : [b, a];
    const row = document.createElement('tr');
    for (const at of [apart, trusted]) {
      const cell = document.createElement('td');
      cell.append(buttonFor(at, false));
      row.append(cell);
    }
    return row;
  });
  element('cut', HTMLElement).replaceChildren(...rows);
}

element('names', HTMLElement).append(
  ...data.nodes.map(({ name }) => {
    const option = document.createElement('option');
    option.value = name;
    return option;
  }),
);
listCut();
showSelected();
element('search', HTMLFormElement).addEventListener('submit', search);
element('stage', HTMLElement).addEventListener('keydown', onKey);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
try {
  draw();
  document.documentElement.dataset['drawn'] = 'yes';
} catch (error) {
  element('stage', HTMLElement).replaceChildren(
    textElement(
      'p',
      `This browser cannot draw with WebGL (${String(error)}). The lists beside hold all that the picture shows.`,
    ),
  );
  document.documentElement.dataset['drawn'] = 'no';
}
// For tests, and for whoever wants to look further in the browser's console.
Object.assign(globalThis, { picture: { graph, data, state, select, renderer: () => renderer } });
