import { pastString } from './json-text.ts';

const QUOTE = 0x22;
const COLON = 0x3a;

/**
 * The value of a JSON text in which all is well: sound by the grammar of RFC 8259, nested no deeper than the limit, and
 * no key twice in one object. Null for any other text; what is wrong with it, `checkJson` says at three times the cost.
 */
export function readFlawless(text: string, depthLimit: number): { readonly value: unknown } | null {
  // Before it is parsed: what is nested without end would take many times its size.
  const members = membersIn(text, depthLimit);
  if (members === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  // Of two equal keys JSON.parse keeps one, so there are fewer then than were written.
  return keysIn(value) === members ? { value } : null;
}

/** How many members the objects of a sound text have: as many as there are colons outside of strings. Null if nested too deep. */
function membersIn(text: string, depthLimit: number): number | null {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = pastString(text, at) - 1;
    else if (code === COLON) members += 1;
    // With this bit set, the code of a bracket is that of the brace which opens or closes like it.
    else if ((code | 0x20) === 0x7b && ++depth > depthLimit) return null;
    else if ((code | 0x20) === 0x7d) depth -= 1;
  }
  return members;
}

/**
 * How many keys the objects of a value have that came out of JSON.parse, and is not nested deep. Names from a prototype
 * would count too: then there are too many, and the text is checked.
 */
function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const each of value as readonly unknown[]) if (typeof each === 'object') keys += keysIn(each);
    return keys;
  }
  // Three times as fast as by a list of the names.
  for (const name in value) {
    keys += 1;
    const each = (value as Readonly<Record<string, unknown>>)[name];
    if (typeof each === 'object') keys += keysIn(each);
  }
  return keys;
}
