import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { parseJson } from '../body/index.ts';
import { isOpaqueToken, looksLikeJwt, readJwt } from '../credential/index.ts';
import { type IssuerConfig, issuerNames, type Revocable, REVOCABLE, tokenName } from '../policy/index.ts';
import type { AdminReply, OperationOf } from './admin-operation.ts';
import { AUTHOR, authorIn } from './change-author.ts';
import type { RevocationEntry, RevocationWish } from './revocation-entries.ts';
import type { Revocations, Revoked } from './revocations.ts';

/** What the admin API asks of revocations. */
export interface RevocationBackend {
  readonly kept: Pick<Revocations, 'list' | 'revoke' | 'lift' | 'size'>;
  /** Those of the configuration in force. */
  issuers(): readonly IssuerConfig[];
  now(): number;
}

/** What is asked for. Times are ISO 8601 with an offset. */
export interface RevocationRequest {
  readonly what: Exclude<Revocable, 'key' | 'logout' | 'logout-session'>;
  /** The name of an issuer in the configuration, or its identifier; may be left out where there is one. */
  readonly issuer?: string | undefined;
  /** Its name; of a token `jti`, unless `token` is given. */
  readonly value?: string | undefined;
  /** A token as it stands, which is revoked by its text. Of a JWT `issuer` may be left out. */
  readonly token?: string | undefined;
  readonly before?: string | undefined;
  readonly until?: string | undefined;
  readonly reason?: string | undefined;
}

/** What was done: the revocations, and whether all gateway threads judge by them. */
export interface RevocationReply {
  readonly revocations: readonly RevocationEntry[];
  readonly inForce: boolean;
}

const BODY_LIMIT_BYTES = 32 * 1_024;
const TOKEN_LIMIT = 16 * 1_024;
const LIST_LIMIT = 1_000;
const ID = /^[0-9a-f]{32}$/;
const TIME = z.iso.datetime({ offset: true }).optional();

const BODY = z.strictObject({
  // Keys have commands of their own, which know of more than that they are revoked.
  what: z.enum(REVOCABLE.filter((what) => what !== 'key' && what !== 'logout' && what !== 'logout-session')),
  issuer: z.string().max(2_048).optional(),
  value: z.string().min(1).max(2_048).optional(),
  token: z.string().min(1).max(TOKEN_LIMIT).optional(),
  before: TIME,
  until: TIME,
  reason: z.string().max(1_000).optional(),
});

/** The operations of the admin API that revoke. */
export const REVOCATION_OPERATIONS: readonly OperationOf<{ readonly revocations: RevocationBackend }>[] = [
  {
    id: 'listRevocations',
    method: 'GET',
    path: '/v1/revocations',
    summary: `Revocations that hold, newest first, ${LIST_LIMIT} at most, and how many there are.`,
    key: true,
    bodyLimitBytes: null,
    query: {},
    run: ({ revocations: { kept } }) =>
      Promise.resolve({ status: 200, json: { count: kept.size, revocations: kept.list(LIST_LIMIT) } }),
  },
  {
    id: 'revoke',
    method: 'POST',
    path: '/v1/revocations',
    summary:
      'Revokes what the body names, as JSON: `what` (token, session, subject or client), `value`, or of a token `token`, as it stands; `issuer`, `before`, `until`, `reason`. Answers when all threads judge by it, or says what is wrong (409).',
    key: true,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    body: 'json',
    query: AUTHOR,
    run: async ({ revocations }, { query, body }) => {
      const author = authorIn(query);
      const asked = readRequest(body);
      if (author === null || asked === null) return BAD_REQUEST;
      const wishes = wishesOf(asked, author, revocations);
      if (!wishes.ok) return { status: 409, json: { issues: wishes.error } };
      // Together, so that those of many tenants share a version of the table.
      return replyOf(await Promise.all(wishes.value.map((wish) => revocations.kept.revoke(wish))));
    },
  },
  {
    id: 'liftRevocation',
    method: 'POST',
    path: '/v1/revocations/{revocation}/lift',
    summary: 'Takes a revocation back, by its id.',
    key: true,
    bodyLimitBytes: null,
    query: AUTHOR,
    run: async ({ revocations: { kept } }, { params, query }) => {
      const author = authorIn(query);
      const id = params['revocation'] ?? '';
      if (author === null) return BAD_REQUEST;
      return ID.test(id) ? replyOf([await kept.lift(id, author)]) : { status: 404, problem: { code: 'not-found' } };
    },
  },
];

const BAD_REQUEST: AdminReply = { status: 400, problem: { code: 'invalid-parameters' } };

function readRequest(body: Uint8Array): RevocationRequest | null {
  try {
    const parsed = BODY.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function replyOf(done: readonly Result<Revoked, string>[]): AdminReply {
  const fault = done.find((one) => !one.ok);
  if (fault !== undefined && !fault.ok) return { status: 409, json: { issues: [errorIssue('', fault.error)] } };
  const revoked = done.flatMap((one) => (one.ok ? [one.value] : []));
  const reply: RevocationReply = {
    revocations: revoked.map(({ entry }) => entry),
    inForce: revoked.every(({ inForce }) => inForce),
  };
  return { status: 200, json: reply };
}

/** One for each identifier of the issuer that is meant. */
function wishesOf(
  { what, issuer, before, until, reason, ...named }: RevocationRequest,
  author: string,
  { issuers, now }: Pick<RevocationBackend, 'issuers' | 'now'>,
): Result<readonly RevocationWish[], readonly Issue[]> {
  const name = nameOf(what, named);
  if (!name.ok) return err([errorIssue('value', name.error)]);
  const { value, issuer: said } = name.value;
  const meant = issuerMeant(issuer ?? said, issuers());
  if (!meant.ok) return err([errorIssue('issuer', meant.error)]);
  if (before !== undefined && what !== 'subject' && what !== 'client')
    return err([errorIssue('before', `a ${what} is revoked whenever it was issued`)]);
  const { names, skewMs } = meant.value;
  const beforeMs = before === undefined ? null : Date.parse(before);
  const wish = {
    what,
    value,
    author,
    reason: reason ?? null,
    // The issuer's clock may be ahead of ours, and what it issued a moment ago bear a time that is yet to come.
    beforeMs: what === 'subject' ? (beforeMs ?? now() + skewMs) : beforeMs,
    // A client gets tokens anew for as long as its issuer gives it any.
    until:
      until === undefined ? (what === 'client' && beforeMs === null ? null : ('lifetime' as const)) : Date.parse(until),
  };
  return ok(names.map((name) => ({ ...wish, issuer: name })));
}

/** What is revoked is called, and of a JWT who it says has issued it. Nothing of a token is ever said again. */
function nameOf(
  what: RevocationRequest['what'],
  { value, token }: Pick<RevocationRequest, 'value' | 'token'>,
): Result<{ readonly value: string; readonly issuer?: string }, string> {
  if (token === undefined) return value === undefined ? err('say which one, by its name') : ok({ value });
  if (value !== undefined || what !== 'token') return err('a token as it stands is the only name of what is revoked');
  if (looksLikeJwt(token)) {
    const jwt = readJwt(token, parseJson);
    const issuer = jwt.ok ? jwt.value.claims['iss'] : undefined;
    return ok({ value: tokenName(token), ...(typeof issuer === 'string' ? { issuer } : {}) });
  }
  return isOpaqueToken(token) ? ok({ value: tokenName(token) }) : err('this is no token');
}

interface MeantIssuer {
  readonly names: readonly string[];
  readonly skewMs: number;
}

function issuerMeant(text: string | undefined, issuers: readonly IssuerConfig[]): Result<MeantIssuer, string> {
  const known = issuers.map(({ name }) => name).join(', ');
  if (text === undefined) {
    const [only, ...others] = issuers;
    if (only === undefined) return err('there is no issuer in the configuration');
    return others.length === 0 ? ok(meantBy(only)) : err(`say of which issuer: ${known}`);
  }
  const named = issuers.find(({ name }) => name === text);
  if (named !== undefined) return ok(meantBy(named));
  const owner = issuers.find((issuer) => issuerNames(issuer).includes(text));
  return owner === undefined
    ? err(`no issuer is called so; there is ${known}`)
    : ok({ ...meantBy(owner), names: [text] });
}

function meantBy(issuer: IssuerConfig): MeantIssuer {
  return { names: issuerNames(issuer), skewMs: issuer.skewMs };
}
