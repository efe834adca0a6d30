import { didYouMean, err, ok, parseDuration, type Result } from '../base/index.ts';
import type { CallerAssurance, CallerConfig } from '../config/index.ts';

const KEYS = [
  'subject',
  'roles',
  'permissions',
  'scopes',
  'tenant',
  'client',
  'acr',
  'amr',
  'authAge',
  'proof',
] as const;
type Key = (typeof KEYS)[number];
const SINGLE: ReadonlySet<Key> = new Set(['subject', 'tenant', 'client', 'acr', 'authAge', 'proof']);

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
  if (crowded !== undefined) return err(`--as: ${crowded} has one value only`);
  const assurance = assuranceOf(given);
  return assurance.ok ? ok(callerOf(given, assurance.value)) : assurance;
}

/** How they signed in, and how long ago. */
function assuranceOf(given: ReadonlyMap<Key, readonly string[]>): Result<CallerAssurance, string> {
  const [age] = given.get('authAge') ?? [];
  const [proof] = given.get('proof') ?? [];
  const parsed = age === undefined ? null : parseDuration(age);
  if (parsed !== null && !parsed.ok) return err(`--as: authAge: ${parsed.error}`);
  if (proof !== undefined && proof !== 'dpop' && proof !== 'mtls') return err('--as: proof is dpop or mtls');
  const [acr = null] = given.get('acr') ?? [];
  return ok({ acr, amr: valuesOf(given, 'amr'), authAgeMs: parsed?.value ?? null, proof: proof ?? null });
}

function valuesOf(given: ReadonlyMap<Key, readonly string[]>, key: Key): readonly string[] {
  return (given.get(key) ?? []).flatMap((value) => value.split(' ')).filter((value) => value !== '');
}

function callerOf(given: ReadonlyMap<Key, readonly string[]>, assurance: CallerAssurance): CallerConfig {
  const single = (key: Key): string | null => given.get(key)?.[0] ?? null;
  const several = (key: Key): readonly string[] => valuesOf(given, key);
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
    assurance,
  };
}

function grammarWords(): string {
  return `write ${CALLER_GRAMMAR}`;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80)).replace(/[\x7f-\uffff]/g, '?');
}
