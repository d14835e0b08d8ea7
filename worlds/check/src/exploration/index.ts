export {
  type Explored,
  type ExploreOptions,
  explore,
  type Progress,
  type TransitionSystem,
} from './explore.ts';
export { leastKey, permutations } from './symmetry.ts';
