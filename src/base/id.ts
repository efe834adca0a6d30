/** Fills a buffer with random bytes; the Random port gives one. */
export type FillRandom = (bytes: Uint8Array) => void;

const POOL_BYTES = 4096;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7): 48 bits of time, then 74 random bits.
 * Random bytes are drawn in pools of 4 KiB, since a draw per request would cost more than the rest of the id.
 */
export function createIdSource(fillRandom: FillRandom, nowMs: () => number): () => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  let lastMs = -1;
  let prefix = '';
  return () => {
    if (used + 10 > POOL_BYTES) {
      fillRandom(pool);
      used = 0;
    }
    const ms = Math.max(0, Math.floor(nowMs()));
    if (ms !== lastMs) {
      lastMs = ms;
      const time = ms.toString(16).padStart(12, '0').slice(-12);
      prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    }
    const at = used;
    used += 10;
    const a = pool[at] as number;
    const b = pool[at + 1] as number;
    const variant = 0x80 | ((pool[at + 2] as number) & 0x3f);
    return prefix + HEX[a]?.[1] + HEX[b] + '-' + HEX[variant] + hex(pool, at + 3, 1) + '-' + hex(pool, at + 4, 6);
  };
}

function hex(bytes: Uint8Array, from: number, count: number): string {
  let text = '';
  for (let i = from; i < from + count; i++) text += HEX[bytes[i] as number];
  return text;
}
