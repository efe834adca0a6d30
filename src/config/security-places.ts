import type { Place } from '../base/index.ts';
import type { ApiConfig } from './config.ts';
import type { DescribedDocument } from './description-document.ts';
import { formatKeyPath } from './key-path.ts';

/** The key path under which `Gathered.places` tells where a description says what an operation needs. */
export function securityPath(api: string, operation: string): string {
  return formatKeyPath(['apis', api, 'openapi', operation, 'security']);
}

/** Where the descriptions say it, by these key paths; an operation of which none says anything has no place. */
export function securityPlaces(
  apis: readonly ApiConfig[],
  documents: ReadonlyMap<string, DescribedDocument>,
): Readonly<Record<string, Place>> {
  const places = apis.flatMap(({ name }) =>
    [...(documents.get(name)?.securityPlaces ?? [])].map(([id, place]) => [securityPath(name, id), place] as const),
  );
  return Object.fromEntries(places);
}
