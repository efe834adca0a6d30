import { NOT_JSON, type Reading } from './unreadable.ts';

/** Reads JSON text by the rules that bodies have; undefined for what is not well-formed. */
export type JsonReader = (text: string) => unknown;

/** The value of a JSON text inside a parameter or a field of a form. */
export function readDocument(text: string, readJson: JsonReader): Reading {
  const value = readJson(text);
  return value === undefined ? NOT_JSON : value;
}

/** Whether a media type without parameters, in lower case, is JSON (WHATWG MIME Sniffing §4.6). */
export function isJsonType(essence: string): boolean {
  return essence === 'application/json' || essence === 'text/json' || essence.endsWith('+json');
}
