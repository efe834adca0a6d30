import { AddressTree } from './address-tree.ts';
import type { ListFile } from './list-rules.ts';
import { NameTable } from './name-table.ts';

/** How many entries a packed list holds, those inside others not counted; null for a database. */
export function sizeOf(kind: ListFile['kind'], packed: Uint8Array): number | null {
  switch (kind) {
    case 'addresses':
      return new AddressTree(packed).entries;
    case 'names':
      return new NameTable(packed).entries;
    case 'country':
    case 'asn':
      return null;
  }
}
