import { isIP } from 'node:net';
import { AddressSet, internetAddressFault } from '../../base/index.ts';
import { type ApiConfig, type Config, everyTarget } from '../../config/index.ts';
import type { Egress, Files, Resolver } from '../../ports/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

const TIMEOUT_MS = 3_000;
const REPLY_LIMIT_BYTES = 256 * 1024;
const CA_LIMIT_BYTES = 1024 * 1024;
/** Third parties that are tried, all at once. */
const PARTY_LIMIT = 50;

interface Ports {
  readonly resolver: Resolver;
  readonly egress: Egress;
  readonly files: Files;
}

/** Whether the names of third parties lead to where calls may go, and whether they are reached and prove who they are. */
export async function checkParties(ports: Ports, config: Config): Promise<readonly Diagnosis[]> {
  const parties = config.apis.filter(({ party }) => party !== null);
  const told = await Promise.all(parties.slice(0, PARTY_LIMIT).map((api) => checkParty(ports, api)));
  const left = parties.length - told.length;
  const rest = left > 0 ? [warn('party', `${left} more third parties were not tried`, 'try them by hand')] : [];
  return [...told.flat(), ...rest];
}

async function checkParty(ports: Ports, api: ApiConfig): Promise<readonly Diagnosis[]> {
  const [target] = everyTarget(api.upstream);
  if (target === undefined || api.party === null) return [];
  if (api.party.resolver !== null)
    return [
      warn('party', `${api.name}: its own server of names can't be asked from here`, 'try a call through the gateway'),
    ];
  const name = isIP(target.host) === 0 ? await checkName(ports.resolver, api, target.host) : null;
  if (name !== null) return [name];
  const { host, port } = target;
  return [await checkReach(ports, api, `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}/`)];
}

/** What is wrong with where a name leads; null for nothing. */
async function checkName(resolver: Resolver, { name, upstream }: ApiConfig, host: string): Promise<Diagnosis | null> {
  const resolved = await resolver.resolve(host);
  if (!resolved.ok || resolved.value.length === 0)
    return fail('party', `${name}: ${host} leads nowhere`, 'look at `url` and at the DNS of this machine');
  const allowed = AddressSet.of(upstream.allowedAddresses);
  const bad = resolved.value.find(({ address }) => internetAddressFault(address, allowed) !== null);
  if (bad === undefined) return null;
  const words = `${name}: ${host} is ${bad.address}, which ${internetAddressFault(bad.address, allowed)}: no call goes there`;
  return fail('party', words, 'if that is meant, list the network under `private`');
}

/** A GET on its root: whatever status comes back, it is there, and has proved its name. */
async function checkReach({ egress, files }: Ports, api: ApiConfig, url: string): Promise<Diagnosis> {
  const { name, upstream } = api;
  const { caFile, serverName, identity, pins, allowedAddresses } = upstream;
  if (serverName !== null || identity !== null || pins.length > 0)
    return warn(
      'party',
      `${name}: how it is to prove who it is can't be tried from here`,
      'try a call through the gateway',
    );
  const ca = caFile === null ? null : await files.read(caFile, CA_LIMIT_BYTES);
  const reply = await egress.call({
    ...{ url, method: 'GET', headers: {}, timeoutMs: TIMEOUT_MS, limitBytes: REPLY_LIMIT_BYTES },
    reach: allowedAddresses.length === 0 ? 'public' : 'named',
    ...(ca?.ok === true ? { ca: Buffer.from(ca.value).toString() } : {}),
  });
  if (reply.ok) return fine('party', `${name}: ${url} answers over TLS (status ${reply.value.status})`);
  const { reason, detail } = reply.error;
  if (reason === 'too-large') return fine('party', `${name}: ${url} answers over TLS`);
  if (reason === 'malformed-reply')
    return warn('party', `${name}: its answer could not be read: ${detail}`, 'try a call through the gateway');
  const fix =
    reason === 'untrusted'
      ? 'see that `url` has its name, or name the CA that vouches for it under `ca`'
      : 'see that it runs, that `url` names it, and that no firewall drops the way';
  return fail('party', `${name}: ${url} is not reached: ${detail}`, fix);
}
