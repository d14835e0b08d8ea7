/** Commands of a page of documentation: blocks that begin with ```sh and say at which sites they are typed, by section. */

export interface Block {
  readonly sites: readonly string[];
  readonly script: string;
}

const FENCE = /^```(.*)$/;

/** Blocks by the title of their section, in order. Throws for a block that says nobody's name: it would not be tested. */
export function sectionsOf(text: string): ReadonlyMap<string, readonly Block[]> {
  const sections = new Map<string, Block[]>();
  let blocks: Block[] = [];
  let open: { readonly sites: readonly string[]; readonly lines: string[] } | null = null;
  for (const line of text.split('\n')) {
    const fence = FENCE.exec(line);
    if (open !== null) {
      if (fence === null) open.lines.push(line);
      else {
        blocks.push({ sites: open.sites, script: open.lines.join('\n') });
        open = null;
      }
    } else if (fence !== null) {
      const [language, ...sites] = (fence[1] ?? '').split(' ');
      if (language !== 'sh' || sites.length === 0) throw new Error(`nobody types what follows ${line}`);
      open = { sites, lines: [] };
    } else if (line.startsWith('## ')) {
      blocks = [];
      sections.set(line.slice(3), blocks);
    }
  }
  if (open !== null) throw new Error('a block does not end');
  return sections;
}

/** Words that begin with a slash are files of a site, but for devices, and nodes after `--path`. */
export const atSite = (script: string, root: string): string =>
  script.replaceAll(
    /(--path |^|[\s"'=(])(\/(?!dev\/)[a-z][^\s"')]*)/gm,
    (whole: string, before: string, file: string) => (before === '--path ' ? whole : before + root + file),
  );
