/** The JSON of a reply's body, or undefined where it is none: JSON has no such value. */
export function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** A member of a JSON object by its own name; undefined where there is none, or no object. */
export function member(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** The value if it is a text. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Longer ones no CA has, and they are kept. */
const URL_LIMIT_CHARACTERS = 2_048;

/** The value if it is an https URL without credentials and of sane length. */
export function secureUrl(value: unknown): string | null {
  const text = textOf(value);
  if (text === null || text.length > URL_LIMIT_CHARACTERS) return null;
  const url = URL.parse(text);
  return url !== null && url.protocol === 'https:' && url.username === '' && url.password === '' ? text : null;
}
