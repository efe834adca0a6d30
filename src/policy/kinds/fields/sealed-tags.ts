import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/** An entity tag of the upstream's, and the set of fields for which it was given to a client. */
export interface OpenedTag {
  readonly tag: string;
  readonly set: string;
}

const MARK = 'pf-';
const SEAL_BYTES = 16;
const SET_BYTES = 8;
/** Longer ones are of no use as a name. */
const TAG_LIMIT = 256;
const TEXT_LIMIT = 600;
/** What is asked for again and again is sealed once. */
const REMEMBERED = 500;
/** One entity tag (RFC 9110 §8.8.3). */
const TAG = /^(W\/)?"([!\x23-\x7e\x80-\xff]*)"$/;
const SEALED = /^(?:W\/)?"pf-([A-Za-z0-9_-]{32,})"$/;

/**
 * Entity tags as clients get them where fields are taken out of replies. An upstream's own is often a hash of the whole
 * reply, by which what was taken out could be guessed, and means another body for each set of fields. So it is sealed
 * together with the set: the same text for the same tag and set, and opened here alone (synthetic IV, as RFC 5297 has it,
 * with AES-256-CTR and HMAC-SHA-256).
 */
export class SealedTags {
  readonly #hashKey: Buffer;
  readonly #cipherKey: Buffer;
  readonly #sealed = new Map<string, string>();

  /** `scope`: within it alone tags can be opened, such as an API. */
  constructor(key: Uint8Array, scope: string) {
    this.#hashKey = createHmac('sha256', key).update(`tags hash ${scope}`).digest();
    this.#cipherKey = createHmac('sha256', key).update(`tags cipher ${scope}`).digest();
  }

  /** The tag for clients; null where it is none, or too long. `set` has 11 characters, of base64url. */
  seal(tag: string, set: string): string | null {
    const [, weak = '', opaque] = tag.length > TAG_LIMIT ? [] : (TAG.exec(tag) ?? []);
    if (opaque === undefined) return null;
    const name = `${set} ${tag}`;
    const before = this.#sealed.get(name);
    if (before !== undefined) return before;
    const plain = Buffer.concat([Buffer.from(set, 'base64url'), Buffer.from(tag, 'latin1')]);
    const seal = this.#sealOf(plain);
    const cipher = createCipheriv('aes-256-ctr', this.#cipherKey, seal);
    const text = Buffer.concat([seal, cipher.update(plain), cipher.final()]).toString('base64url');
    const made = `${weak}"${MARK}${text}"`;
    if (this.#sealed.size >= REMEMBERED) this.#sealed.clear();
    this.#sealed.set(name, made);
    return made;
  }

  /** What was sealed; null where nobody here has sealed this. */
  open(text: string): OpenedTag | null {
    const coded = text.length > TEXT_LIMIT ? undefined : SEALED.exec(text)?.[1];
    if (coded === undefined) return null;
    const bytes = Buffer.from(coded, 'base64url');
    if (bytes.length <= SEAL_BYTES + SET_BYTES) return null;
    const seal = bytes.subarray(0, SEAL_BYTES);
    const cipher = createDecipheriv('aes-256-ctr', this.#cipherKey, seal);
    const plain = Buffer.concat([cipher.update(bytes.subarray(SEAL_BYTES)), cipher.final()]);
    if (!timingSafeEqual(seal, this.#sealOf(plain))) return null;
    return {
      set: plain.toString('base64url', 0, SET_BYTES),
      tag: plain.toString('latin1', SET_BYTES),
    };
  }

  #sealOf(plain: Buffer): Buffer {
    return createHmac('sha256', this.#hashKey).update(plain).digest().subarray(0, SEAL_BYTES);
  }
}
