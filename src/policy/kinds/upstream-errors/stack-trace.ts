import { readingsOf } from './stack-text.ts';
import { SIGNATURES } from './trace-signatures.ts';

/**
 * What of a program's inside a body shows: a stack trace, a debugging page, the words of a database. Gives the name of
 * what was found first, or null. Bounded by the caller's bytes; it takes time by their number alone.
 */
export function findTrace(bytes: Uint8Array): string | null {
  for (const reading of readingsOf(bytes)) {
    for (const { name, words, pattern } of SIGNATURES) {
      if (words.length > 0 && !words.some((word) => reading.includes(word))) continue;
      if (pattern === null || pattern.test(reading)) return name;
    }
  }
  return null;
}
