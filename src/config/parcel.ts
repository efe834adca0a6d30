import type { Place } from '../base/index.ts';
import type { ApiDescription, DescribedOperation } from '../openapi/index.ts';
import { type Configured, type ListedOperation, member, scopesOf } from './configured.ts';
import type { Gathered } from './gathered.ts';
import { divideDocument, openDocument } from './lazy-document.ts';
import {
  countOf,
  type SharedRecord,
  shareRecord,
  shareTexts,
  type SharedTexts,
  textAt,
  textOf,
} from './shared-text.ts';

/**
 * Gathered data on their way to another thread. What grows with the descriptions is shared bytes: neither sending nor
 * taking them stops a thread that serves requests, and no thread has a copy. Each thread reads of them what it needs,
 * when it needs it. The text and the warnings of the configuration stay behind.
 */
export interface GatheredParcel extends Pick<Gathered, 'revision' | 'hash' | 'config' | 'files' | 'secrets'> {
  /** By API name. */
  readonly descriptions: Readonly<Record<string, DescriptionParcel>>;
  readonly scopes: readonly string[];
  /** By key path, a `Place` as JSON. */
  readonly places: SharedRecord;
}

/** A description and its document, as shared bytes. */
export interface DescriptionParcel {
  /** Of each operation, as JSON: id, method, template, whether it is deprecated, whether it takes a body. */
  readonly heads: SharedTexts;
  /** Of each operation, as JSON: all that is said of it. */
  readonly operations: SharedTexts;
  /** The document's parts by JSON Pointer; the text itself is the gathered one. Null where none was gathered. */
  readonly document: SharedRecord | null;
}

type Head = readonly [id: string, method: string, template: string, deprecated: boolean, takesBody: boolean];

/** All threads get the same bytes, and so does the one that verifies: also where only the revision is another. */
const shared = new WeakMap<Gathered['descriptions'], Shared>();

interface Shared {
  readonly of: Pick<Gathered, 'config' | 'documents' | 'places'>;
  readonly parts: Pick<GatheredParcel, 'descriptions' | 'scopes' | 'places'>;
}

/** Packs gathered data, once for all threads. Takes some 20 ms for 1,000 operations, so it is for the control side. */
export function packGathered(gathered: Gathered): GatheredParcel {
  const { revision, hash, config, files, secrets } = gathered;
  return { ...{ revision, hash, config, files, secrets }, ...sharedParts(gathered) };
}

function sharedParts(gathered: Gathered): Shared['parts'] {
  const { config, descriptions, documents, places } = gathered;
  const known = shared.get(descriptions);
  const isSame = known?.of.config === config && known.of.documents === documents && known.of.places === places;
  if (isSame) return known.parts;
  const placeTexts = new Map(Object.entries(places).map(([path, place]) => [path, JSON.stringify(place)]));
  const parts = {
    descriptions: packDescriptions(gathered),
    scopes: scopesOf(gathered),
    places: shareRecord(placeTexts),
  };
  shared.set(descriptions, { of: { config, documents, places }, parts });
  return parts;
}

/** Several APIs may have one description, which is then packed once. */
function packDescriptions({ descriptions, documents }: Gathered): Readonly<Record<string, DescriptionParcel>> {
  const packed = new Map<ApiDescription, DescriptionParcel>();
  const entries = Object.entries(descriptions).map(([api, description]) => {
    const parcel = packed.get(description) ?? packDescription(description, member(documents, api) ?? null);
    packed.set(description, parcel);
    return [api, parcel] as const;
  });
  return Object.fromEntries(entries);
}

function packDescription({ operations }: ApiDescription, json: SharedArrayBuffer | null): DescriptionParcel {
  return {
    heads: shareTexts(operations.map((operation) => JSON.stringify(headOf(operation)))),
    operations: shareTexts(operations.map((operation) => JSON.stringify(operation))),
    document: json === null ? null : divideDocument(json),
  };
}

function headOf({ id, method, template, deprecated, requestBody }: DescribedOperation): Head {
  return [id, method, template, deprecated, requestBody !== null];
}

/**
 * Opens a parcel as it came to a thread, which takes no time; what is asked of it is read then. Whoever is going to read
 * all of it says `whole`: a document is then read at once at its first use, which is faster than part by part.
 */
export function unpackGathered(parcel: GatheredParcel, reading: 'whole' | 'parts' = 'parts'): Configured {
  const { revision, hash, config, files, secrets, descriptions, scopes, places } = parcel;
  const documents = new Map<SharedArrayBuffer, unknown>();
  return {
    ...{ revision, hash, config, files, secrets, scopes },
    operations: (api) => listedIn(member(descriptions, api)),
    document(api) {
      const record = member(descriptions, api)?.document;
      if (record === undefined || record === null) return null;
      const { bytes } = record.texts;
      if (!documents.has(bytes)) documents.set(bytes, reading === 'whole' ? readWhole(bytes) : openDocument(record));
      return documents.get(bytes);
    },
    place(path) {
      const text = textOf(places, path);
      return text === null ? null : (JSON.parse(text) as Place);
    },
  };
}

function readWhole(bytes: SharedArrayBuffer): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}

function* listedIn(description: DescriptionParcel | undefined): Generator<ListedOperation> {
  if (description === undefined) return;
  const { heads, operations } = description;
  for (let index = 0; index < countOf(heads); index++) {
    const [id, method, template, deprecated, takesBody] = JSON.parse(textAt(heads, index)) as Head;
    const described = (): DescribedOperation => JSON.parse(textAt(operations, index)) as DescribedOperation;
    yield { id, method, template, deprecated, takesBody, described };
  }
}
