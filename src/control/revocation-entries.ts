import { z } from 'zod';
import { err, ok } from '../base/index.ts';
import { type Revocable, REVOCABLE } from '../policy/index.ts';
import type { CollectionDeclaration } from '../ports/index.ts';

/** What is to be revoked. Times are wall time in milliseconds. */
export interface RevocationWish {
  readonly what: Revocable;
  /** The identifier of its issuer, as tokens say it. */
  readonly issuer: string;
  readonly value: string;
  /** What was issued up to then; null for all there is and will be. */
  readonly beforeMs: number | null;
  /** When it may be forgotten; null for never, `lifetime` for when no token can be left. */
  readonly until: number | null | 'lifetime';
  /** In the operator's words. */
  readonly reason: string | null;
  readonly author: string;
  /** Whether an issuer wishes it, and no operator, who finds room when issuers have used up theirs. */
  readonly told?: boolean;
}

/** A revocation as it is kept. */
export interface Revocation {
  readonly what: Revocable;
  readonly issuer: string;
  readonly value: string;
  readonly before: number | null;
  readonly at: number;
  readonly until: number | null;
  /** Whether `until` is when no token can be left. */
  readonly byLifetime: boolean;
  readonly reason: string | null;
  readonly author: string;
}

/** One with its id. */
export interface RevocationEntry extends Revocation {
  readonly id: string;
}

const TIME = z.number().nullable();
const REVOCATION = z.strictObject({
  what: z.enum(REVOCABLE),
  issuer: z.string(),
  value: z.string(),
  before: TIME,
  at: z.number(),
  until: TIME,
  byLifetime: z.boolean(),
  reason: z.string().nullable(),
  author: z.string(),
});

/** By a keyed hash of what is revoked: who was, lies encrypted. */
export const REVOCATION_ENTRIES: CollectionDeclaration<Revocation> = {
  name: 'revocations',
  version: 1,
  parse: (document) => {
    const parsed = REVOCATION.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['at'],
  secrets: ['value', 'reason'],
  migrations: [],
};
