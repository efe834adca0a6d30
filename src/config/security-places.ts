import type { Place } from '../base/index.ts';
import type { DescribedOperation } from '../openapi/index.ts';
import type { ApiConfig } from './config.ts';
import type { DescribedDocument } from './description-document.ts';
import { createJsonLocator, pathOfPointer } from './json-locator.ts';
import { formatKeyPath } from './key-path.ts';
import { createLineIndex } from './source-document.ts';

/** The key path under which `Gathered.places` tells where a description in YAML says what an operation needs. */
export function securityPath(api: string, operation: string): string {
  return formatKeyPath(['apis', api, 'openapi', operation, 'security']);
}

/** Where descriptions in YAML say it, by these key paths; an operation of which none says anything has no place. */
export function securityPlaces(
  apis: readonly ApiConfig[],
  documents: ReadonlyMap<string, DescribedDocument>,
): Readonly<Record<string, Place>> {
  const places = apis.flatMap(({ name }) =>
    [...(documents.get(name)?.securityPlaces ?? [])].map(([id, place]) => [securityPath(name, id), place] as const),
  );
  return Object.fromEntries(places);
}

/** Where an operation of an API's description has its `security`, or else the whole document; null where neither has. */
export type SecurityPlaces = (
  api: string,
  operation: Pick<DescribedOperation, 'id' | 'pointer' | 'security'>,
) => Place | null;

/** A description in JSON as it was written, and what it is called. */
export interface WrittenDocument {
  readonly json: SharedArrayBuffer;
  readonly file: string;
}

/**
 * Finds these places once they are asked for, since hardly anybody asks: in the text of a description, which is then
 * kept. Where `documentOf` has none, the place is the one that `noted` has by the `securityPath`.
 */
export function createSecurityPlaces(
  documentOf: (api: string) => WrittenDocument | null,
  noted: (path: string) => Place | null,
): SecurityPlaces {
  const locators = new Map<SharedArrayBuffer, (pointer: string) => Place | null>();
  return (api, { id, pointer, security }) => {
    const document = documentOf(api);
    if (document === null) return noted(securityPath(api, id));
    if (security === null) return null;
    const locate = locators.get(document.json) ?? locatorOf(document);
    locators.set(document.json, locate);
    return locate(`${pointer}/security`) ?? locate('/security');
  };
}

function locatorOf({ json, file }: WrittenDocument): (pointer: string) => Place | null {
  const text = Buffer.from(json).toString();
  const locate = createJsonLocator(text, createLineIndex(file, text));
  return (pointer) => locate(pathOfPointer(pointer))?.key ?? null;
}
