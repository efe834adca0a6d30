import type { Place } from '../base/index.ts';
import { member } from './configured.ts';

/** Where a key stands in the file, by its path; null where nobody wrote it. */
export function placeAt(places: Readonly<Record<string, Place>>, path: string): Place | null {
  return member(places, path) ?? null;
}
