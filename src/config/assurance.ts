import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { ACR_LENGTH_LIMIT, ACR_VALUES_LIMIT, type AssuranceConfig, type AssuranceRules } from '../policy/index.ts';
import { assuranceOf, assuranceWords, waysOf } from './assurance-rules.ts';
import type { ApiConfig, OperationConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import { listOf, ownDuration, parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const NAMES_LIMIT = 20;
const FORM = 'write it like assurance: { acr: urn:acme:mfa, maxAge: 10m }';

const acrValue = parsed(readAcr).meta({ title: 'acr' });
const amrValue = parsed(readAmr).meta({ title: 'amr' });

const assurance = z
  .strictObject({
    acr: z
      .union([acrValue, uniqueList(acrValue, { least: 1, most: ACR_VALUES_LIMIT, what: 'acr' })], {
        error: words('expected the name of an authentication context, or a list of them', FORM),
      })
      .optional()
      .meta({ description: 'What the `acr` of the caller must be: one of these. Clients are asked for them by name.' }),
    amr: z
      .union([amrValue, uniqueList(amrValue, { least: 1, most: NAMES_LIMIT, what: 'amr' })], {
        error: words('expected the name of a method of authentication, or a list of them', 'such as mfa, hwk or otp'),
      })
      .optional()
      .meta({ description: 'What the `amr` of the caller must hold: all of these.' }),
    maxAge: ownDuration(
      { from: '1s', to: '366d' },
      'How long ago the caller may have signed in, by `auth_time`; a token that does not say so is not enough.',
    ),
    proof: z.enum(['dpop', 'mtls', 'any']).optional().meta({
      description:
        'What the credential must be bound to: a key that DPoP proves (RFC 9449), a client certificate (RFC 8705), or any of both.',
    }),
  })
  .refine((said) => Object.values(said).some((value) => value !== undefined), {
    error: words('an assurance says something', FORM),
  });

/** The key `assurance` of an API. */
export const assuranceSchema = assurance.optional().meta({
  description: 'How sure it must be who calls: what is missing is asked for by a challenge (RFC 9470).',
});

/** The key `assurance` of an operation. */
export const operationAssuranceSchema = z
  .union([z.literal('off'), assurance], { error: words('expected off, or what is asked of callers', FORM) })
  .optional()
  .meta({ description: 'As `assurance` of the API, in the place of that; `off`: nothing is asked.' });

/** RFC 9470 §3 lists them with spaces between, in a quoted string: a value holds neither of these, nor an escape. */
function readAcr(value: string): Result<string, string> {
  return value.length <= ACR_LENGTH_LIMIT && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)
    ? ok(value)
    : err(
        words(
          `an acr is plain ASCII without spaces, quotes and backslashes, ${ACR_LENGTH_LIMIT} characters at most`,
          FORM,
        ),
      );
}

function readAmr(value: string): Result<string, string> {
  return /^[\x21-\x7e]{1,64}$/.test(value) ? ok(value) : err('an amr is plain ASCII without spaces, 64 at most');
}

/** Null where nothing is asked. */
export function toAssurance(raw: z.output<typeof assuranceSchema>): AssuranceRules | null {
  if (raw === undefined) return null;
  return {
    acr: raw.acr === undefined ? [] : listOf(raw.acr),
    amr: raw.amr === undefined ? [] : listOf(raw.amr),
    maxAgeMs: raw.maxAge ?? null,
    proof: raw.proof ?? null,
  };
}

/** The same of an operation: null where it says nothing. */
export function toOwnAssurance(raw: z.output<typeof operationAssuranceSchema>): AssuranceRules | 'off' | null {
  return raw === 'off' ? 'off' : toAssurance(raw);
}

/** What the kind `assurance` is told of an API, and the key that says it; null where nothing is asked of anybody. */
export function assurancePolicy(api: ApiConfig): { readonly config: AssuranceConfig; readonly path: string } | null {
  const all = Object.entries(api.operations);
  const differing = all.filter(([, own]) => own.assurance !== null || own.auth !== null);
  const operations = differing.map(([name, own]) => [name, assuranceOf(api, own)] as const);
  const first = operations.find(([, rules]) => rules !== null);
  if (api.assurance === null && first === undefined) return null;
  const owner = api.assurance === null ? (all.find(([name]) => name === first?.[0])?.[1].path ?? api.path) : api.path;
  const config = { api: assuranceOf(api, null), operations: Object.fromEntries(operations) };
  return { config, path: `${owner}.assurance` };
}

/** Assurance that is asked where nobody is known, or of nobody who could have it. */
export function assuranceIssues(api: ApiConfig, places: Readonly<Record<string, Place>>): Issue[] {
  const issue = (path: string, message: string, fix: string): Issue =>
    errorIssue(path, message, { place: placeAt(places, path), fix });
  const unknown = (owner: string, what: string): Issue =>
    issue(
      `${owner}.assurance`,
      `anybody may call this ${what}, so nobody is asked how they signed in`,
      'let callers sign in, or take `assurance` away',
    );
  const unmet = (path: string, own: OperationConfig | null): Issue[] => {
    const rules = assuranceOf(api, own);
    const auth = own?.auth ?? api.auth;
    if (rules === null || auth === 'public' || waysOf(rules, auth).some(({ can }) => can)) return [];
    const message = `nobody who signs in by ${auth.join(' or ')} ever has ${assuranceWords(rules)}`;
    return [issue(path, message, 'name an issuer in `auth` too, or ask for less')];
  };
  const issues = api.auth === 'public' && api.assurance !== null ? [unknown(api.path, 'API')] : [];
  issues.push(...unmet(`${api.path}.assurance`, null));
  for (const own of Object.values(api.operations)) {
    const says = own.assurance !== null && own.assurance !== 'off';
    if (says && (own.auth ?? api.auth) === 'public') issues.push(unknown(own.path, 'operation'));
    // Where both are its API's, that has been said.
    if (says || own.auth !== null) issues.push(...unmet(`${own.path}.${says ? 'assurance' : 'auth'}`, own));
  }
  return issues;
}
