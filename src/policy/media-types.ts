import { type MediaType, parseMediaType } from '../body/index.ts';

/** Reads Content-Type fields, each spelling once. */
export interface MediaTypes {
  /** Null where there is no field, or one without a single reading. */
  read(field: string | null): MediaType | null;
}

/** The clients of one operation write its types in a few ways; what strangers make up beyond them is read each time. */
const SPELLINGS = 32;
/** Longer ones are no client's habit, and would stay in memory as long as the configuration. */
const SPELLING_LENGTH = 200;

/** Makes a reader of media types that remembers a bounded number of spellings. */
export function createMediaTypes(): MediaTypes {
  const known = new Map<string, MediaType>();
  return {
    read(field) {
      if (field === null) return null;
      const before = known.get(field);
      if (before !== undefined) return before;
      if (known.size >= SPELLINGS || field.length > SPELLING_LENGTH) return valueOf(parseMediaType(field));
      // What is cut out of a request's head would keep all of that head in memory; a copy does not.
      const copy = Buffer.from(field, 'latin1').toString('latin1');
      const read = valueOf(parseMediaType(copy));
      if (read !== null) known.set(copy, read);
      return read;
    },
  };
}

function valueOf(read: ReturnType<typeof parseMediaType>): MediaType | null {
  return read.ok ? read.value : null;
}
