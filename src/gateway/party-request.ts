import type { HeaderFields } from '../wire/index.ts';
import type { CompiledParty } from './compiled-party.ts';
import type { RoutedRequest } from './upstream-caller.ts';

/**
 * What is none of a third party's business: what of our own callers and their traces is known, cookies, where a page came
 * from. And codings: a reply that is coded could be larger than it seems.
 */
const UNSAID = [
  'cookie',
  'origin',
  'referer',
  'from',
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'uber-trace-id',
  'via',
  'accept-encoding',
  'te',
  'proxy-authorization',
];

/** In parts of a reply a secret could come back in parts, none of which is one. */
const OF_PARTS = ['range', 'if-range'];

const PLAIN = ['accept-encoding', 'identity'] as const;

/** A request as the third party gets it, with its secrets in the place of what a caller says there. */
export function partyRequest(request: RoutedRequest, { secrets }: CompiledParty): RoutedRequest {
  const fields = request.fields?.copy() ?? null;
  for (const name of secrets.length > 0 ? [...UNSAID, ...OF_PARTS] : UNSAID) fields?.drop(name);
  const added = [...request.added.filter((_, at, all) => !isSecret(all[at - (at % 2)] ?? '', secrets)), ...PLAIN];
  let { target } = request;
  for (const { place, name, text } of secrets) {
    if (place === 'query') target = withParameter(target, name, text);
    else {
      fields?.drop(name);
      added.push(name, text);
    }
  }
  return { ...request, fields, added, target };
}

function isSecret(name: string, secrets: CompiledParty['secrets']): boolean {
  return secrets.some((secret) => secret.place === 'header' && secret.name === name);
}

/** The same request on its way to where a redirect leads. A body is not sent again, and secrets not to others. */
export function redirectedRequest(
  request: RoutedRequest,
  to: Pick<RoutedRequest, 'method' | 'authority' | 'target'>,
): RoutedRequest {
  const fields = request.fields?.copy() ?? null;
  if (to.method !== request.method) dropBodyFields(fields);
  if (to.authority !== request.authority) fields?.drop('authorization');
  const framing = { kind: 'none' } as const;
  return { ...request, ...to, fields, framing, host: null };
}

function dropBodyFields(fields: HeaderFields | null): void {
  for (const name of ['content-type', 'content-encoding', 'content-language', 'content-location']) fields?.drop(name);
}

/** A target whose query has this parameter once: whatever else decodes to its name is taken out. */
function withParameter(target: string, name: string, value: string): string {
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const others = (at < 0 ? '' : target.slice(at + 1)).split('&').filter((pair) => pair !== '' && nameOf(pair) !== name);
  return `${path}?${[...others, `${name}=${encodeURIComponent(value)}`].join('&')}`;
}

function nameOf(pair: string): string {
  const [name = ''] = pair.split('=', 1);
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}
