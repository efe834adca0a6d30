import { lookup as lookUp } from 'node:dns/promises';
import { isIP } from 'node:net';
import { err, ok, type Result } from '../../base/index.ts';
import type { Clock, ResolvedAddress, Resolver } from '../../ports/index.ts';

/** What the resolver asks; the system's own is node:dns lookup with all addresses. */
export type LookUp = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** What a system resolver needs. `lookUp` is for tests. */
interface SystemResolverOptions {
  readonly clock: Clock;
  readonly timeoutMs?: number;
  readonly lookUp?: LookUp;
}

const DEFAULT_TIMEOUT_MS = 5000;
const NAME_LIMIT = 253;
// getaddrinfo holds a thread of the pool that file access uses too, and cannot be taken back once it runs.
const LOOKUP_LIMIT = 16;
const ADDRESS_LIMIT = 64;

/**
 * Names as this machine resolves them, hosts file included: all addresses, 64 at most, in the system's order, within
 * 5 seconds unless said otherwise. Of calls for one name at one time one is made; at most 16 names are asked at once,
 * further ones are an error.
 */
export function createSystemResolver(options: SystemResolverOptions): Resolver {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const ask: LookUp = options.lookUp ?? ((host) => lookUp(host, { all: true, order: 'verbatim' }));
  const asked = new Map<string, ReturnType<LookUp>>();

  const askOnce = (host: string): ReturnType<LookUp> => {
    const running = asked.get(host);
    if (running !== undefined) return running;
    const answer = ask(host).finally(() => asked.delete(host));
    asked.set(host, answer);
    return answer;
  };

  return {
    async resolve(host) {
      const family = isIP(host);
      if (family !== 0) return ok([{ address: host, family: family === 4 ? 4 : 6 }]);
      if (host === '' || host.length > NAME_LIMIT || /[\0\s%]/.test(host)) return err('is not a host name');
      if (!asked.has(host) && asked.size >= LOOKUP_LIMIT) return err('too many names are being looked up');
      return await within(options.clock, timeoutMs, askOnce(host));
    },
  };
}

type Answer = Result<readonly ResolvedAddress[], string>;

function within(clock: Clock, timeoutMs: number, answer: ReturnType<LookUp>): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, () => resolve(err(`no answer within ${timeoutMs} ms`)));
    const end = (result: Answer): void => {
      timer.cancel();
      resolve(result);
    };
    answer.then(
      (found) => end(addressesOf(found)),
      (error: unknown) => end(err(error instanceof Error ? error.message : String(error))),
    );
  });
}

function addressesOf(found: Awaited<ReturnType<LookUp>>): Answer {
  const seen = new Set<string>();
  const addresses: ResolvedAddress[] = [];
  for (const { address, family } of found.slice(0, ADDRESS_LIMIT)) {
    if (!seen.has(address)) addresses.push({ address, family: family === 4 ? 4 : 6 });
    seen.add(address);
  }
  return addresses.length === 0 ? err('the name has no address') : ok(addresses);
}
