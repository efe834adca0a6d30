import type { Config } from '../config/index.ts';
import type { Snapshot } from '../gateway/index.ts';

/** What each configuration asks of the addresses of clients, looked for once. */
const known = new WeakMap<Config, boolean>();

/** Whether anything of a configuration may judge by a client's address, so that no other may stand for it. */
export function asksOfAddress(config: Config, { lists }: Pick<Snapshot, 'lists'>): boolean {
  if (lists !== null) return true;
  const found =
    known.get(config) ??
    (namesAddress(config.denials) ||
      config.apis.some(
        (api) => api.policies.some(({ kind }) => kind === 'lists' || kind === 'maintenance') || namesAddress(api),
      ));
  known.set(config, found);
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
