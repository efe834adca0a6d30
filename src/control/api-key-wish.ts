import { z } from 'zod';
import { AddressSet, didYouMean, err, errorIssue, type Issue, ok, parseDuration, type Result } from '../base/index.ts';

/** What a configuration says that keys are made by. */
export interface ApiKeyTerms {
  readonly environment: string;
  /** How long a key lives where nobody says otherwise. */
  readonly lifetimeMs: number;
  readonly roles: readonly string[];
  readonly apis: readonly string[];
}

/** A key that is wanted. `lifetimeMs` null: it never ends. */
export interface ApiKeyWish {
  readonly name: string;
  readonly owner: string | null;
  /** Null where it is to be a caller of its own. */
  readonly subject: string | null;
  readonly tenant: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[] | null;
  readonly apis: readonly string[] | null;
  readonly addresses: readonly string[] | null;
  readonly lifetimeMs: number | null;
}

/** How a key is replaced. `lifetimeMs` undefined: the new one lives as long as the old one was meant to. */
export interface ApiKeyRotation {
  readonly overlapMs: number;
  readonly lifetimeMs: number | null | undefined;
}

const LIFETIME = { leastMs: 60_000, mostMs: 3_660 * 86_400_000, words: '1min to 3660d, or never' };
const OVERLAP = { leastMs: 0, mostMs: 90 * 86_400_000, words: '0s to 90d' };
const OVERLAP_DEFAULT = '24h';

const text = (mostCharacters: number) =>
  z
    .string({ error: 'must be a text' })
    .min(1, { error: 'must not be empty' })
    .max(mostCharacters, { error: `has more than ${mostCharacters} characters` })
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, { error: 'holds characters that can not be shown' });

const list = (most: number) =>
  z
    .array(text(256), { error: 'must be a list of texts' })
    .min(1, { error: 'must not be empty; leave it out' })
    .max(most, { error: `has more than ${most} entries` })
    .refine((all) => new Set(all).size === all.length, { error: 'says something twice' });

const WISH = z.strictObject({
  name: text(100),
  owner: text(100).optional(),
  subject: text(256).optional(),
  tenant: text(256).optional(),
  roles: list(100).optional(),
  scopes: list(100).optional(),
  apis: list(100).optional(),
  addresses: list(100).optional(),
  expires: z.string().optional(),
});

const ROTATION = z.strictObject({ overlap: z.string().optional(), expires: z.string().optional() });

/** The names of roles and APIs that a key names must be there; a slip would make a key that opens nothing. */
export function readApiKeyWish(body: Uint8Array, terms: ApiKeyTerms): Result<ApiKeyWish, readonly Issue[]> {
  const read = readJson(body, WISH);
  if (!read.ok) return read;
  const { name, owner, subject, tenant, roles = [], scopes, apis, addresses, expires } = read.value;
  const lifetime = readLifetime(expires);
  const issues = [
    ...(lifetime.ok ? [] : [lifetime.error]),
    ...strangers('roles', roles, terms.roles),
    ...strangers('apis', apis ?? [], terms.apis),
    ...addressIssues(addresses ?? []),
  ];
  if (issues.length > 0 || !lifetime.ok) return err(issues);
  return ok({
    name,
    owner: owner ?? null,
    subject: subject ?? null,
    tenant: tenant ?? null,
    roles,
    scopes: scopes ?? null,
    apis: apis ?? null,
    addresses: addresses ?? null,
    lifetimeMs: lifetime.value === undefined ? terms.lifetimeMs : lifetime.value,
  });
}

/** An empty body asks for what is usual. */
export function readApiKeyRotation(body: Uint8Array): Result<ApiKeyRotation, readonly Issue[]> {
  const read = readJson(body.length === 0 ? Buffer.from('{}') : body, ROTATION);
  if (!read.ok) return read;
  const overlap = within('overlap', read.value.overlap ?? OVERLAP_DEFAULT, OVERLAP);
  const lifetime = readLifetime(read.value.expires);
  const issues = [overlap, lifetime].flatMap((one) => (one.ok ? [] : [one.error]));
  if (!overlap.ok || !lifetime.ok) return err(issues);
  return ok({ overlapMs: overlap.value, lifetimeMs: lifetime.value });
}

function readJson<T>(body: Uint8Array, schema: z.ZodType<T>): Result<T, readonly Issue[]> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return err([errorIssue('', 'the body is no JSON')]);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return err(parsed.error.issues.map(({ path, message }) => errorIssue(path.join('.'), message)));
}

/** Undefined where nothing is said, null for never. */
function readLifetime(said: string | undefined): Result<number | null | undefined, Issue> {
  if (said === undefined) return ok(undefined);
  return said === 'never' ? ok(null) : within('expires', said, LIFETIME);
}

function within(
  path: string,
  said: string,
  { leastMs, mostMs, words }: { readonly leastMs: number; readonly mostMs: number; readonly words: string },
): Result<number, Issue> {
  const read = parseDuration(said);
  if (!read.ok) return err(errorIssue(path, read.error));
  return read.value >= leastMs && read.value <= mostMs ? ok(read.value) : err(errorIssue(path, `must be ${words}`));
}

function strangers(path: string, named: readonly string[], known: readonly string[]): readonly Issue[] {
  return named.flatMap((name, at) => {
    if (known.includes(name)) return [];
    const fix =
      didYouMean(name, known) ?? (known.length === 0 ? 'there is none' : `there is: ${known.slice(0, 10).join(', ')}`);
    return [errorIssue(`${path}[${at}]`, `the configuration in force has no ${JSON.stringify(name)}`, { fix })];
  });
}

function addressIssues(addresses: readonly string[]): readonly Issue[] {
  return addresses.flatMap((block, at) => {
    const read = AddressSet.parse([block]);
    return read.ok ? [] : [errorIssue(`addresses[${at}]`, read.error)];
  });
}
