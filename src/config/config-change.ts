import type { ApiConfig } from './config.ts';
import type { Gathered } from './gathered.ts';

/** Whether more can be reached after a change than before, or less, or whether a person has to judge. */
export type ChangeEffect = 'loosens' | 'tightens' | 'changes';

/** One thing that differs, in words. `api` and `operation` are null where it is not of one. */
export interface ConfigChange {
  readonly api: string | null;
  readonly operation: string | null;
  readonly about:
    | 'authentication'
    | 'authorization'
    | 'limits'
    | 'validation'
    | 'routes'
    | 'upstream'
    | 'replies'
    | 'issuers'
    | 'roles'
    | 'records'
    | 'server';
  readonly effect: ChangeEffect;
  readonly message: string;
}

/** What the comparison looks at. */
export type Comparable = Pick<Gathered, 'config' | 'descriptions' | 'documents' | 'files' | 'secrets'>;

/** Things of the same name in both, and those that only one has; in the order of the later, the gone ones last. */
export function pairsOf<T extends { readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
): readonly (readonly [old: T | null, next: T | null])[] {
  const old = new Map(before.map((each) => [each.name, each]));
  const names = new Set(after.map(({ name }) => name));
  return [
    ...after.map((next) => [old.get(next.name) ?? null, next] as const),
    ...before.filter(({ name }) => !names.has(name)).map((gone) => [gone, null] as const),
  ];
}

/** Whether two values are the same data. */
export function sameData(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The hosts that an API answers for, in words. */
export function addressWords({ host, basePath }: Pick<ApiConfig, 'host' | 'basePath'>): string {
  return `${host ?? 'any host'}${basePath === '' ? '/' : basePath}`;
}
