import {
  AddressSet,
  didYouMean,
  errorIssue,
  isEverything,
  type Issue,
  internetAddressFault,
  isLoopback,
  parseAddress,
  type Place,
} from '../base/index.ts';
import type { ApiConfig, Config } from './config.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** What is wrong with a listener for third parties, and with those, whose every key is sound by itself. */
export function egressIssues(config: Config, places: Places): Issue[] {
  const { egress, apis } = config;
  if (egress === null) return [];
  const parties = apis.filter(({ party }) => party !== null);
  return [...listenerIssues(config, places), ...parties.flatMap((each) => partyIssues(each, config, places))];
}

function listenerIssues({ egress }: Config, places: Places): Issue[] {
  if (egress === null || isOwn(egress.host)) return [];
  const issues: Issue[] = [];
  if (egress.callers === 'any') {
    const message = 'beyond this machine anybody could spend the secrets of the parties';
    issues.push(issue('egress.callers', message, 'give each caller a key, or listen on 127.0.0.1', places));
  }
  if (!egress.tls) {
    const message = 'beyond this machine keys and calls would be read by whoever is on the way';
    issues.push(issue('egress.host', message, 'write tls: true, or listen on 127.0.0.1', places));
  }
  return issues;
}

function isOwn(host: string): boolean {
  const address = parseAddress(host);
  return host === 'localhost' || (address.ok && isLoopback(address.value));
}

function partyIssues(api: ApiConfig, config: Config, places: Places): Issue[] {
  const wide = api.upstream.allowedAddresses.findIndex(isEverything);
  const fix = 'name the network of the third party alone';
  const at = `${api.path}.private[${wide}]`;
  return [
    ...nameIssues(api, config, places),
    ...callerIssues(api, config, places),
    ...addressIssues(api, places),
    ...(wide < 0 ? [] : [issue(at, 'this lets its name stand for whatever there is', fix, places)]),
  ];
}

/** Records, metrics and documents are told apart by these names. */
function nameIssues({ name, path, party }: ApiConfig, { apis }: Config, places: Places): Issue[] {
  if (party === null || !apis.some((other) => other.party === null && other.name === name)) return [];
  return [issue(path, 'an API of yours has this name already', 'give the third party another one', places)];
}

function callerIssues({ party, path }: ApiConfig, { egress }: Config, places: Places): Issue[] {
  const from = party?.from ?? null;
  if (from === null || egress === null) return [];
  const { callers } = egress;
  if (callers === 'any')
    return [issue(`${path}.from`, 'nobody is known where callers are `any`', 'give callers keys', places)];
  const names = callers.map(({ name }) => name);
  return from.flatMap((name, index) => {
    if (names.includes(name)) return [];
    const fix = didYouMean(name, names) ?? `there is: ${names.slice(0, 10).join(', ')}`;
    return [issue(`${path}.from[${index}]`, 'no caller is named so below `egress.callers`', fix, places)];
  });
}

/** Names are judged whenever one is looked up; an address that is written is judged here. */
function addressIssues({ upstream, party, path }: ApiConfig, places: Places): Issue[] {
  const allowed = AddressSet.of(upstream.allowedAddresses);
  const said = [
    ...upstream.targets.map(({ host }) => ({ host, at: `${path}.url` })),
    ...(party?.hosts ?? []).map(({ host }, index) => ({ host, at: `${path}.hosts[${index}]` })),
  ];
  return said.flatMap(({ host, at }) => {
    if (host === 'localhost' || host.endsWith('.localhost'))
      return isLoopbackAllowed(allowed) ? [] : [issue(at, OWN_NAME, 'name the third party itself', places)];
    if (!parseAddress(host).ok) return [];
    const fault = internetAddressFault(host, allowed);
    if (fault === null) return [];
    return [issue(at, `this ${fault}`, 'name the third party itself, or list the address under `private`', places)];
  });
}

const OWN_NAME = 'this is a name of this machine itself';

function isLoopbackAllowed(allowed: AddressSet): boolean {
  return ['127.0.0.1', '::1'].some((text) => {
    const address = parseAddress(text);
    return address.ok && allowed.has(address.value);
  });
}

function issue(path: string, message: string, fix: string, places: Places): Issue {
  return errorIssue(path, message, { place: placeAt(places, path), fix });
}
