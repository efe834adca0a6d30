import { type MediaType, parseMediaType } from '../body/index.ts';
import { rememberSpellings } from './remembered-spellings.ts';

/** Reads Content-Type fields, each spelling once. */
export interface MediaTypes {
  /** Null where there is no field, or one without a single reading. */
  read(field: string | null): MediaType | null;
}

/** Makes a reader of media types that remembers a bounded number of spellings. */
export function createMediaTypes(): MediaTypes {
  const read = rememberSpellings((field) => {
    const mediaType = parseMediaType(field);
    return mediaType.ok ? mediaType.value : null;
  });
  return { read: (field) => (field === null ? null : read(field)) };
}
