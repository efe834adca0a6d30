import { didYouMean, err, ok, parseDuration, type Result } from '../base/index.ts';
import { type AttributeValue, type CallerAssurance, type CallerConfig, isAttributeName } from '../config/index.ts';

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
/** What stands before the name of an attribute. */
const ATTRIBUTE = 'attributes.';
const SINGLE: ReadonlySet<Key> = new Set(['subject', 'tenant', 'client', 'acr', 'authAge', 'proof']);

/** How `--as` is written, for messages. */
export const CALLER_GRAMMAR = "anonymous, or 'roles=customer,support,scopes=orders:read,subject=ada'";

/**
 * Reads who calls: `anonymous`, or keys with their values between commas. A part without `=` is one more value of the
 * key before it; blanks part values too, as they do in a token's scope. Attributes stand as `attributes.NAME`: a number or
 * a truth value where it reads like one, text where it does not or is quoted, and a list where there are several. The error
 * is in words.
 */
export function readCaller(text: string): Result<CallerConfig, string> {
  if (text === 'anonymous') return ok({ kind: 'anonymous' });
  const given = new Map<Key, string[]>();
  const attributes = new Map<string, string[]>();
  let current: string[] | null = null;
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals >= 0) {
      const opened = openKey(part.slice(0, equals).trim(), given, attributes);
      if (!opened.ok) return opened;
      current = opened.value;
    }
    if (current === null) return err(`--as: ${shown(part)} is no caller; ${grammarWords()}`);
    current.push(part.slice(equals + 1).trim());
  }
  const crowded = KEYS.find((key) => SINGLE.has(key) && (given.get(key)?.length ?? 0) > 1);
  if (crowded !== undefined) return err(`--as: ${crowded} has one value only`);
  const assurance = assuranceOf(given);
  if (!assurance.ok) return assurance;
  const told = [...attributes].map(([name, values]) => [name, attributeOf(values)] as const);
  const known = callerOf(given, assurance.value);
  return ok(told.length === 0 ? known : { ...known, attributes: Object.fromEntries(told) });
}

/** Where the values of a key are put. */
function openKey(name: string, given: Map<Key, string[]>, attributes: Map<string, string[]>): Result<string[], string> {
  const values: string[] = [];
  if (name.startsWith(ATTRIBUTE)) {
    const attribute = name.slice(ATTRIBUTE.length);
    if (!isAttributeName(attribute)) return err(`--as: ${shown(attribute)} is no name of an attribute`);
    if (attributes.has(attribute)) return err(`--as holds ${name} twice`);
    attributes.set(attribute, values);
    return ok(values);
  }
  const key = KEYS.find((each) => each === name);
  if (key === undefined) return err(`--as knows no ${shown(name)}; ${didYouMean(name, KEYS) ?? grammarWords()}`);
  if (given.has(key)) return err(`--as holds ${key} twice`);
  given.set(key, values);
  return ok(values);
}

/** As issuers may tell one: a text, a number, a truth value, or a list of texts. */
function attributeOf(values: readonly string[]): AttributeValue {
  const [only = ''] = values;
  if (values.length > 1) return values;
  if (!/^(?:true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|"(?:[^"\\]|\\.)*")$/.test(only)) return only;
  try {
    return JSON.parse(only) as AttributeValue;
  } catch {
    return only;
  }
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
