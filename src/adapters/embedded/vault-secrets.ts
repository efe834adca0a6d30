import { err, ok, type Result, Secret } from '../../base/index.ts';
import type { VaultReference, VaultSource } from '../../ports/index.ts';
import { askVault, memberOf, type VaultAnswer, type VaultFault } from './vault-call.ts';
import { VaultToken, type VaultTokenPorts } from './vault-token.ts';

const LIMIT_BYTES = 64 * 1024;
/** Fields that are asked for together come of one reading: a user and a password of two versions open nothing. */
const TOGETHER_MS = 1_000;
/** Whoever reads many secrets one after the other waits for a Vault that is down once, and not for each of them. */
const ABSENT_MS = 1_000;
/** Paths of one Vault that are remembered for that long, and Vaults that are: those of the configuration and of one that is tried. */
const PATH_LIMIT = 1_000;
const SOURCE_LIMIT = 4;

/** Reads secrets of Vault; the words of an error name the reference and nothing of what Vault or this machine keeps secret. */
export interface VaultSecrets {
  read(reference: VaultReference, source: VaultSource): Promise<Result<Secret, string>>;
}

type Read = Promise<Result<VaultAnswer, VaultFault>>;

interface Session {
  readonly token: VaultToken;
  readonly reads: Map<string, { readonly atMs: number; readonly answer: Read }>;
  /** Why it did not answer last, and when that was found out; null where it did. */
  absent: { readonly atMs: number; readonly fault: VaultFault } | null;
}

/**
 * Secrets of the key-value engine of HashiCorp Vault, of version 2 (`GET /MOUNT/data/PATH`) and 1 (`GET /MOUNT/PATH`), by
 * its HTTP API. A token is kept for as long as it lives; one that Vault refuses is replaced once for a reading.
 */
export function createVaultSecrets(ports: VaultTokenPorts): VaultSecrets {
  const sessions = new Map<string, Session>();
  const sessionOf = (source: VaultSource): Session => {
    const name = JSON.stringify(source);
    const session = sessions.get(name) ?? { token: new VaultToken(ports, source), reads: new Map(), absent: null };
    sessions.delete(name);
    sessions.set(name, session);
    const [oldest] = sessions.keys();
    if (sessions.size > SOURCE_LIMIT && oldest !== undefined) sessions.delete(oldest);
    return session;
  };
  return {
    async read(reference, source) {
      const { path } = reference;
      const session = sessionOf(source);
      const { token, reads, absent } = session;
      const nowMs = ports.clock.monotonic();
      if (absent !== null && nowMs - absent.atMs < ABSENT_MS) return unread(reference, source, absent.fault);
      const known = reads.get(path);
      const isFresh = known !== undefined && nowMs - known.atMs < TOGETHER_MS;
      const answer = isFresh ? known.answer : readPath(ports, source, token, path);
      if (!isFresh) {
        if (reads.size >= PATH_LIMIT) reads.clear();
        reads.set(path, { atMs: nowMs, answer });
      }
      const found = await answer;
      const isAbsent = !found.ok && found.error.reason === 'absent';
      session.absent = isAbsent ? { atMs: ports.clock.monotonic(), fault: found.error } : null;
      if (!found.ok) {
        if (reads.get(path)?.answer === answer) reads.delete(path);
        return unread(reference, source, found.error);
      }
      return fieldOf(found.value, reference);
    },
  };
}

function unread(
  { path, field }: VaultReference,
  { address }: VaultSource,
  { words }: VaultFault,
): Result<never, string> {
  return err(`\${vault:${path}#${field}} can not be had: of Vault at ${address}, ${words}`);
}

async function readPath(ports: VaultTokenPorts, source: VaultSource, token: VaultToken, path: string): Read {
  const place = placeOf(source, path);
  for (let again = false; ; again = true) {
    const current = await token.current();
    if (!current.ok) return current;
    const question = { method: 'GET', path: place.url, token: current.value.revealText() } as const;
    const answer = await askVault(ports, source, question);
    if (answer.ok) return dataOf(answer.value, place.version);
    if (answer.error.reason !== 'forbidden' || again || !token.refused(current.value)) return answer;
  }
}

interface KvPlace {
  readonly url: string;
  readonly version: 1 | 2;
}

/** Of several mounts of which one lies in the other, the longest path counts, as in Vault. */
function placeOf({ mounts }: VaultSource, path: string): KvPlace {
  const named = Object.keys(mounts)
    .filter((mount) => path.startsWith(`${mount}/`))
    .toSorted((one, other) => other.length - one.length);
  const mount = named[0] ?? path.slice(0, path.indexOf('/'));
  const version = Object.hasOwn(mounts, mount) ? (mounts[mount] ?? 2) : 2;
  const rest = path.slice(mount.length + 1);
  const encoded = (text: string): string => text.split('/').map(encodeURIComponent).join('/');
  return { url: `${encoded(mount)}/${version === 2 ? 'data/' : ''}${encoded(rest)}`, version };
}

/** Version 2 wraps the fields once more; a version that was deleted has none. */
function dataOf(answer: VaultAnswer, version: 1 | 2): Result<VaultAnswer, VaultFault> {
  const outer = memberOf(answer, 'data');
  const data = version === 2 ? memberOf(outer, 'data') : outer;
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return ok(data as VaultAnswer);
  const words =
    version === 2
      ? 'it has no secret of version 2 there; say in `mounts` where the engine is of version 1'
      : 'it has no secret there';
  return err({ reason: 'missing', words });
}

function fieldOf(data: VaultAnswer, { path, field }: VaultReference): Result<Secret, string> {
  const name = `\${vault:${path}#${field}}`;
  const value = memberOf(data, field);
  if (value === undefined) return err(`${name} is not there: the secret has no field of this name`);
  if (typeof value !== 'string') return err(`${name} is no text`);
  if (value === '') return err(`${name} is empty`);
  const bytes = new TextEncoder().encode(value);
  return bytes.length > LIMIT_BYTES ? err(`${name} holds more than 64 KiB`) : ok(new Secret(bytes));
}
