import type { Exchange } from './exchange.ts';
import { percentEncoded, type PlainCharacters } from './percent-encoding.ts';

/** Something of a request that a text may name. */
export type Reference =
  | { readonly kind: 'param'; readonly name: string }
  | { readonly kind: 'request-id' }
  | { readonly kind: 'request-host' }
  | { readonly kind: 'principal-subject' };

/** A text with references in it, piece by piece. `text` is as it is written in the configuration. */
export interface WrittenText {
  readonly text: string;
  readonly pieces: readonly (string | Reference)[];
}

/**
 * The text for a request: pieces stand as they are, what they refer to is percent-encoded but for what is plain there
 * (null: not at all). Null where it refers to somebody who is not known, or to anything without a request.
 */
export function writeText(
  { pieces }: WrittenText,
  exchange: Exchange | null,
  plain: PlainCharacters | null,
): string | null {
  let text = '';
  for (const piece of pieces) {
    const value = typeof piece === 'string' ? piece : exchange === null ? null : valueOf(piece, exchange);
    if (value === null) return null;
    text += typeof piece === 'string' || plain === null ? value : percentEncoded(value, plain);
  }
  return text;
}

function valueOf(reference: Reference, { id, params, principal, request }: Exchange): string | null {
  switch (reference.kind) {
    case 'param':
      return params[reference.name] ?? null;
    case 'request-id':
      return id;
    case 'request-host':
      return request.host;
    case 'principal-subject':
      return principal === null ? null : principal.subject;
  }
}
