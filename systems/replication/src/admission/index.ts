export type { AdmissionName } from './admission.ts';
export { type FilterRouteOptions, filterRoute } from './client-route.ts';
export { colocate, type Place } from './colocated.ts';
export { createFilter } from './filter/filter.ts';
export { type FilterOptions, type FilterState, filterSettings } from './filter/state.ts';
export type { PairKeys } from './pair-keys.ts';
export { filterId, filterOf } from './request-quorum/filters.ts';
