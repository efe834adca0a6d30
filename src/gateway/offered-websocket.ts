import { errorIssue, type Issue } from '../base/index.ts';
import type { ApiConfig, OperationConfig } from '../config/compiled.ts';
import type { Plan } from './plan.ts';

/** One thing that is wrong with an offer of WebSocket. */
export interface OfferFault {
  /** The key path of the offer. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** Why an operation can't offer WebSocket, by its method and its upstream; nothing where it does not. */
export function webSocketFaults(
  operation: OperationConfig | undefined,
  method: string,
  { upstream }: Pick<ApiConfig, 'upstream'>,
): readonly OfferFault[] {
  if (operation === undefined || operation.websocket === null) return [];
  const path = `${operation.path}.websocket`;
  const faults: OfferFault[] = [];
  if (method !== 'GET')
    faults.push({ path, message: 'only a GET can be upgraded to WebSocket', fix: 'give it a GET route of its own' });
  if (upstream.protocol !== 'http1') {
    const fix = 'leave `protocol` of the upstream out';
    faults.push({ path, message: 'WebSocket goes to upstreams over HTTP/1.1 only', fix });
  }
  return faults;
}

/** The issue where a policy wants bodies of an operation that offers WebSocket: none can read frames. Else null. */
export function frameReaderIssue(
  { readsRequest, respond }: Plan,
  operation: OperationConfig | undefined,
): Issue | null {
  if (operation === undefined || operation.websocket === null) return null;
  if (![readsRequest, respond.reads].some(({ whole, tap }) => whole || tap)) return null;
  const message = 'a policy of this operation reads bodies, and none can read the frames of a WebSocket';
  return errorIssue(`${operation.path}.websocket`, message, { fix: 'leave the policy or `websocket` out' });
}
