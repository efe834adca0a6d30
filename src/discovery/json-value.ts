import { err, ok, type Result } from '../base/index.ts';

/** An object of JSON, of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads JSON text that others have written. */
export function readJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    return err('the reply is no JSON');
  }
}

/** The value where it is an object, else an empty one. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The value where it is a list, else an empty one: `null` and nothing stand for that in these APIs. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value where it is a text that is not empty, else null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The value where it is a port that can be connected to, else null. */
export function portOf(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536 ? (value as number) : null;
}
