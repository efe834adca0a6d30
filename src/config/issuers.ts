import { z } from 'zod';
import { didYouMean, err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { type IssuerConfig, type KeyOrigin, needsKeys } from '../policy/index.ts';
import { claimsSchema, toClaims } from './claims.ts';
import type { Config } from './config.ts';
import { introspectionSchema, toIntrospection } from './introspection.ts';
import { formatKeyPath } from './key-path.ts';
import { loginSchema } from './logins.ts';
import { absolute } from './path.ts';
import { placeAt } from './place-at.ts';
import { duration, listOf, parsed, path, uniqueList } from './scalars.ts';
import { issuerProofKeys } from './proof.ts';
import { readWebUrl } from './web-url.ts';
import { tenancyKeys, toTenancy } from './tenancy.ts';
import { words } from './words.ts';

type Algorithm = IssuerConfig['algorithms'][number];

/** As many as have a live table of keys each, and fit into a configuration of 1 MiB. */
const ISSUER_LIMIT = 1_000;
const AUDIENCE_LIMIT = 32;
const AUDIENCE_LENGTH_LIMIT = 1_024;
const ALGORITHMS_DEFAULT = ['ES256', 'RS256', 'PS256', 'EdDSA'];

/** Both ways complete: an algorithm that cannot be verified is not a key here, and one that can be is not missing. */
const ALGORITHMS: Readonly<Record<Algorithm, true>> = {
  ES256: true,
  ES384: true,
  ES512: true,
  RS256: true,
  RS384: true,
  RS512: true,
  PS256: true,
  PS384: true,
  PS512: true,
  EdDSA: true,
  Ed25519: true,
};

/** Names that mean other ways to sign in, so that no issuer can be mistaken for one. */
export const RESERVED_NAMES: readonly string[] = [
  'public',
  'api-key',
  'session',
  'mtls',
  'http-signature',
  'introspection',
  'built-in',
];

const issuerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, {
    error: words('an issuer has a name of a-z, 0-9 and `-`, a letter first, 63 characters at most'),
    abort: true,
  })
  .refine((name) => name !== 'built-in', {
    error: words('the built-in authorization server is not available in this version', 'name an issuer of your own'),
    abort: true,
  })
  .refine((name) => !RESERVED_NAMES.includes(name) && !(name in {}), {
    error: 'this name cannot be used for an issuer',
  });

const audience = parsed(readAudience).meta({ title: 'text' });

const issuer = z.strictObject({
  issuer: parsed((value) => readWebUrl(value, { query: false })).meta({
    title: 'URL',
    description:
      'Its identifier, exactly as the `iss` of its tokens says it. With `tenants`, `{tenantid}` stands for one of them.',
  }),
  ...tenancyKeys,
  audience: z
    .union([audience, uniqueList(audience, { least: 1, most: AUDIENCE_LIMIT, what: 'audience' })], {
      error: ({ input }) =>
        input === undefined
          ? words('an issuer needs the `audience` of the tokens meant for these APIs', 'write what their `aud` says')
          : words('expected text, or a list of texts', 'write what the `aud` of the tokens says'),
    })
    .meta({ description: 'What the `aud` of a token must hold: one text, or a list of which it holds one.' }),
  algorithms: uniqueList(parsed(readAlgorithm).meta({ title: 'algorithm' }), {
    least: 1,
    most: Object.keys(ALGORITHMS).length,
    what: 'algorithm',
  })
    .prefault(ALGORITHMS_DEFAULT)
    .meta({
      description: `The signature algorithms that are taken. Unless said otherwise ${ALGORITHMS_DEFAULT.join(', ')}.`,
    }),
  jwks: parsed(readKeys).prefault('discovery').meta({
    title: '`discovery`, URL or FILE',
    description: 'Where its keys are: in its metadata, at a URL, or in a file with a JWK Set.',
  }),
  ca: path(
    'The CAs that vouch for its certificates, PEM, instead of those of the system: wherever its metadata and keys are had, it is asked about tokens, or people sign in.',
  ).optional(),
  introspection: introspectionSchema,
  claims: claimsSchema,
  scopes: z.enum(['narrow', 'ignore']).prefault('narrow').meta({
    description: '`narrow`: the scope of a token takes away from what its roles permit. `ignore`: it does not count.',
  }),
  typ: z.enum(['any', 'at+jwt']).prefault('any').meta({
    description: '`at+jwt` takes only tokens that say they are access tokens; `any` also others, but never ID tokens.',
  }),
  login: loginSchema,
  ...issuerProofKeys,
  skew: duration('30s', { from: '0s', to: '2m' }, 'How far clocks may differ.'),
  maxLifetime: duration('24h', { from: '1s', to: '366d' }, 'The longest time from `iat` to `exp`.'),
});

/** The keys of `issuers`. */
export const issuersSchema = z
  .record(issuerName, issuer)
  .refine((issuers) => Object.keys(issuers).length <= ISSUER_LIMIT, {
    error: `at most ${ISSUER_LIMIT} issuers are read`,
  })
  .prefault({})
  .meta({ description: 'Whose tokens are taken, by a name of your own.' });

function readAudience(value: string): Result<string, string> {
  if (value === '') return err('an audience is not empty');
  if (/[\x00-\x1f\x7f]/.test(value)) return err('an audience holds no control characters');
  return value.length > AUDIENCE_LENGTH_LIMIT ? err(`has more than ${AUDIENCE_LENGTH_LIMIT} characters`) : ok(value);
}

function readAlgorithm(value: string): Result<Algorithm, string> {
  const known = Object.keys(ALGORITHMS) as Algorithm[];
  const found = known.find((algorithm) => algorithm === value);
  if (found !== undefined) return ok(found);
  if (/^none$/i.test(value))
    return err(words('tokens without a signature are never taken', `known: ${known.join(', ')}`));
  if (/^HS[0-9]+$/i.test(value)) {
    return err(words('is symmetric: whoever can check such a token could also make one', `known: ${known.join(', ')}`));
  }
  return err(
    words('no signature algorithm of this name is taken', didYouMean(value, known) ?? `known: ${known.join(', ')}`),
  );
}

function readKeys(value: string): Result<KeyOrigin, string> {
  if (value === 'discovery') return ok({ kind: 'discovery' });
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(value)) {
    const url = readWebUrl(value, { query: true });
    return url.ok ? ok({ kind: 'url', url: url.value }) : url;
  }
  const checked = path('').safeParse(value);
  return checked.success ? ok({ kind: 'file', path: value }) : err(checked.error.issues[0]?.message ?? 'is no path');
}

/** The issuers in the order of the file. Each is one object, that all who name it share: caches are kept by it. */
export function toIssuers(raw: z.output<typeof issuersSchema>, file: string): IssuerConfig[] {
  return Object.entries(raw).map(([name, given]) => ({
    name,
    issuer: given.issuer,
    ...toTenancy(given),
    audiences: listOf(given.audience),
    algorithms: given.algorithms,
    keys: given.jwks.kind === 'file' ? { kind: 'file', path: absolute(given.jwks.path, file) } : given.jwks,
    ...(given.ca === undefined ? {} : { caFile: absolute(given.ca, file) }),
    introspection: toIntrospection(given.introspection, formatKeyPath(['issuers', name]), { file, ca: given.ca }),
    claims: toClaims(given.claims),
    scopes: given.scopes,
    typ: given.typ,
    proof: given.proof,
    skewMs: given.skew,
    maxLifetimeMs: given.maxLifetime,
    path: formatKeyPath(['issuers', name]),
  }));
}

/** CAs that nobody is verified by: those of an issuer that is asked nothing, or of one whose every server has its own. */
export function idleAuthorityIssues(
  { issuers, sessions }: Pick<Config, 'issuers' | 'sessions'>,
  places: Readonly<Record<string, Place>>,
): Issue[] {
  return issuers.flatMap((one) => {
    const { caFile, keys, introspection, path } = one;
    const isAsked =
      (keys.kind !== 'file' && needsKeys(one)) ||
      introspection?.caFile === caFile ||
      sessions.providers.some(({ issuer }) => issuer === one);
    if (caFile === undefined || isAsked) return [];
    const at = `${path}.ca`;
    const message =
      'nobody is verified by these CAs: its keys are a file or not needed, and nothing else of it is asked';
    return [errorIssue(at, message, { place: placeAt(places, at), fix: 'take this key away' })];
  });
}
