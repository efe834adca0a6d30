import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { Config } from './config.ts';
import { placeAt } from './place-at.ts';

/** More of them say nothing new. */
const WARNING_LIMIT = 20;
const FIX = 'write the scheme of the page: https:// for wss://, http:// for ws://';

/**
 * Origins that no page has: a WebSocket has the scheme of what it connects to, and an origin that of the page which opens
 * it (RFC 6454 §4), so browsers never send these.
 */
export function originWarnings({ apis }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const operations = apis.flatMap((api) => Object.values(api.operations));
  const warnings = operations.flatMap(({ path, websocket }) => {
    const origins = websocket === null || typeof websocket.origins === 'string' ? [] : websocket.origins;
    return origins.flatMap((origin, index) => {
      if (!/^wss?:/.test(origin)) return [];
      const at = `${path}.websocket.origins[${index}]`;
      const place = placeAt(places, at);
      const message = `no page has the origin ${origin}, so it lets nobody in`;
      return [{ ...errorIssue(at, message, { place, fix: FIX }), severity: 'warning' as const }];
    });
  });
  return warnings.slice(0, WARNING_LIMIT);
}
