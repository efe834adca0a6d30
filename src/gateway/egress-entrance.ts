import type { Problem } from '../base/index.ts';
import type { ServerExchange, ServerHandler } from '../wire/index.ts';
import type { Matched } from './arrival.ts';
import { outwardRouter } from './egress-routes.ts';
import type { Snapshot } from './snapshot.ts';

/** What the listener for calls of third parties needs of the gateway. */
export interface EgressDoor {
  /** The one in force; null before the first. */
  readonly current: () => Snapshot | null;
  /** Refuses before any operation is known. */
  readonly turnDown: (stream: ServerExchange, problem: Problem) => void;
  readonly begin: (stream: ServerExchange, match: Matched) => void;
  readonly refused: ServerHandler['refused'];
}

const FROM_PAGE: Problem = { code: 'access-denied', internal: 'a page in a browser is no caller' };

/** What browsers say of the page that has them ask, and programs do not. */
const OF_PAGES = ['origin', 'sec-fetch-site'];

const NO_PARTY: Problem = { code: 'not-found', internal: 'no third party is called so' };

/**
 * Takes the calls that our own APIs make of third parties. Nothing leads further from here but to those that are named,
 * and what they are called by at this listener alone: who calls stands at the other end of its connection, and no proxy's
 * word on it is taken.
 */
export function createEgressEntrance({ current, turnDown, begin, refused }: EgressDoor): ServerHandler {
  return {
    request(stream) {
      const snapshot = current();
      if (snapshot === null) {
        turnDown(stream, { code: 'gateway-overloaded', internal: 'no configuration in force yet' });
        return;
      }
      const { host, path, method } = stream.request;
      const found = outwardRouter(snapshot).find(host, path, method);
      switch (found.kind) {
        case 'notFound':
          turnDown(stream, NO_PARTY);
          return;
        case 'misdirected':
          turnDown(stream, { code: 'misdirected-request' });
          return;
        case 'methodNotAllowed':
          turnDown(stream, { code: 'method-not-allowed', headers: [['allow', found.allow.join(', ')]] });
          return;
        case 'matched':
          if (found.target.api.party?.isKeyless === true && isFromPage(stream)) turnDown(stream, FROM_PAGE);
          else begin(stream, found);
      }
    },
    refused,
  };
}

/** Any page may have a browser on this machine send something here. It can read no reply, but the call would be made. */
function isFromPage({ request }: ServerExchange): boolean {
  return OF_PAGES.some((name) => request.headers.has(name));
}
