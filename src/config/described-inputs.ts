import type { Place } from '../base/index.ts';
import { type ApiDescription, findOpenInputs, type OpenInput, type OpenInputs } from '../openapi/index.ts';

/** What the description of an API leaves open, with the lines where that can be mended. */
export interface DescribedInputs {
  readonly operations: OpenInputs['operations'];
  /** Those that most operations take come first. */
  readonly open: readonly PlacedInput[];
}

/** An open input and where its schema stands; null where that is not known. */
export interface PlacedInput extends OpenInput {
  readonly at: Place | null;
}

/** Finds what a document leaves open; `place` gives the line of a JSON Pointer into it. */
export function describedInputs(
  document: unknown,
  description: ApiDescription,
  place: (pointer: string) => Place | null,
): DescribedInputs {
  const { operations, open } = findOpenInputs(document, description);
  return { operations, open: open.map((input) => ({ ...input, at: place(input.pointer) })) };
}
