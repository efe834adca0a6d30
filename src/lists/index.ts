export { readNameEntry } from './domain-name.ts';
export { GEO_LIMIT_BYTES, GeoDatabase } from './geo-database.ts';
export { LIST_LIMIT_BYTES, type ListFault, readListFile } from './list-file.ts';
export { sizeOf } from './list-size.ts';
export { type ListFacts, ListGate } from './list-gate.ts';
export { ListMaterial, type ListSources, type ReverseNames } from './list-material.ts';
export {
  type GeoFiles,
  type ListEntries,
  type ListFile,
  listFileOf,
  listKey,
  listsIn,
  type ListPair,
  type ListRules,
  pairsIn,
} from './list-rules.ts';
export { readOriginEntry } from './origin.ts';
