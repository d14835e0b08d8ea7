/**
 * What the tools know of the workspace: its root, its packages and their sources. Packages are found by the globs
 * of the root package.json, so that a new folder is seen by every tool at once.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Packages as `{ folder, floor, name, manifest }`; `folder` is relative to the root, `floor` its first part. */
export function findPackages(root = ROOT) {
  const packages = [];
  for (const glob of readJson(join(root, 'package.json')).workspaces) {
    const floor = glob.replace(/\/\*$/, '');
    if (!existsSync(join(root, floor))) continue;
    for (const entry of readdirSync(join(root, floor)).sort()) {
      const folder = `${floor}/${entry}`;
      if (!existsSync(join(root, folder, 'package.json'))) continue;
      const manifest = readJson(join(root, folder, 'package.json'));
      packages.push({ folder, floor, name: manifest.name, manifest });
    }
  }
  return packages;
}

/** Files under `folder` (relative to `root`) whose name matches, as sorted relative paths. */
export function findFiles(folder, matches, root = ROOT) {
  if (!existsSync(join(root, folder))) return [];
  const found = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!['node_modules', 'dist', '.git'].includes(entry.name))
        found.push(...findFiles(path, matches, root));
    } else if (matches(entry.name)) found.push(path);
  }
  return found.sort();
}
