/**
 * What a path says about a file: its floor, its package, and which freedoms it has. The folder is the floor
 * (ARCHITECTURE.md); all rules ask here, so that they agree.
 */

/** Facts about a source file at `path`, relative to the root, e.g. `systems/keeper/src/edge/server.ts`. */
export function placeOf(path) {
  const [floor, name, ...rest] = path.split('/');
  const base = rest.at(-1) ?? name;
  const isTest =
    /\.(test|bench)\.(ts|mjs)$/.test(base) || rest.includes('compliance') || rest.includes('testing');
  const isEdge = floor === 'systems' && rest[0] === 'src' && rest[1] === 'edge';
  const isPureFloor = floor === 'foundations' || floor === 'systems';
  const isPureWorld = floor === 'worlds' && (name === 'sim' || name === 'check' || name === 'nash');
  return {
    path,
    floor,
    package: `${floor}/${name}`,
    base,
    isTest,
    isEdge,
    /** No clock, dice, async or I/O: what it needs arrives through its arguments. */
    isPure: (isPureFloor || isPureWorld) && !isTest && !isEdge,
    isPurePackage: isPureFloor || isPureWorld,
    isTool: floor === 'tools',
  };
}
