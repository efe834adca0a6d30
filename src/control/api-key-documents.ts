import { z } from 'zod';
import { err, ok } from '../base/index.ts';
import { type ApiKeyRow, isApiKeyEnvironment, isApiKeyId } from '../credential/index.ts';
import type { CollectionDeclaration } from '../ports/index.ts';

/** One API key as it lies in the store, by its id. Times are wall time in milliseconds. */
export interface ApiKeyDocument {
  /** HMAC-SHA-256 of the key, base64; the key itself is nowhere. */
  readonly hash: string;
  readonly environment: string;
  readonly name: string;
  readonly owner: string | null;
  readonly subject: string;
  readonly tenant: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[] | null;
  readonly apis: readonly string[] | null;
  readonly addresses: readonly string[] | null;
  readonly createdAt: number;
  readonly createdBy: string;
  /** Null where it never ends. */
  readonly expiresAt: number | null;
  readonly state: 'active' | 'disabled' | 'revoked';
  /** When and by whom it came into this state, and why where somebody said so. */
  readonly stateAt: number;
  readonly stateBy: string;
  readonly reason: string | null;
  /** The id of the key it took the place of, and of the one that took its place. */
  readonly replaces: string | null;
  readonly replacedBy: string | null;
}

const names = z.array(z.string()).max(500);
const id = z.string().refine(isApiKeyId);

const DOCUMENT = z.strictObject({
  hash: z.string().regex(/^[0-9A-Za-z+/]{43}=$/),
  environment: z.string().refine(isApiKeyEnvironment),
  name: z.string(),
  owner: z.string().nullable(),
  subject: z.string().min(1),
  tenant: z.string().nullable(),
  roles: names,
  scopes: names.nullable(),
  apis: names.nullable(),
  addresses: names.nullable(),
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number().nullable(),
  state: z.enum(['active', 'disabled', 'revoked']),
  stateAt: z.number(),
  stateBy: z.string(),
  reason: z.string().nullable(),
  replaces: id.nullable(),
  replacedBy: id.nullable(),
});

/** The API keys; their hashes lie encrypted, so that nobody finds out keys of the store alone. */
export const API_KEYS: CollectionDeclaration<ApiKeyDocument> = {
  name: 'api-keys',
  version: 1,
  parse: (document) => {
    const parsed = DOCUMENT.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['createdAt'],
  secrets: ['hash'],
  migrations: [],
};

/** What requests are judged by. Of a key that is gone for good nothing stays but that it was there. */
export function apiKeyRow(document: ApiKeyDocument): ApiKeyRow {
  const { hash, state, environment } = document;
  if (state === 'revoked') return { ...NOTHING, hash, state, environment };
  const { subject, name, owner, tenant, roles, scopes, apis, addresses, expiresAt } = document;
  return {
    ...{ hash, state, environment, subject, name, owner, tenant, roles, scopes, apis, addresses },
    expiresAtMs: expiresAt,
  };
}

const NOTHING = {
  subject: '',
  name: '',
  owner: null,
  tenant: null,
  roles: [],
  scopes: null,
  apis: null,
  addresses: null,
  expiresAtMs: 0,
} as const;

/** An API key as operators see it. `expired` is one that was not taken back and whose time is over. */
export interface ApiKeyReport extends Omit<ApiKeyDocument, 'hash' | 'state'> {
  readonly id: string;
  readonly state: ApiKeyDocument['state'] | 'expired';
  /** To the minute; null where it was never used. */
  readonly lastUsedAt: number | null;
}

/** What operators see of a key at a time. */
export function apiKeyReport(
  id: string,
  { hash: _hash, ...document }: ApiKeyDocument,
  at: { readonly lastUsedAt: number | null; readonly nowMs: number },
): ApiKeyReport {
  const over = document.state !== 'revoked' && document.expiresAt !== null && document.expiresAt <= at.nowMs;
  return { id, ...document, state: over ? 'expired' : document.state, lastUsedAt: at.lastUsedAt };
}
