import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { dirname } from 'node:path';
import { err, ok, type Result, type Secret } from '../../base/index.ts';
import type { Files, Keyring, Random } from '../../ports/index.ts';
import {
  KEY_BYTES,
  type MasterKeys,
  type PassphraseCost,
  type Protection,
  protectWith,
  readKeyring,
  VERSION_LIMIT,
  writeKeyring,
} from './keyring-file.ts';

/**
 * Where the keys lie and what protects them. `path` is that of `keyring.json`. Without a passphrase the keys lie in
 * clear, and who reads the file reads all that is sealed: file mode and disk encryption are then the only protection.
 */
export interface FileKeyringOptions {
  readonly path: string;
  readonly files: Files;
  readonly random: Random;
  readonly passphrase: Secret | null;
  /** What deriving the wrapping key costs; 64 MiB, 3 passes, 4 lanes unless said otherwise (RFC 9106 §4). */
  readonly cost?: PassphraseCost;
}

const DEFAULT_COST: PassphraseCost = { memoryKiB: 65_536, passes: 3, lanes: 4 };
const FILE_LIMIT_BYTES = 256 * 1024;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

// format, version of the key, nonce, text, tag
const SEALED_FORMAT = 1;
const HEADER_BYTES = 5;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
// Purposes are named in the code, so this is reached only by a bug; deriving anew costs microseconds.
const DERIVED_LIMIT = 1000;

/**
 * Opens the keyring, making it on first use. A key file that others than its owner may read is refused; so is one that
 * is damaged, of another format, or wrapped under another passphrase. One in clear is wrapped when a passphrase comes.
 * Keys are 256 bits; each purpose has its own by HKDF-SHA-256. Sealing is AES-256-GCM with a random nonce, so that one
 * key should seal no more than 2^32 times (NIST SP 800-38D §8.3): rotate well before. The errors are for the operator.
 */
export async function openFileKeyring(options: FileKeyringOptions): Promise<Result<Keyring, string>> {
  const known = await readOrMake(options);
  if (!known.ok) return err(`the key file ${options.path} ${known.error}`);
  return ok(new FileKeyring(options, known.value));
}

interface Held {
  readonly keys: MasterKeys;
  readonly protection: Protection;
  /** What lies on the disk, to see whether another process has changed it. */
  readonly bytes: Uint8Array;
}

async function readOrMake(options: FileKeyringOptions): Promise<Result<Held, string>> {
  const before = await readExisting(options);
  if (before.ok && before.value === null) {
    const made = await make(options);
    if (!made.ok) return made;
  }
  // Read back what was made: of two processes that start at once, the second one finds the first one's keys.
  const found = before.ok && before.value === null ? await readExisting(options) : before;
  if (!found.ok) return found;
  if (found.value === null) return err('vanished while it was made');
  const bare = options.passphrase !== null && found.value.protection.kind === 'plain';
  return bare ? await wrap(found.value, options) : ok(found.value);
}

async function readExisting({ path, files, passphrase }: FileKeyringOptions): Promise<Result<Held | null, string>> {
  const facts = await files.facts(path);
  if (!facts.ok) return facts.error.reason === 'missing' ? ok(null) : err(`cannot be read: ${facts.error.detail}`);
  if ((facts.value.mode & 0o077) !== 0) {
    const mode = facts.value.mode.toString(8).padStart(4, '0');
    return err(`may be read or changed by others (mode ${mode}): run chmod 600 on it, and rotate if they may have`);
  }
  const read = await files.read(path, FILE_LIMIT_BYTES);
  if (!read.ok) return err(`cannot be read: ${read.error.detail}`);
  const parsed = await readKeyring(read.value, passphrase);
  return parsed.ok ? ok({ ...parsed.value, bytes: read.value }) : parsed;
}

async function make(options: FileKeyringOptions): Promise<Result<void, string>> {
  const { path, files, random, passphrase } = options;
  const keys = { stable: newKey(random), sealing: [newKey(random)] };
  const bytes = writeKeyring(keys, await protectionFor(passphrase, options), random);
  const folder = await files.makeFolder(dirname(path), FOLDER_MODE);
  if (!folder.ok) return err(`cannot be made: ${folder.error.detail}`);
  const created = await files.create(path, bytes, FILE_MODE);
  return created.ok || created.error.reason === 'exists'
    ? ok(undefined)
    : err(`cannot be made: ${created.error.detail}`);
}

async function wrap(held: Held, options: FileKeyringOptions): Promise<Result<Held, string>> {
  const protection = await protectionFor(options.passphrase, options);
  return await persist({ ...held, protection }, options);
}

async function protectionFor(passphrase: Secret | null, options: FileKeyringOptions): Promise<Protection> {
  if (passphrase === null) return { kind: 'plain' };
  return await protectWith(passphrase, options.cost ?? DEFAULT_COST, options.random);
}

/** Puts changed keys on the disk, unless what lies there is not what was read: another process's keys would be lost. */
async function persist(held: Held, { path, files, random }: FileKeyringOptions): Promise<Result<Held, string>> {
  const now = await files.read(path, FILE_LIMIT_BYTES);
  if (!now.ok) return err(`cannot be read: ${now.error.detail}`);
  if (!Buffer.from(now.value).equals(held.bytes)) return err('was changed by another process: restart this one');
  const bytes = writeKeyring(held.keys, held.protection, random);
  const replaced = await files.replace(path, bytes, FILE_MODE);
  return replaced.ok ? ok({ ...held, bytes }) : err(`cannot be written: ${replaced.error.detail}`);
}

function newKey(random: Random): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  random.fill(key);
  return key;
}

class FileKeyring implements Keyring {
  readonly #options: FileKeyringOptions;
  readonly #derived = new Map<string, Uint8Array>();
  #held: Held;
  #rotating: Promise<unknown> = Promise.resolve();

  constructor(options: FileKeyringOptions, held: Held) {
    this.#options = options;
    this.#held = held;
  }

  seal(purpose: string, plain: Uint8Array, context: string): Uint8Array {
    const version = this.#held.keys.sealing.length;
    const header = Buffer.alloc(HEADER_BYTES + NONCE_BYTES);
    header[0] = SEALED_FORMAT;
    header.writeUInt32BE(version, 1);
    const nonce = header.subarray(HEADER_BYTES);
    this.#options.random.fill(nonce);
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey(purpose, version), nonce);
    cipher.setAAD(boundTo(header, purpose, context));
    return new Uint8Array(Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
  }

  open(purpose: string, sealed: Uint8Array, context: string): Result<Uint8Array, string> {
    if (sealed.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES) return err('is too short to have been sealed here');
    const bytes = Buffer.from(sealed);
    if (bytes[0] !== SEALED_FORMAT) return err('was sealed in a format that is not known here');
    const version = bytes.readUInt32BE(1);
    if (version === 0 || version > this.#held.keys.sealing.length) return err('was sealed with a key that is not here');
    const header = bytes.subarray(0, HEADER_BYTES + NONCE_BYTES);
    const nonce = header.subarray(HEADER_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#sealingKey(purpose, version), nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(boundTo(header, purpose, context)).setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(header.length, -TAG_BYTES));
      return ok(new Uint8Array(Buffer.concat([text, decipher.final()])));
    } catch {
      return err('was sealed with another key, for another purpose or context, or was changed');
    }
  }

  mac(purpose: string, message: Uint8Array): Uint8Array {
    const key = this.#derive(this.#held.keys.stable, 'mac', purpose);
    return new Uint8Array(createHmac('sha256', key).update(message).digest());
  }

  rotate(): Promise<Result<void, string>> {
    // One after the other: two at once would both add to the same keys, and one addition be lost.
    const rotated = this.#rotating.then(() => this.#rotate());
    this.#rotating = rotated.catch(() => {});
    return rotated;
  }

  async #rotate(): Promise<Result<void, string>> {
    const { keys } = this.#held;
    if (keys.sealing.length >= VERSION_LIMIT)
      return err(`the keyring holds ${VERSION_LIMIT} versions and takes no more`);
    const grown = { ...keys, sealing: [...keys.sealing, newKey(this.#options.random)] };
    // On the disk before it is used: what was sealed with a key that a crash has lost would never open again.
    const persisted = await persist({ ...this.#held, keys: grown }, this.#options);
    if (!persisted.ok) return err(`the key file ${this.#options.path} ${persisted.error}`);
    this.#held = persisted.value;
    return ok(undefined);
  }

  #sealingKey(purpose: string, version: number): Uint8Array {
    return this.#derive(this.#held.keys.sealing[version - 1] as Uint8Array, `seal ${version}`, purpose);
  }

  #derive(master: Uint8Array, use: string, purpose: string): Uint8Array {
    const info = `portcullis ${use} ${purpose}`;
    const known = this.#derived.get(info);
    if (known !== undefined) return known;
    const key = new Uint8Array(hkdfSync('sha256', master, new Uint8Array(0), info, KEY_BYTES));
    if (this.#derived.size >= DERIVED_LIMIT) this.#derived.clear();
    this.#derived.set(info, key);
    return key;
  }
}

/** Bound to the sealed text: header, purpose and context, with lengths so that no two splits look the same. */
function boundTo(header: Uint8Array, purpose: string, context: string): Uint8Array {
  return Buffer.concat([header, Buffer.from(JSON.stringify([purpose, context]))]);
}
