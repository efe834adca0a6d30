import { type Argon2Parameters, argon2, createCipheriv, createDecipheriv } from 'node:crypto';
import { promisify } from 'node:util';
import { err, ok, type Result, type Secret } from '../../base/index.ts';
import type { Random } from '../../ports/index.ts';

/** The keys of a keyring: one that never changes, for hashes, and the versions of the one that seals, oldest first. */
export interface MasterKeys {
  readonly stable: Uint8Array;
  readonly sealing: readonly Uint8Array[];
}

/** What Argon2id costs (RFC 9106): memory in KiB, passes over it, lanes. */
export interface PassphraseCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** How the keys lie in their file: in clear, or wrapped under a passphrase with the key that this costs to derive. */
export type Protection =
  | { readonly kind: 'plain' }
  | { readonly kind: 'passphrase'; readonly cost: PassphraseCost; readonly salt: Uint8Array; readonly key: Uint8Array };

/** The size of every key, in bytes. */
export const KEY_BYTES = 32;

/** How many versions a keyring holds at most: weekly rotation for longer than any deployment lives. */
export const VERSION_LIMIT = 1000;

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALT_BYTES = 16;
const WRAP_CONTEXT = Buffer.from('portcullis keyring 1');

// A changed file must not make the process take all memory, or hours, before it is found out.
const COST_LIMITS: PassphraseCost = { memoryKiB: 1_048_576, passes: 16, lanes: 16 };

const deriveArgon2 = promisify((parameters: Argon2Parameters, done: (error: Error | null, key: Buffer) => void) =>
  argon2('argon2id', parameters, done),
);

/** A protection under a new salt. */
export async function protectWith(passphrase: Secret, cost: PassphraseCost, random: Random): Promise<Protection> {
  const salt = new Uint8Array(SALT_BYTES);
  random.fill(salt);
  return { kind: 'passphrase', cost, salt, key: await deriveKey(passphrase, cost, salt) };
}

/** The text of `keyring.json`. */
export function writeKeyring(keys: MasterKeys, protection: Protection, random: Random): Uint8Array {
  const content = { stable: base64(keys.stable), sealing: keys.sealing.map(base64) };
  if (protection.kind === 'plain') return encode({ format: FORMAT, protection: 'plain', keys: content });
  const nonce = new Uint8Array(NONCE_BYTES);
  random.fill(nonce);
  const cipher = createCipheriv('aes-256-gcm', protection.key, nonce).setAAD(WRAP_CONTEXT);
  const wrapped = [nonce, cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()];
  const salt = base64(protection.salt);
  return encode({
    format: FORMAT,
    protection: 'argon2id',
    cost: protection.cost,
    salt,
    wrapped: base64(Buffer.concat(wrapped)),
  });
}

/** Reads `keyring.json`; the errors are sentences that go on after the file's name. */
export async function readKeyring(
  bytes: Uint8Array,
  passphrase: Secret | null,
): Promise<Result<{ readonly keys: MasterKeys; readonly protection: Protection }, string>> {
  const file = parseObject(new TextDecoder().decode(bytes));
  if (file === null) return err('is damaged: it is no JSON object');
  if (file['format'] !== FORMAT) return err('was written by another version of this program');
  if (file['protection'] === 'plain') return withKeys(file['keys'], { kind: 'plain' });
  if (file['protection'] !== 'argon2id') return err('is damaged: it does not say how it is protected');
  if (passphrase === null) return err('is protected by a passphrase, and none was given');
  const [cost, salt, wrapped] = [readCost(file['cost']), fromBase64(file['salt']), fromBase64(file['wrapped'])];
  if (cost === null || salt?.length !== SALT_BYTES || wrapped === null)
    return err('is damaged: its parameters are not sound');
  const key = await deriveKey(passphrase, cost, salt);
  const content = unwrap(wrapped, key);
  // Authenticated encryption cannot tell the two apart.
  if (content === null) return err('does not open: the passphrase is wrong, or the file was changed');
  return withKeys(parseObject(content), { kind: 'passphrase', cost, salt, key });
}

async function deriveKey(passphrase: Secret, cost: PassphraseCost, salt: Uint8Array): Promise<Uint8Array> {
  const { memoryKiB: memory, passes, lanes: parallelism } = cost;
  const message = passphrase.reveal();
  return await deriveArgon2({ message, nonce: salt, memory, passes, parallelism, tagLength: KEY_BYTES });
}

function unwrap(wrapped: Uint8Array, key: Uint8Array): string | null {
  if (wrapped.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(WRAP_CONTEXT).setAuthTag(wrapped.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString();
  } catch {
    return null;
  }
}

function withKeys(
  content: unknown,
  protection: Protection,
): Result<{ readonly keys: MasterKeys; readonly protection: Protection }, string> {
  const { stable, sealing } = isObject(content) ? content : {};
  const all = [stable, ...(Array.isArray(sealing) ? (sealing as readonly unknown[]) : [])].map(fromBase64);
  const [first, ...versions] = all.filter((key) => key?.length === KEY_BYTES) as Uint8Array[];
  const whole = first !== undefined && versions.length === all.length - 1;
  if (!whole || versions.length === 0 || versions.length > VERSION_LIMIT)
    return err('is damaged: its keys are not whole');
  return ok({ keys: { stable: first, sealing: versions }, protection });
}

function readCost(value: unknown): PassphraseCost | null {
  const { memoryKiB, passes, lanes } = isObject(value) ? value : {};
  const within = (part: unknown, most: number): part is number =>
    Number.isInteger(part) && Number(part) > 0 && Number(part) <= most;
  if (!within(memoryKiB, COST_LIMITS.memoryKiB) || !within(passes, COST_LIMITS.passes)) return null;
  // Argon2 needs eight blocks for each lane.
  return within(lanes, COST_LIMITS.lanes) && memoryKiB >= 8 * lanes ? { memoryKiB, passes, lanes } : null;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function fromBase64(value: unknown): Uint8Array | null {
  if (typeof value !== 'string') return null;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? new Uint8Array(bytes) : null;
}
