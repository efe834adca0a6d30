import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { IssuerConfig } from '../policy/index.ts';
import type { LoginConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import { parsed, uniqueList } from './scalars.ts';
import { readSecretText } from './secret-text.ts';
import { words } from './words.ts';

const NAME_LIMIT = 256;
const LABEL_LIMIT = 60;
const SCOPE_LIMIT = 50;
const CLASS_LIMIT = 20;

const name = (what: string) => parsed((value) => readName(value, what)).meta({ title: 'text' });
const secret = (description: string) => z.string().transform(readSecretText).meta({ title: 'reference', description });

/** The key `login` of an issuer: people sign in with it in their browsers, by OpenID Connect. */
export const loginSchema = z
  .strictObject({
    clientId: name('a client id').meta({ description: 'Whom the issuer knows the gateway as.' }),
    clientSecret: secret(
      'The secret that it gave for that: `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
    ).optional(),
    privateKey: secret(
      'In place of a secret, the key that the gateway signs with when it asks the issuer, PEM (RFC 7523): `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
    ).optional(),
    kid: name('the name of a key')
      .optional()
      .meta({ description: 'The name of that key at the issuer, where it has one (`kid`).' }),
    scopes: uniqueList(parsed(readToken).meta({ title: 'text' }), { least: 1, most: SCOPE_LIMIT, what: 'scope' })
      .prefault(['openid'])
      .meta({
        description:
          'What is asked for; `openid` always is. With `offline_access` most issuers give a token to refresh with.',
      }),
    prompt: z.enum(['login', 'consent', 'select_account']).optional().meta({
      description: 'What the issuer is to ask people for, though it knows them already.',
    }),
    acrValues: uniqueList(parsed(readToken).meta({ title: 'text' }), { least: 1, most: CLASS_LIMIT, what: 'class' })
      .optional()
      .meta({ description: 'The classes of signing in, of which each sign-in must be one (`acr`).' }),
    par: z.enum(['auto', 'required', 'off']).prefault('auto').meta({
      description:
        'Pushed authorization requests (RFC 9126): `auto` where the issuer takes them, `required` always, `off` never.',
    }),
    userinfo: z.boolean().prefault(false).meta({
      description: 'Whether the issuer’s userinfo is asked for claims that the ID token does not have.',
    }),
    label: parsed(readLabel)
      .optional()
      .meta({ title: 'text', description: 'What people read where they choose; its name unless said otherwise.' }),
  })
  .refine((login) => (login.clientSecret === undefined) !== (login.privateKey === undefined), {
    error: words('a login has either `clientSecret` or `privateKey`', 'write one of them'),
  })
  .refine((login) => login.kid === undefined || login.privateKey !== undefined, {
    error: words('`kid` is the name of a `privateKey`', 'take it away'),
    path: ['kid'],
  })
  .optional()
  .meta({ description: 'Lets people sign in with it in their browsers, for APIs whose `auth` has `session`.' });

/** What the key becomes; null where it is not there. */
export function toLogin(raw: z.output<typeof loginSchema>, issuer: IssuerConfig): LoginConfig | null {
  if (raw === undefined) return null;
  const { clientId, clientSecret, privateKey, kid, scopes, prompt, acrValues, par, userinfo, label } = raw;
  const reference = clientSecret ?? privateKey ?? '';
  return {
    ...{ issuer, clientId, par, userinfo },
    proof:
      clientSecret === undefined ? { kind: 'private-key', reference, kid: kid ?? null } : { kind: 'secret', reference },
    scopes: ['openid', ...scopes.filter((scope) => scope !== 'openid')],
    prompt: prompt ?? null,
    acrValues: acrValues ?? null,
    label: label ?? issuer.name,
    path: `${issuer.path}.login`,
  };
}

/** What of an issuer does not go together with people who sign in with it. */
export function loginIssues(logins: readonly LoginConfig[], places: Readonly<Record<string, Place>>): Issue[] {
  return logins.flatMap(({ issuer, path }) => {
    const issue = (message: string, fix: string): Issue =>
      errorIssue(path, message, { place: placeAt(places, path), fix });
    if (issuer.keys.kind === 'file') {
      return [
        issue('the keys of an issuer with a `login` are not read from a file', 'leave `jwks` out, or write its URL'),
      ];
    }
    return [];
  });
}

function readName(value: string, what: string): Result<string, string> {
  if (value === '') return err(`${what} is not empty`);
  if (/[^\x20-\x7e]/.test(value)) return err(`${what} is of plain ASCII characters`);
  return value.length > NAME_LIMIT ? err(`has more than ${NAME_LIMIT} characters`) : ok(value);
}

/** One word, as scopes are (RFC 6749 §3.3). */
function readToken(value: string): Result<string, string> {
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value))
    return err('is one word of plain ASCII, without quotes or backslashes');
  return value.length > NAME_LIMIT ? err(`has more than ${NAME_LIMIT} characters`) : ok(value);
}

function readLabel(value: string): Result<string, string> {
  if (!/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(value)) return err('is one line of text');
  return value.length > LABEL_LIMIT ? err(`has more than ${LABEL_LIMIT} characters`) : ok(value);
}
