import { didYouMean, err, ok, type Result } from '../base/index.ts';
import type { CallerConfig } from '../config/index.ts';

const KEYS = ['subject', 'roles', 'permissions', 'scopes', 'tenant', 'client'] as const;
type Key = (typeof KEYS)[number];
const SINGLE: ReadonlySet<Key> = new Set(['subject', 'tenant', 'client']);

/** How `--as` is written, for messages. */
export const CALLER_GRAMMAR = "anonymous, or 'roles=customer,support,scopes=orders:read,subject=ada'";

/**
 * Reads who calls: `anonymous`, or keys with their values between commas. A part without `=` is one more value of the
 * key before it; blanks part values too, as they do in a token's scope. The error is in words.
 */
export function readCaller(text: string): Result<CallerConfig, string> {
  if (text === 'anonymous') return ok({ kind: 'anonymous' });
  const given = new Map<Key, string[]>();
  let current: Key | null = null;
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals >= 0) {
      const name = part.slice(0, equals).trim();
      const key = KEYS.find((each) => each === name);
      if (key === undefined) return err(`--as knows no ${shown(name)}; ${didYouMean(name, KEYS) ?? grammarWords()}`);
      if (given.has(key)) return err(`--as holds ${key} twice`);
      given.set(key, []);
      current = key;
    }
    if (current === null) return err(`--as: ${shown(part)} is no caller; ${grammarWords()}`);
    given.get(current)?.push(part.slice(equals + 1).trim());
  }
  const crowded = KEYS.find((key) => SINGLE.has(key) && (given.get(key)?.length ?? 0) > 1);
  return crowded === undefined ? ok(callerOf(given)) : err(`--as: ${crowded} has one value only`);
}

function callerOf(given: ReadonlyMap<Key, readonly string[]>): CallerConfig {
  const single = (key: Key): string | null => given.get(key)?.[0] ?? null;
  const several = (key: Key): readonly string[] =>
    (given.get(key) ?? []).flatMap((value) => value.split(' ')).filter((value) => value !== '');
  return {
    kind: 'known',
    subject: single('subject') ?? '',
    roles: several('roles'),
    permissions: several('permissions'),
    // No scopes at all narrow nothing; scopes that are empty narrow everything away.
    scopes: given.has('scopes') ? several('scopes') : null,
    tenant: single('tenant'),
    clientId: single('client'),
    claims: {},
  };
}

function grammarWords(): string {
  return `write ${CALLER_GRAMMAR}`;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80)).replace(/[\x7f-\uffff]/g, '?');
}
