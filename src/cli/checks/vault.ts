import { type Config, parseSecretReference } from '../../config/index.ts';
import type { Egress, Files, Secrets, VaultSource } from '../../ports/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

const TIMEOUT_MS = 5_000;
const LIMIT_BYTES = 64 * 1024;
const CA_LIMIT_BYTES = 1024 * 1024;
/** Secrets that are read, one after the other. */
const SECRET_LIMIT = 50;
const MEND = 'see that Vault runs, and that `secrets.vault.address` and `ca` are right';

/** What Vault says of itself by a status (`GET /sys/health`); the others are those of something else. */
const STATES: ReadonlyMap<number, string> = new Map([
  [429, 'is a standby'],
  [472, 'is a secondary for disasters, which answers nobody'],
  [473, 'is a standby that reads'],
  [501, 'has not been initialized'],
  [503, 'is sealed'],
]);

interface VaultCheckPorts {
  readonly egress: Egress;
  readonly files: Pick<Files, 'read'>;
  readonly secrets: Secrets;
}

/** Whether Vault answers, and whether it gives the secrets that the configuration names; nothing of them is told. */
export async function checkVault(
  ports: VaultCheckPorts,
  { config, text }: { readonly config: Config; readonly text: string },
): Promise<readonly Diagnosis[]> {
  const { vault } = config.secrets;
  if (vault === null) return [];
  const health = await checkHealth(ports, vault.source);
  if (health.state === 'fail') return [health];
  const named = [...new Set(text.match(/\$\{vault:[^}\s]{1,4096}\}/g) ?? [])];
  const read = named.slice(0, SECRET_LIMIT);
  const faults: string[] = [];
  for (const written of read) {
    const reference = parseSecretReference(written, '/');
    const found = reference.ok ? await ports.secrets.resolve(reference.value, vault.source) : reference;
    if (!found.ok) faults.push(found.error);
  }
  if (faults.length > 0)
    return [health, ...faults.map((fault) => fail('vault', fault, 'let the role read it, or name what is there'))];
  if (named.length === 0) return [health];
  const rest = named.length > read.length ? `, of ${named.length}` : '';
  return [health, fine('vault', `${read.length} ${read.length === 1 ? 'secret' : 'secrets'} can be read${rest}`)];
}

async function checkHealth({ egress, files }: VaultCheckPorts, source: VaultSource): Promise<Diagnosis> {
  const { address, caFile } = source;
  const ca = caFile === null ? null : await files.read(caFile, CA_LIMIT_BYTES);
  if (ca !== null && !ca.ok) return fail('vault', `${address}: its CAs can not be read: ${ca.error.detail}`, MEND);
  const reply = await egress.call({
    url: `${address}/v1/sys/health`,
    method: 'GET',
    headers: { accept: 'application/json', 'x-vault-request': 'true' },
    ...(ca === null ? {} : { ca: new TextDecoder().decode(ca.value) }),
    timeoutMs: TIMEOUT_MS,
    limitBytes: LIMIT_BYTES,
    reach: 'named',
  });
  if (!reply.ok) return fail('vault', `${address} does not answer: ${reply.error.detail}`, MEND);
  const { status } = reply.value;
  const state = STATES.get(status);
  if (status === 200) return fine('vault', `${address} answers`);
  if (status === 429 || status === 473) return fine('vault', `${address} answers, and ${state}`);
  if (state !== undefined) return fail('vault', `${address} ${state}`, 'unseal it, or name one that is in use');
  return warn('vault', `${address} answers with status ${status}, which is none of Vault’s`, MEND);
}
