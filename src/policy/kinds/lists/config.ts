import type { GeoFiles, ListPair } from '../../../lists/index.ts';

/** The lists that hold for the operations of an API. */
export interface ListsConfig {
  /** Those of the gateway, of which here only mail domains are looked at: all else of them is judged before the path is. */
  readonly node: ListPair | null;
  /** Those of the API. */
  readonly own: ListPair | null;
  /** By operation name: those of that operation alone, besides. */
  readonly operations: Readonly<Record<string, ListPair>>;
  readonly geo: GeoFiles;
}
