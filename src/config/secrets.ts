import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { HostReference, VaultAuth, VaultSource } from '../ports/index.ts';
import { absolute, folderOf } from './path.ts';
import { placeAt } from './place-at.ts';
import { duration, parsed, path, uniqueList } from './scalars.ts';
import type { SecretsConfig } from './secrets-config.ts';
import { parseSecretReference } from './secret-reference.ts';
import { readWebUrl } from './web-url.ts';
import { words } from './words.ts';

const MOUNT_LIMIT = 100;
const EXCEPTION_LIMIT = 100;
/** Where Kubernetes puts what says who a program is. */
const ACCOUNT_TOKEN = '${file:/var/run/secrets/kubernetes.io/serviceaccount/token}';
const MOUNT = /^[A-Za-z0-9_.-]{1,128}(?:\/[A-Za-z0-9_.-]{1,128}){0,7}$/;

const own = (description: string) =>
  z
    .string()
    .transform(readOwn)
    .meta({ title: 'reference', description: `${description}: \`\${env:NAME}\` or \`\${file:PATH}\`.` });

const role = parsed(readRole).meta({ title: 'text' });
const methodMount = (standard: string) =>
  parsed(readMount)
    .prefault(standard)
    .meta({ title: 'path', description: `Where the method is, \`${standard}\` if nothing is said.` });

const auth = z
  .union(
    [
      z.strictObject({ token: own('The token, which is read again when it has ended') }),
      z.strictObject({
        approle: z
          .strictObject({
            role: role.meta({ title: 'text', description: 'The role’s id.' }),
            secret: own('The secret id'),
            mount: methodMount('approle'),
          })
          .meta({ description: 'An AppRole.' }),
      }),
      z.strictObject({
        kubernetes: z
          .strictObject({
            role: role.meta({ title: 'text', description: 'The role.' }),
            token: own('The token of the service account; if nothing is said, the one that Kubernetes gives').prefault(
              ACCOUNT_TOKEN,
            ),
            mount: methodMount('kubernetes'),
          })
          .meta({ description: 'The service account that the gateway runs under in Kubernetes.' }),
      }),
    ],
    {
      error: words(
        'expected one way to sign in to Vault',
        'write { token: ${file:PATH} }, { approle: { role, secret } } or { kubernetes: { role } }',
      ),
    },
  )
  .meta({ description: 'How the gateway proves to Vault who asks.' });

const vault = z.strictObject({
  address: parsed((value) => readWebUrl(value, { query: false })).meta({
    title: 'URL',
    description: 'Where Vault answers, such as https://vault.acme.example:8200. Redirects are not followed.',
  }),
  auth,
  namespace: parsed(readMount).optional().meta({ title: 'path', description: 'The namespace, where there are such.' }),
  ca: path('The CAs that vouch for Vault’s certificate, PEM, instead of those of the system.').optional(),
  mounts: z
    .record(parsed(readMount), z.union([z.literal(1), z.literal(2)], { error: 'the engine is of version 1 or 2' }))
    .refine((mounts) => Object.keys(mounts).length <= MOUNT_LIMIT, { error: `at most ${MOUNT_LIMIT} mounts are read` })
    .prefault({})
    .meta({
      description:
        'The version of the key-value engine by the path of its mount, such as `kv/legacy: 1`. One that is not named is the first name of a path, and of version 2.',
    }),
  interval: duration('5m', { from: '10s', to: '24h' }, 'How often secrets are read anew.'),
});

/** The key `secrets`. */
export const secretsSchema = z
  .strictObject({
    vault: vault.optional().meta({ description: 'The HashiCorp Vault that `${vault:PATH#FIELD}` leads to.' }),
    notSecrets: uniqueList(parsed(readKeyPath).meta({ title: 'key path' }), {
      least: 1,
      most: EXCEPTION_LIMIT,
      what: 'key path',
    })
      .optional()
      .meta({
        description:
          'Where a text of this file looks like a secret and is none, such as `tests[0].headers.authorization`.',
      }),
  })
  .prefault({})
  .meta({ description: 'Where secrets come from besides this machine.' });

/** Fills in what depends on where the configuration file lies. */
export function toSecrets(raw: z.output<typeof secretsSchema>, file: string): SecretsConfig {
  const { vault: given, notSecrets = [] } = raw;
  if (given === undefined) return { vault: null, notSecrets };
  const { address, namespace, ca, mounts, interval } = given;
  const source: VaultSource = {
    address: address.endsWith('/') ? address.slice(0, -1) : address,
    namespace: namespace ?? null,
    caFile: ca === undefined ? null : absolute(ca, file),
    auth: toAuth(given.auth, file),
    mounts,
  };
  return { vault: { source, intervalMs: interval }, notSecrets };
}

function toAuth(raw: z.output<typeof auth>, file: string): VaultAuth {
  if ('token' in raw) return { kind: 'token', token: ownOf(raw.token, file) };
  if ('approle' in raw) {
    const { mount, role: name, secret } = raw.approle;
    return { kind: 'approle', mount, role: name, secret: ownOf(secret, file) };
  }
  const { mount, role: name, token } = raw.kubernetes;
  return { kind: 'kubernetes', mount, role: name, token: ownOf(token, file) };
}

function ownOf(written: string, file: string): HostReference {
  const read = parseSecretReference(written, folderOf(file));
  if (read.ok && read.value.scheme !== 'vault') return read.value;
  throw new Error('the schema has accepted another reference than one to this machine');
}

/** What opens Vault can not lie in it. Nothing of the text is repeated: it may be the secret itself. */
function readOwn(value: string, context: z.RefinementCtx<string>): string {
  const result = parseSecretReference(value, '/');
  const message = !result.ok
    ? result.error
    : result.value.scheme === 'vault'
      ? words('what opens Vault can not lie in it', 'write ${env:NAME} or ${file:PATH}')
      : null;
  if (message === null) return value;
  context.issues.push({ code: 'custom', message, input: '' });
  return z.NEVER;
}

function readMount(value: string): Result<string, string> {
  const isPath = MOUNT.test(value) && !value.split('/').some((name) => name === '.' || name === '..');
  return isPath
    ? ok(value)
    : err(words('this is no path of Vault', 'names of letters, digits, `_`, `-` and `.`, with slashes between'));
}

function readRole(value: string): Result<string, string> {
  return /^[\x20-\x7e]{1,256}$/.test(value) ? ok(value) : err('a role has a name of 1 to 256 visible characters');
}

function readKeyPath(value: string): Result<string, string> {
  return /^[^\x00-\x1f\x7f]{1,1024}$/.test(value) ? ok(value) : err('this is no key path');
}

/** Exceptions at places where nothing stands: one that is moved must not hold for what comes to stand there next. */
export function exceptionIssues(
  { secrets: { notSecrets } }: { readonly secrets: SecretsConfig },
  places: Readonly<Record<string, Place>>,
): readonly Issue[] {
  return notSecrets.flatMap((asked, index) => {
    if (Object.hasOwn(places, asked)) return [];
    const path = `secrets.notSecrets[${index}]`;
    const fix = 'write it as the message says that it is an exception to';
    return [errorIssue(path, 'nothing stands at this place', { place: placeAt(places, path), fix })];
  });
}
