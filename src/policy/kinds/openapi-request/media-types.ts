import { type MediaType, parseMediaType } from '../../../body/index.ts';

/** Reads Content-Type fields, each spelling once. */
export interface MediaTypes {
  /** Null where there is no field, or one without a single reading. */
  read(field: string | null): MediaType | null;
}

/** The clients of one operation write its types in a few ways; what strangers make up beyond them is read each time. */
const SPELLINGS = 32;

/** Makes a reader of media types that remembers a bounded number of spellings. */
export function createMediaTypes(): MediaTypes {
  const known = new Map<string, MediaType>();
  return {
    read(field) {
      if (field === null) return null;
      const before = known.get(field);
      if (before !== undefined) return before;
      const read = parseMediaType(field);
      if (!read.ok) return null;
      if (known.size < SPELLINGS) known.set(field, read.value);
      return read.value;
    },
  };
}
