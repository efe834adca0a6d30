import type { Config } from '../config/index.ts';
import type { Snapshot } from '../gateway/index.ts';
import { pairsIn } from '../lists/index.ts';

/** What rules of the gateway, and each API, ask of the addresses of clients, looked for once. */
const known = new WeakMap<object, boolean>();

/**
 * Whether anything may judge what is asked of an API by the client's address, so that no other may stand for it. All of
 * the API counts, for what is said of one operation may hold for others: a service of gRPC, a field of GraphQL.
 */
export function asksOfAddress({ denials, apis }: Config, apiName: string, { lists }: Pick<Snapshot, 'lists'>): boolean {
  const api = apis.find(({ name }) => name === apiName);
  if (lists !== null || api === undefined) return true;
  if (api.policies.some(({ kind }) => kind === 'lists' || kind === 'maintenance')) return true;
  return isAsked(denials) || isAsked(api);
}

/**
 * Whether the gateway, the API or an operation of it keeps out addresses by their names in the DNS. Names are not looked
 * up for decisions, so that nobody would be on such a list; a list of who is let in lets nobody in for want of them.
 */
export function asksOfNames({ lists, apis }: Pick<Config, 'lists' | 'apis'>, apiName: string): boolean {
  const asked = apis.filter(({ name }) => name === apiName);
  return pairsIn({ lists, apis: asked }).some(({ deny }) => deny !== null && deny.reverseNames !== null);
}

function isAsked(part: object): boolean {
  const found = known.get(part) ?? namesAddress(part);
  known.set(part, found);
  return found;
}

/** Whether a condition anywhere below names `address`; conditions are plain data, and so is all around them. */
function namesAddress(root: unknown): boolean {
  const seen = new Set<unknown>([root]);
  // A Set that grows while it is walked goes on to what was added.
  for (const each of seen) {
    if (typeof each !== 'object' || each === null) continue;
    const { kind, name } = each as { readonly kind?: unknown; readonly name?: unknown };
    if (kind === 'name' && name === 'address') return true;
    for (const part of Object.values(each) as unknown[]) if (typeof part === 'object') seen.add(part);
  }
  return false;
}
