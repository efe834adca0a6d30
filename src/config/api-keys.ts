import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { type ApiKeyConfig, isApiKeyEnvironment, isFieldName, LEAKS_PATH, RESERVED_FIELDS } from '../policy/index.ts';
import type { ApiConfig, AuthConfig, Config, OperationConfig } from './config.ts';
import type { ApiKeyField, ApiKeysConfig } from './api-key-config.ts';
import { placeAt } from './place-at.ts';
import { absolute } from './path.ts';
import { duration, parsed, path } from './scalars.ts';
import { readSecretText } from './secret-text.ts';
import { API_KEY } from './sign-in-ways.ts';
import { words } from './words.ts';

const HEADER = 'x-api-key';

const reference = (description: string) =>
  z.string().transform(readSecretText).optional().meta({ title: 'reference', description });

/** A report by whoever likes would let anybody who finds a key take it away from its owner unseen. */
const leakReportsSchema = z
  .strictObject({
    publicKeys: path('The public keys of a reporter that signs: what GitHub gives for its secret scanning.').optional(),
    secret: reference('The key of the HMAC-SHA-256 that a report bears in `X-Hub-Signature-256`.'),
    bearer: reference('What a report bears in `Authorization: Bearer …`.'),
  })
  .refine((said) => Object.values(said).some((one) => one !== undefined), {
    error: words('nobody could prove that a report is theirs', 'write `publicKeys`, `secret` or `bearer`'),
  })
  .optional()
  .meta({
    description: `Keys that a scanner found in public and reports at \`${LEAKS_PATH}\` are revoked at once. A report must prove whose it is, in one of these ways.`,
  });

/** The keys of `apiKeys`. */
export const apiKeysSchema = z
  .strictObject({
    environment: parsed(readEnvironment).prefault('live').meta({
      title: 'word',
      description:
        'What its keys are called by, such as `live` or `test`; those of another environment open nothing here.',
    }),
    lifetime: duration(
      '90d',
      { from: '1min', to: '3660d' },
      'How long a key lives where whoever makes it says nothing; `never` must be said there.',
    ),
    leakReports: leakReportsSchema,
  })
  .prefault({})
  .meta({ description: 'The API keys that this gateway gives out.' });

/** The key `apiKey` of an API. */
export const apiKeySchema = z
  .strictObject({
    header: parsed(readHeader)
      .optional()
      .meta({ title: 'header field', description: `The field that holds a key, \`${HEADER}\` if nothing is said.` }),
  })
  .optional()
  .meta({
    description: 'Where this API takes keys, besides `Authorization: Bearer pcl_…`; `api-key` in `auth` lets them in.',
  });

/** What holds of keys, with nothing left out. */
export function toApiKeys(raw: z.output<typeof apiKeysSchema>, file: string): ApiKeysConfig {
  return { environment: raw.environment, lifetimeMs: raw.lifetime, leakReports: toReporters(raw.leakReports, file) };
}

function toReporters(raw: z.output<typeof leakReportsSchema>, file: string): ApiKeysConfig['leakReports'] {
  if (raw === undefined) return null;
  const { publicKeys, secret = null, bearer = null } = raw;
  const from = publicKeys === undefined ? null : absolute(publicKeys, file);
  return { publicKeys: from, secret, bearer, path: 'apiKeys.leakReports' };
}

/** The field of an API, said or not. */
export function toApiKeyField(raw: z.output<typeof apiKeySchema>): ApiKeyField {
  return { header: raw?.header ?? HEADER };
}

/** Whether callers may show keys. */
function takesApiKeys(auth: AuthConfig): boolean {
  return auth !== 'public' && auth.includes(API_KEY);
}

/** The field with keys, where callers may show them. */
export function apiKeyFields(auth: AuthConfig, { header }: ApiKeyField): readonly string[] {
  return takesApiKeys(auth) ? [header] : [];
}

/** Null where no operation takes keys. */
export function apiKeyConfig(
  api: Pick<ApiConfig, 'auth' | 'apiKey' | 'credentials'>,
  operations: readonly (readonly [name: string, operation: Pick<OperationConfig, 'auth'>])[],
  { environment, leakReports }: ApiKeysConfig,
): ApiKeyConfig | null {
  const own = operations.flatMap(([name, { auth }]) => (auth === null ? [] : [[name, takesApiKeys(auth)] as const]));
  const taken = takesApiKeys(api.auth);
  if (!taken && own.every(([, takes]) => !takes)) return null;
  const { apiKey, credentials } = api;
  return { environment, header: apiKey.header, taken, operations: Object.fromEntries(own), credentials, leakReports };
}

/** Keys of the configuration that nothing would come of. */
export function apiKeyIssues({ apis }: Config, places: Readonly<Record<string, Place>>): readonly Issue[] {
  const takes = ({ auth, operations }: ApiConfig): boolean =>
    [auth, ...Object.values(operations).map((own) => own.auth)].some((one) => one !== null && takesApiKeys(one));
  const unused = (path: string, message: string, fix: string): readonly Issue[] =>
    Object.hasOwn(places, path) ? [errorIssue(path, message, { place: placeAt(places, path), fix })] : [];
  const fix = 'write api-key into `auth`, or take this key away';
  return [
    ...apis
      .filter((api) => !takes(api))
      .flatMap(({ path }) => unused(`${path}.apiKey`, 'nobody may show an API key here', fix)),
    ...(apis.some(takes) ? [] : unused('apiKeys', 'no API takes keys', fix)),
  ];
}

function readEnvironment(value: string): Result<string, string> {
  if (isApiKeyEnvironment(value)) return ok(value);
  return err(words('an environment has a name of a-z and 0-9, a letter first, 16 characters at most', 'such as live'));
}

/** Fields that say something else, which a key in their place would make unreadable to whoever needs it. */
const OTHER_MEANING =
  /^(?:authorization|cookie|dpop|date|from|origin|referer|user-agent|range|x-portcullis-.*|(?:sec|accept|content|if|proxy|access-control)-.*|accept)$/;

function readHeader(value: string): Result<string, string> {
  const name = value.toLowerCase();
  if (!isFieldName(name)) {
    return err(words('this is no name of a header field', `such as ${HEADER}; one with \`_\` is refused`));
  }
  if (name === 'authorization') {
    return err(words('keys are read there in any case, as `Bearer pcl_…`', 'leave `header` out'));
  }
  return OTHER_MEANING.test(name) || RESERVED_FIELDS.requests.has(name)
    ? err(words('this field means something else', `name one of your own, such as ${HEADER}`))
    : ok(name);
}
