import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';

/** Documents that may be asked for, by the SHA-256 of each in hexadecimal. */
export type AllowList = ReadonlyMap<string, string>;

/** More than any client has. */
const ENTRY_LIMIT = 20_000;

/** What an allow-list file may have of bytes. */
export const ALLOW_LIST_LIMIT_BYTES = 32 * 1024 * 1024;

/**
 * Reads an allow-list: an Apollo manifest (`{ operations: [{ body }] }`), or a map of any keys to documents, as the
 * compiler of Relay writes it. What the file calls a document does not count: it is known by the SHA-256 of its text.
 */
export function readAllowList(text: string): Result<AllowList, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('is no JSON');
  }
  const documents = documentsIn(value);
  if (documents === null) return err('is neither an Apollo manifest nor a map of documents');
  if (documents.length > ENTRY_LIMIT) return err(`holds more than ${ENTRY_LIMIT} documents`);
  if (documents.length === 0) return err('holds no document');
  return ok(new Map(documents.map((document) => [hashOf(document), document])));
}

/** The SHA-256 of a document, in hexadecimal. */
export function hashOf(document: string): string {
  return createHash('sha256').update(document, 'utf8').digest('hex');
}

function documentsIn(value: unknown): readonly string[] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { operations } = value as { readonly operations?: unknown };
  const listed = Array.isArray(operations)
    ? operations.map((each: unknown) => (each as { readonly body?: unknown } | null)?.body)
    : Object.values(value);
  return listed.every((each): each is string => typeof each === 'string' && each !== '') ? listed : null;
}
