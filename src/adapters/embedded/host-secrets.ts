import { err, ok, type Result, Secret } from '../../base/index.ts';
import type { FileFault, Files, HostReference, Log, Secrets } from '../../ports/index.ts';
import type { VaultSecrets } from './vault-secrets.ts';

const LIMIT_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const WORDS: Readonly<Record<FileFault['reason'], string>> = {
  missing: 'does not exist',
  forbidden: 'cannot be read with the rights of this process',
  'not-a-file': 'is not a regular file',
  'too-large': 'holds more than 64 KiB',
  full: 'cannot be read',
  exists: 'cannot be read',
  other: 'cannot be read',
};

/** Where this host keeps secrets: `environment` is what main read from the process, `files` reads the mounted ones. */
interface HostSecretsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
  readonly log: Log;
  /** Where secrets of Vault are read; without it there are none. */
  readonly vault?: VaultSecrets;
}

/**
 * Secrets from environment variables and files of at most 64 KiB. A file that others than its owner may read serves,
 * since container platforms mount them so, and gets a warning in the log.
 */
export function createHostSecrets(options: HostSecretsOptions): Secrets {
  const own = createOwnSecrets(options);
  return {
    async resolve(reference, source = null) {
      if (reference.scheme !== 'vault') return await own(reference);
      const name = `\${vault:${reference.path}#${reference.field}}`;
      if (source === null) return err(`${name} leads to Vault, and none is configured`);
      if (options.vault === undefined) return err(`${name} leads to Vault, which is not asked from here`);
      return await options.vault.read(reference, source);
    },
  };
}

/** The secrets of this machine alone. */
export function createOwnSecrets({
  environment,
  files,
  log,
}: HostSecretsOptions): (reference: HostReference) => Promise<Result<Secret, string>> {
  return async (reference) => {
    if (reference.scheme === 'env') return fromEnvironment(environment, reference.name);
    return await fromFile(files, log, reference.path);
  };
}

/** The reference as it stands in the configuration; it names the secret and does not hold it. */
function written(reference: HostReference): string {
  return `\${${reference.scheme}:${reference.scheme === 'env' ? reference.name : reference.path}}`;
}

function fromEnvironment(environment: HostSecretsOptions['environment'], name: string): Result<Secret, string> {
  const what = written({ scheme: 'env', name });
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (value === undefined) return err(`${what} is not set`);
  if (value === '') return err(`${what} is empty`);
  const bytes = new TextEncoder().encode(value);
  return bytes.length > LIMIT_BYTES ? err(`${what} ${WORDS['too-large']}`) : ok(new Secret(bytes));
}

async function fromFile(files: Files, log: Log, path: string): Promise<Result<Secret, string>> {
  const what = written({ scheme: 'file', path });
  const read = await files.read(path, LIMIT_BYTES);
  if (!read.ok) return err(`${what} ${WORDS[read.error.reason]}`);
  const bytes = withoutLineBreak(read.value);
  if (bytes.length === 0) return err(`${what} is empty`);
  const facts = await files.facts(path);
  if (facts.ok && (facts.value.mode & 0o077) !== 0) {
    const mode = facts.value.mode.toString(8).padStart(4, '0');
    log.write('warn', 'secret.readable-by-others', 'others than its owner may read this secret', { path, mode });
  }
  return ok(new Secret(bytes));
}

function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== LINE_FEED) return bytes;
  return bytes.subarray(0, bytes.at(-2) === CARRIAGE_RETURN ? -2 : -1);
}
