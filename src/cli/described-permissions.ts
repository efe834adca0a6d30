import type { StarterPermissions } from '../config/index.ts';
import type { Snapshot } from '../gateway/index.ts';

type Described = NonNullable<Snapshot['operations'][number]['operation']['described']>;

/** The scopes that operations ask for, sorted: those that reading asks for, and those that only other methods do. */
export function describedPermissions(
  operations: readonly Pick<Described, 'method' | 'security'>[],
): StarterPermissions {
  const read = new Set<string>();
  const all = new Set<string>();
  for (const { method, security } of operations) {
    const scopes = (security ?? []).flat().flatMap((required) => required.scopes);
    for (const scope of scopes) {
      all.add(scope);
      if (method === 'GET' || method === 'HEAD') read.add(scope);
    }
  }
  const write = [...all].filter((scope) => !read.has(scope));
  return { read: [...read].toSorted(), write: write.toSorted() };
}
