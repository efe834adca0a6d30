import type { X509Certificate } from 'node:crypto';
import type { ClientTrustConfig } from './config.ts';
import { complain, type Work } from './gather-work.ts';
import { words } from './words.ts';

/** Who judges the clients of hosts, with the CAs of its file. */
export interface ReadTrust {
  readonly trust: ClientTrustConfig;
  readonly certificates: readonly X509Certificate[];
}

/** A name of CAs: where it stood first, and the keys that every file so far has under it. */
interface Known {
  readonly path: string;
  readonly keys: ReadonlySet<string>;
}

const PASSES = 'whom the one has signed would pass for a caller of the other';
const FIX =
  'give CAs of different owners different names; while one gets a new key, put both of its certificates into each file';

/**
 * CAs of one name and of different keys, trusted at different hosts. A caller is known by the name of the CA and its own, so
 * whom the one has signed would pass for whom the other has. While a CA gets a new key, all files share one.
 */
export function tellOfNamesakes(work: Work, trusts: readonly ReadTrust[]): void {
  const known = new Map<string, Known>();
  for (const { trust, certificates } of trusts) {
    const at = `${trust.path}.clientCa`;
    for (const [name, keys] of keysByName(certificates)) {
      const earlier = known.get(name) ?? { path: at, keys };
      const shared = earlier.keys.intersection(keys);
      if (shared.size > 0) known.set(name, { path: earlier.path, keys: shared });
      else complain(work, at, words(`has another CA ${shown(name)} than ${earlier.path}: ${PASSES}`, FIX));
    }
  }
}

function shown(name: string): string {
  return JSON.stringify(name.split('\n').join(','));
}

function keysByName(certificates: readonly X509Certificate[]): ReadonlyMap<string, ReadonlySet<string>> {
  const byName = Map.groupBy(certificates, ({ subject }) => subject ?? '');
  const keyOf = ({ publicKey }: X509Certificate): string =>
    publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return new Map([...byName].map(([name, all]) => [name, new Set(all.map(keyOf))]));
}
