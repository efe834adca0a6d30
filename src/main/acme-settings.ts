import { dirname } from 'node:path';
import { err, ok, type Result, Secret } from '../base/index.ts';
import type { AcmeSettings, AuthoritySettings } from '../certificates/index.ts';
import { type AcmeAuthority, type AcmeConfig, type Config, parseSecretReference } from '../config/index.ts';
import { decodeBase64url } from '../credential/index.ts';
import type { VaultSource } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';

const CA_LIMIT_BYTES = 1024 * 1024;
/** Shorter ones could be guessed; CAs give 32 bytes. */
const KEY_LEAST_BYTES = 16;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** Where references of a configuration lead: `file` is its own. */
export interface SecretPlace {
  readonly file: string;
  readonly secrets: Config['secrets'];
}

/** Reads the files and secrets that certificates by ACME need. */
export async function acmeSettings(
  config: AcmeConfig,
  { file, secrets: { vault } }: SecretPlace,
  host: Pick<HostPorts, 'files' | 'secrets'>,
): Promise<Result<AcmeSettings, string>> {
  const at = { file, vault: vault?.source ?? null };
  const authorities: AuthoritySettings[] = [];
  for (const one of config.authorities) {
    const settings = await authoritySettings(one, at, host);
    if (!settings.ok) return settings;
    authorities.push(settings.value);
  }
  const { email, profile, challenges, dnsHook, names } = config;
  const unsound = dnsHook === null ? null : await reasonNotToRun(dnsHook.path, host);
  if (unsound !== null) return err(unsound);
  return ok({ email, authorities, profile, challenges, settleMs: dnsHook?.settleMs ?? null, names });
}

/** Whoever can change the program, or put another in its place, does what the gateway may do. */
async function reasonNotToRun(path: string, { files }: Pick<HostPorts, 'files'>): Promise<string | null> {
  const facts = await files.facts(path);
  if (!facts.ok) return facts.error.detail;
  const { mode, directory } = facts.value;
  if (directory || (mode & 0o111) === 0) return `${path} is no program`;
  const folder = await files.facts(dirname(path));
  if (!folder.ok) return folder.error.detail;
  // In a folder with the sticky bit others change only what is theirs.
  const isOpen = (folder.value.mode & OTHERS_WRITE) !== 0 && (folder.value.mode & STICKY) === 0;
  const changeable = (mode & OTHERS_WRITE) !== 0 ? path : isOpen ? dirname(path) : null;
  return changeable === null ? null : `${changeable} may be changed by others than its owner: run chmod go-w on it`;
}

async function authoritySettings(
  { directory, externalAccount, caFile }: AcmeAuthority,
  { file, vault }: { readonly file: string; readonly vault: VaultSource | null },
  { files, secrets }: Pick<HostPorts, 'files' | 'secrets'>,
): Promise<Result<AuthoritySettings, string>> {
  const ca = caFile === null ? null : await files.read(caFile, CA_LIMIT_BYTES);
  if (ca !== null && !ca.ok) return err(ca.error.detail);
  const caPem = ca === null ? null : new TextDecoder().decode(ca.value);
  if (externalAccount === null) return ok({ directory, caPem, externalAccount });
  const reference = parseSecretReference(externalAccount.key, dirname(file));
  if (!reference.ok) return reference;
  const secret = await secrets.resolve(reference.value, vault);
  if (!secret.ok) return secret;
  // Some CAs print it with padding.
  const key = decodeBase64url(secret.value.revealText().trim().replace(/=+$/, ''));
  if (key === null || key.length < KEY_LEAST_BYTES)
    return err(`the key of eab is not base64url of ${KEY_LEAST_BYTES} bytes or more`);
  return ok({ directory, caPem, externalAccount: { id: externalAccount.id, key: new Secret(key) } });
}
