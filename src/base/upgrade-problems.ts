import type { CatalogueEntry } from './catalogue-entry.ts';

/** What can be wrong with asking for WebSocket. */
export const upgradeProblems = {
  'invalid-upgrade': {
    status: 400,
    title: 'Invalid upgrade',
    cause:
      'The request asks for WebSocket, and not as RFC 6455 §4.2.1 says: the method, Connection, the key, the version (13) or the subprotocols.',
    fix: 'Ask for WebSocket with a library that speaks RFC 6455.',
    closes: true,
  },
  'origin-refused': {
    status: 403,
    title: 'Origin refused',
    cause: 'Pages of this origin may not open a WebSocket here.',
    fix: 'Name the origin under `websocket` of the operation.',
    closes: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
