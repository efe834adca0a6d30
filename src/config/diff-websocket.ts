import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { WebSocketConfig } from './config.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in what an operation offers of WebSocket. */
export function webSocketChanges(
  was: WebSocketConfig | null,
  is: WebSocketConfig | null,
  tell: Tell,
): readonly ConfigChange[] {
  if (is === null) return was === null ? [] : [tell('routes', 'tightens', 'it can no longer be upgraded to WebSocket')];
  if (was === null) {
    const opened = tell('routes', 'loosens', 'it can be upgraded to WebSocket');
    return is.origins === 'any' ? [opened, tell('routes', 'loosens', ANY_PAGE)] : [opened];
  }
  const changes: ConfigChange[] = [];
  if (!sameData(was.origins, is.origins)) {
    const effect = isAmong(is.origins, was.origins) ? 'tightens' : 'loosens';
    const words = is.origins === 'any' ? ANY_PAGE : 'pages of other origins may open a WebSocket to it';
    changes.push(tell('routes', effect, words));
  }
  changes.push(...boundChanges(was, is, tell));
  if (!sameData(was.subprotocols, is.subprotocols))
    changes.push(tell('routes', 'changes', 'its WebSockets may have other subprotocols'));
  return changes;
}

const ANY_PAGE = 'pages of any origin may open a WebSocket to it';

/** Whether whoever these let in the others did too. */
function isAmong(origins: WebSocketConfig['origins'], others: WebSocketConfig['origins']): boolean {
  if (others === 'any') return true;
  return Array.isArray(origins) && Array.isArray(others) && origins.every((origin) => others.includes(origin));
}

function boundChanges(was: WebSocketConfig, is: WebSocketConfig, tell: Tell): readonly ConfigChange[] {
  const bounds = [
    [was.messageBytes, is.messageBytes, (value: number) => `a WebSocket message may have ${value} bytes`],
    [perMinute(was), perMinute(is), (value: number) => `a client may send ${value} frames a minute`],
    [was.idleMs, is.idleMs, (value: number) => `a WebSocket may be idle for ${value} ms`],
  ] as const;
  return bounds.flatMap(([before, after, words]) =>
    before === after
      ? []
      : [tell('limits', after > before ? 'loosens' : 'tightens', `${words(after)} instead of ${before}`)],
  );
}

function perMinute({ rate }: WebSocketConfig): number {
  return Math.round((rate.count * 60_000) / rate.periodMs);
}
