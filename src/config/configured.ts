import type { Place } from '../base/index.ts';
import type { DescribedOperation } from '../openapi/index.ts';
import type { Config } from './config.ts';
import type { Gathered } from './gathered.ts';
import { createSecurityPlaces, type SecurityPlaces, type WrittenDocument } from './security-places.ts';

/** An operation of a description, of which the most is read when it is needed. */
export interface ListedOperation
  extends Pick<DescribedOperation, 'id' | 'method' | 'template' | 'deprecated' | 'grpc'> {
  /** Whether a body is described. */
  readonly takesBody: boolean;
  /** All that is said of it. */
  readonly described: () => DescribedOperation;
}

/** A configuration with everything it names, as it is compiled: gathered data, or a parcel of them. */
export interface Configured extends Pick<Gathered, 'revision' | 'hash' | 'files' | 'secrets'> {
  readonly config: Config;
  /** The operations that an API's description names, in its order; none for an API without. */
  operations(api: string): Iterable<ListedOperation>;
  /** Every scope that an operation of any description may need, in the order of the APIs, each once. */
  readonly scopes: readonly string[];
  /** The OpenAPI document of an API, as plain data; null for an API without. */
  document(api: string): unknown;
  /** Where a key path stands, if it was written. */
  readonly place: (path: string) => Place | null;
  /** Where a description says what an operation needs. */
  readonly securityPlace: SecurityPlaces;
}

/** Documents are kept as text; each is read once for all operations that it describes. */
const documents = new WeakMap<SharedArrayBuffer, unknown>();

/** Gathered data as they are compiled. */
export function configuredOf(gathered: Gathered): Configured {
  const { revision, hash, files, secrets, config, descriptions, documentFiles, places } = gathered;
  const place = (path: string): Place | null => member(places, path) ?? null;
  const written = (api: string): WrittenDocument | null => {
    const [json, file] = [member(gathered.documents, api), member(documentFiles, api)];
    return json === undefined || file === undefined ? null : { json, file };
  };
  return {
    ...{ revision, hash, files, secrets, config },
    operations: (api) => (member(descriptions, api)?.operations ?? []).map(listed),
    scopes: scopesOf(gathered),
    document(api) {
      const bytes = member(gathered.documents, api);
      if (bytes === undefined) return null;
      if (!documents.has(bytes)) documents.set(bytes, JSON.parse(Buffer.from(bytes).toString()));
      return documents.get(bytes);
    },
    place,
    securityPlace: createSecurityPlaces(written, place),
  };
}

/** What `Configured.scopes` promises. */
export function scopesOf({ config, descriptions }: Gathered): readonly string[] {
  const operations = config.apis.flatMap(({ name }) => member(descriptions, name)?.operations ?? []);
  const scopes = operations.flatMap(({ security }) => (security ?? []).flat().flatMap((scheme) => scheme.scopes));
  return [...new Set(scopes)];
}

function listed(described: DescribedOperation): ListedOperation {
  const { id, method, template, deprecated, requestBody, grpc } = described;
  const head = { id, method, template, deprecated, ...(grpc === undefined ? {} : { grpc }) };
  return { ...head, takesBody: requestBody !== null, described: () => described };
}

/** A member of a record whose names are the author's: `constructor` is one like any other. */
export function member<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
