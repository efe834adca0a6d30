import { err, ok, type Result } from '../base/index.ts';
import type { FoundTarget } from '../ports/index.ts';
import type { Finding } from './source.ts';
import { type JsonObject, listOf, objectOf, portOf, readJson, textOf } from './json-value.ts';

/** A line of a watch: something has changed, time has gone on, or the watch can not. */
export type WatchEvent =
  | { readonly kind: 'put' | 'deleted'; readonly slice: JsonObject; readonly name: string; readonly version: string }
  | { readonly kind: 'bookmark'; readonly version: string }
  /** `gone`: what has changed since is not known any more, and all must be listed anew. */
  | { readonly kind: 'error'; readonly gone: boolean; readonly detail: string };

/** One page of a list. `next` is what asks for the following one, null on the last. */
export interface SlicePage {
  readonly slices: ReadonlyMap<string, JsonObject>;
  readonly version: string;
  readonly next: string | null;
}

/** A service has fewer: a slice holds a hundred endpoints as a rule. */
const SLICE_LIMIT = 1_000;
const GONE = 410;

/** Reads a page of an EndpointSliceList (`discovery.k8s.io/v1`). */
export function readSlicePage(text: string): Result<SlicePage, string> {
  const json = readJson(text);
  if (!json.ok) return json;
  const { items, metadata } = objectOf(json.value);
  const version = textOf(objectOf(metadata)['resourceVersion']);
  if (version === null || (items !== null && !Array.isArray(items)))
    return err('the reply is no list of EndpointSlices');
  const slices = new Map<string, JsonObject>();
  for (const item of listOf(items)) {
    const name = nameOf(objectOf(item));
    if (name === null) return err('the reply has an EndpointSlice without a name');
    slices.set(name, objectOf(item));
  }
  return ok({ slices, version, next: textOf(objectOf(metadata)['continue']) });
}

/** Reads one line of a watch; what is none is an error. */
export function readWatchEvent(line: string): WatchEvent {
  const json = readJson(line);
  const { type, object } = objectOf(json.ok ? json.value : null);
  const slice = objectOf(object);
  const version = textOf(objectOf(slice['metadata'])['resourceVersion']);
  if (type === 'ERROR') {
    const { code, message } = slice;
    return {
      kind: 'error',
      gone: code === GONE,
      detail: textOf(message) ?? `the watch ended with code ${String(code)}`,
    };
  }
  if (type === 'BOOKMARK' && version !== null) return { kind: 'bookmark', version };
  const name = nameOf(slice);
  if (name !== null && version !== null) {
    if (type === 'ADDED' || type === 'MODIFIED') return { kind: 'put', slice, name, version };
    if (type === 'DELETED') return { kind: 'deleted', slice, name, version };
  }
  return { kind: 'error', gone: false, detail: 'the watch has a line that is no event' };
}

/**
 * The targets of a service's slices: the endpoints that are ready, or of which that is not known, which is to be read
 * as ready. `port`: its number, or its name.
 */
export function targetsOf(slices: Iterable<JsonObject>, port: number | string): Finding {
  const targets: FoundTarget[] = [];
  const notes = new Set<string>();
  for (const { addressType, endpoints, ports } of slices) {
    if (addressType !== 'IPv4' && addressType !== 'IPv6') {
      notes.add('an EndpointSlice of names, which are not looked up');
      continue;
    }
    const number = numberOf(ports, port);
    if (number === null) {
      if (listOf(endpoints).length > 0) notes.add(`an EndpointSlice that has no port ${port}`);
      continue;
    }
    for (const endpoint of listOf(endpoints)) {
      const { addresses, conditions } = objectOf(endpoint);
      // Of the addresses of one endpoint the first is the one to use: all mean the same.
      const host = textOf(listOf(addresses)[0]);
      if (host !== null && objectOf(conditions)['ready'] !== false) targets.push({ host, port: number, weight: 1 });
    }
  }
  return { targets, notes: [...notes] };
}

/** Whether there are more slices than are kept. */
export function tooManySlices(slices: ReadonlyMap<string, JsonObject>): boolean {
  return slices.size > SLICE_LIMIT;
}

/** A slice without ports is of all of them: then a number stands for itself. */
function numberOf(ports: unknown, wanted: number | string): number | null {
  const known = listOf(ports).map(objectOf);
  if (known.length === 0) return typeof wanted === 'number' ? wanted : null;
  const found = known.find(({ name, port, protocol }) => {
    const isTcp = protocol === undefined || protocol === null || protocol === 'TCP';
    return isTcp && (typeof wanted === 'number' ? port === wanted : name === wanted);
  });
  return found === undefined ? null : portOf(found['port']);
}

function nameOf(slice: JsonObject): string | null {
  return textOf(objectOf(slice['metadata'])['name']);
}
