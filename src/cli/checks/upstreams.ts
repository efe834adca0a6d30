import { isIP } from 'node:net';
import { AddressSet, upstreamAddressFault } from '../../base/index.ts';
import type { EgressFault } from '../../ports/index.ts';
import type { Egress, Resolver } from '../../ports/index.ts';
import { type Config, everyTarget, type UpstreamConfig } from '../../config/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

const TIMEOUT_MS = 3_000;
const REPLY_LIMIT_BYTES = 256 * 1024;
/** Upstreams that are tried, all at once. */
const UPSTREAM_LIMIT = 50;

/** Where no connection is made at all, it does not matter what would be spoken over it. */
const NOBODY_THERE = /\bE(?:CONNREFUSED|HOSTUNREACH|NETUNREACH)\b/;

/** Whether the names of the upstreams lead somewhere, and whether something that can be trusted answers there. */
export async function checkUpstreams(
  { resolver, egress }: { readonly resolver: Resolver; readonly egress: Egress },
  config: Config,
): Promise<readonly Diagnosis[]> {
  const ours = config.apis.filter(({ party }) => party === null);
  const upstreams = new Map(ours.flatMap(({ upstream }) => urlsOf(upstream).map((url) => [url, upstream])));
  const named = ours.flatMap(({ upstream }) =>
    everyTarget(upstream).map(({ host }) => [host, upstream.allowedAddresses] as const),
  );
  const hosts = [...new Map(named)].filter(([host]) => isIP(host) === 0).slice(0, UPSTREAM_LIMIT);
  const names = await Promise.all(hosts.map(([host, allowed]) => checkName(resolver, host, allowed)));
  const tried = [...upstreams].slice(0, UPSTREAM_LIMIT);
  const reached = await Promise.all(tried.map(([url, upstream]) => checkReach(egress, url, upstream)));
  const left = upstreams.size - tried.length;
  const rest = left > 0 ? [warn('upstream', `${left} more upstreams were not tried`, 'try them by hand')] : [];
  return [...names, ...reached, ...rest];
}

function urlsOf(upstream: UpstreamConfig): readonly string[] {
  const { scheme, pathPrefix } = upstream;
  return everyTarget(upstream).map(
    ({ host, port }) => `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}${pathPrefix}/`,
  );
}

/** `allowed`: addresses that the name may stand for although no upstream may have them as a rule. */
async function checkName(resolver: Resolver, host: string, allowed: readonly string[]): Promise<Diagnosis> {
  const resolved = await resolver.resolve(host);
  if (resolved.ok && resolved.value.length > 0) {
    const set = AddressSet.of(allowed);
    const faults = resolved.value.map(({ address }) => [address, upstreamAddressFault(address, set, host)] as const);
    const first = faults.every(([, fault]) => fault !== null) ? faults[0] : undefined;
    if (first !== undefined) {
      const fix = 'write the address itself into `targets`, or list it under `allowAddresses`';
      return fail('dns', `${host} is ${first[0]}, which ${first[1]}: no request goes there`, fix);
    }
    return fine('dns', `${host} is ${resolved.value.map(({ address }) => address).join(', ')}`);
  }
  const reason = resolved.ok ? 'it has no address' : resolved.error;
  return fail('dns', `${host} leads nowhere: ${reason}`, 'look at `upstream` and at the DNS of this machine');
}

/** A GET on the upstream's root: whatever status comes back, the API is there. */
async function checkReach(egress: Egress, url: string, upstream: UpstreamConfig): Promise<Diagnosis> {
  const reply = await egress.call({
    url,
    method: 'GET',
    headers: {},
    timeoutMs: TIMEOUT_MS,
    limitBytes: REPLY_LIMIT_BYTES,
    reach: 'named',
  });
  if (reply.ok) return fine('upstream', `${url} answers (status ${reply.value.status})`);
  return faultDiagnosis(reply.error, url, upstream);
}

function faultDiagnosis(
  { reason, detail }: EgressFault,
  url: string,
  { caFile, serverName, protocol, identity }: UpstreamConfig,
): Diagnosis {
  // This call speaks HTTP/1.1 and shows no certificate: what it meets there tells nothing of how the gateway will fare.
  const isOther = (protocol === 'h2' || identity !== null) && !NOBODY_THERE.test(detail);
  if (
    isOther &&
    (reason === 'unreachable' || reason === 'timeout' || reason === 'untrusted' || reason === 'malformed-reply')
  ) {
    return warn(
      'upstream',
      `${url} ${protocol === 'h2' ? 'speaks HTTP/2' : 'is shown a certificate'}, which can't be tried from here: ${detail}`,
      'try a request through the gateway',
    );
  }
  switch (reason) {
    case 'too-large':
      return fine('upstream', `${url} answers`);
    case 'malformed-reply':
      return warn(
        'upstream',
        `${url} is reached, but its answer could not be read: ${detail}`,
        'try a request through the gateway',
      );
    case 'untrusted':
      // `ca` and `serverName` are this upstream's alone, and this call knows only the system's CAs, and the host.
      return caFile === null && serverName === null
        ? fail(
            'upstream',
            `${url} does not prove who it is: ${detail}`,
            'give it a certificate for its name, or name its CA under `ca`',
          )
        : warn(
            'upstream',
            `${url} is reached; whether ${caFile ?? 'somebody'} vouches for ${serverName ?? 'it'} can't be tried from here`,
            'try a request through the gateway',
          );
    case 'timeout':
    case 'cancelled':
      return fail(
        'upstream',
        `${url} did not answer within ${TIMEOUT_MS / 1000} s`,
        'see that the API runs, and that no firewall drops the way',
      );
    case 'unresolved':
      return fail(
        'upstream',
        `${url} can't be reached: its name has no address`,
        'look at `upstream` and at the DNS of this machine',
      );
    case 'forbidden-address':
      return fail(
        'upstream',
        `${url} leads to an address where clouds keep credentials: ${detail}`,
        'name the address of the API',
      );
    case 'unreachable':
    case 'malformed-url':
      return fail(
        'upstream',
        `${url} can't be reached: ${detail}`,
        'see that the API runs and that `upstream` names it',
      );
  }
}
