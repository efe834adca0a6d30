import { type CodedStart, decodeStart } from '../body/index.ts';

/** Starts that a thread decodes at once; the others wait for their turn. */
const DECODING_LIMIT = 16;

let decodings = 0;
/** Those that wait: never more than the requests that a thread has, each with the start of one reply. */
const waiting: (() => void)[] = [];

/** Decodes the start of a reply when its turn comes, unless nobody wants it any more; null where it can't be decoded. */
export async function decodeInTurn(coded: CodedStart, isWanted: () => boolean): Promise<Buffer | null> {
  if (decodings < DECODING_LIMIT) decodings++;
  else {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    await promise;
  }
  try {
    return isWanted() ? await decodeStart(coded) : null;
  } finally {
    const next = waiting.shift();
    if (next === undefined) decodings--;
    else next();
  }
}
