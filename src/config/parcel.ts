import type { Place } from '../base/index.ts';
import type { ApiDescription, DescribedOperation, GrpcStreams } from '../openapi/index.ts';
import { type Configured, type ListedOperation, member, scopesOf } from './configured.ts';
import type { Gathered } from './gathered.ts';
import { type DividedDocument, divideDocument, openDocument, readWhole } from './lazy-document.ts';
import { createSecurityPlaces, type WrittenDocument } from './security-places.ts';
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
  /** Of each operation, as JSON: id, method, template, whether it is deprecated, whether it takes a body, what of it streams over gRPC. */
  readonly heads: SharedTexts;
  /** Of each operation, as JSON: segments, pointer, parameters, body and security. */
  readonly operations: SharedTexts;
  /** Of each operation, as JSON. They are half of what is said, and requests are judged without them. */
  readonly responses: SharedTexts;
  /** The document's text is the gathered one. Null where none was gathered. */
  readonly document: DividedDocument | null;
  /** What the document is called where that text is as it was written; else null. */
  readonly file: string | null;
}

type Head = readonly [
  id: string,
  method: string,
  template: string,
  deprecated: boolean,
  takesBody: boolean,
  grpc?: GrpcStreams,
];
type Said = readonly [
  segments: DescribedOperation['segments'],
  pointer: string,
  parameters: DescribedOperation['parameters'],
  requestBody: DescribedOperation['requestBody'],
  security: DescribedOperation['security'],
];

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
function packDescriptions({
  config,
  descriptions,
  documents,
  documentFiles,
}: Gathered): Readonly<Record<string, DescriptionParcel>> {
  const packed = new Map<ApiDescription, DescriptionParcel>();
  const withNames = config.apis.some(({ errors }) => errors === 'helpful');
  const entries = Object.entries(descriptions).map(([api, description]) => {
    const json = member(documents, api);
    const document = (): DividedDocument | null => (json === undefined ? null : divideDocument(json, { withNames }));
    const parcel = packed.get(description) ?? {
      ...packDescription(description),
      document: document(),
      file: member(documentFiles, api) ?? null,
    };
    packed.set(description, parcel);
    return [api, parcel] as const;
  });
  return Object.fromEntries(entries);
}

function packDescription({ operations }: ApiDescription): Omit<DescriptionParcel, 'document' | 'file'> {
  return {
    heads: shareTexts(operations.map((operation) => JSON.stringify(headOf(operation)))),
    operations: shareTexts(operations.map((operation) => JSON.stringify(saidOf(operation)))),
    responses: shareTexts(operations.map(({ responses }) => JSON.stringify(responses))),
  };
}

function headOf({ id, method, template, deprecated, requestBody, grpc }: DescribedOperation): Head {
  const takesBody = requestBody !== null;
  return grpc === undefined
    ? [id, method, template, deprecated, takesBody]
    : [id, method, template, deprecated, takesBody, grpc];
}

function saidOf({ segments, pointer, parameters, requestBody, security }: DescribedOperation): Said {
  return [segments, pointer, parameters, requestBody, security];
}

/**
 * Opens a parcel as it came to a thread, which takes no time; what is asked of it is read then. Whoever is going to read
 * all of it says `whole`: a document is then read at once at its first use, which is faster than part by part.
 */
export function unpackGathered(parcel: GatheredParcel, reading: 'whole' | 'parts' = 'parts'): Configured {
  const { revision, hash, config, files, secrets, descriptions, scopes, places } = parcel;
  const documents = new Map<SharedArrayBuffer, unknown>();
  const place = (path: string): Place | null => {
    const text = textOf(places, path);
    return text === null ? null : (JSON.parse(text) as Place);
  };
  const written = (api: string): WrittenDocument | null => {
    const described = member(descriptions, api);
    if (described === undefined || described.document === null || described.file === null) return null;
    return { json: described.document.parts.texts.bytes, file: described.file };
  };
  return {
    ...{ revision, hash, config, files, secrets, scopes },
    operations: (api) => listedIn(member(descriptions, api)),
    document(api) {
      const divided = member(descriptions, api)?.document;
      if (divided === undefined || divided === null) return null;
      const { bytes } = divided.parts.texts;
      if (!documents.has(bytes)) documents.set(bytes, reading === 'whole' ? readWhole(divided) : openDocument(divided));
      return documents.get(bytes);
    },
    place,
    securityPlace: createSecurityPlaces(written, place),
  };
}

function* listedIn(description: DescriptionParcel | undefined): Generator<ListedOperation> {
  if (description === undefined) return;
  const { heads } = description;
  for (let index = 0; index < countOf(heads); index++) {
    const [id, method, template, deprecated, takesBody, grpc] = JSON.parse(textAt(heads, index)) as Head;
    const head = { id, method, template, deprecated, ...(grpc === undefined ? {} : { grpc }) };
    yield { ...head, takesBody, described: () => describedAt(description, index, head) };
  }
}

function describedAt(
  { operations, responses }: DescriptionParcel,
  index: number,
  {
    id,
    method,
    template,
    deprecated,
    ...more
  }: Pick<DescribedOperation, 'id' | 'method' | 'template' | 'deprecated' | 'grpc'>,
): DescribedOperation {
  const [segments, pointer, parameters, requestBody, security] = JSON.parse(textAt(operations, index)) as Said;
  return {
    id,
    method,
    template,
    segments,
    pointer,
    deprecated,
    ...more,
    parameters,
    requestBody,
    security,
    get responses() {
      return JSON.parse(textAt(responses, index)) as DescribedOperation['responses'];
    },
  };
}
