import {
  addressReach,
  errorIssue,
  type Issue,
  ok,
  parseAddress,
  type Place,
  type Result,
  secretLine,
} from '../base/index.ts';
import { isRouteOf } from './allowed-operations.ts';
import { everyTarget } from './beside-targets.ts';
import type { ApiConfig, Config } from './config.ts';
import { checked, gatherSecret, type Work } from './gather-work.ts';
import { placeAt } from './place-at.ts';
import type { Route } from './routes.ts';
import { words } from './words.ts';

type Places = Readonly<Record<string, Place>>;

/** A shorter one could stand in replies by chance, and would be taken for one that came back. */
const LEAST_CHARACTERS = 8;
const MOST_CHARACTERS = 8_192;

/** Reads the secrets that requests to a third party are written with. */
export async function gatherParty(work: Work, { party }: ApiConfig): Promise<void> {
  for (const { reference, path } of party?.secrets ?? []) {
    const bytes = await gatherSecret(work, path, reference);
    if (bytes !== null) checked(work, path, checkSecret(bytes));
  }
}

function checkSecret(bytes: Uint8Array): Result<void, string> {
  const text = secretLine(bytes);
  const fault =
    text.length < LEAST_CHARACTERS || text.length > MOST_CHARACTERS
      ? words(`this secret is not from ${LEAST_CHARACTERS} to ${MOST_CHARACTERS} characters long`)
      : words('this secret holds what no header field can hold', 'it is one line of plain ASCII');
  return /^[\x21-\x7e]{8,8192}$/.test(text) ? ok(undefined) : { ok: false, error: fault };
}

/** What may be called of a third party although its document does not have it. */
export function partyIssues({ party, path }: ApiConfig, operations: readonly Route[], places: Places): Issue[] {
  return (party?.allow ?? []).flatMap((route, index) => {
    if (operations.some((operation) => isRouteOf(route, operation))) return [];
    const at = `${path}.allow[${index}]`;
    const fix = 'write it as the document does, METHOD and path';
    return [errorIssue(at, 'the document describes no such operation', { place: placeAt(places, at), fix })];
  });
}

/** APIs of others among our own: nothing bounds what they answer, and nothing keeps our callers' credentials from them. */
export function partyWarnings(config: Config, places: Places): Issue[] {
  return config.apis.flatMap(({ party, path, upstream }) => {
    const outside = party === null ? everyTarget(upstream).find(({ host }) => isOutside(host)) : undefined;
    if (outside === undefined || upstream.scheme !== 'https') return [];
    const at = `${path}.upstream`;
    const message = `${outside.host} is on the open internet: an API of others belongs below \`egress\``;
    const fix = 'if it is your own, leave it; else name it as a party, and let your APIs call it there';
    return [{ ...errorIssue(at, message, { place: placeAt(places, at), fix }), severity: 'warning' as const }];
  });
}

/** Hosts of which anybody knows that they are not ours. A name may be anybody's. */
function isOutside(host: string): boolean {
  const address = parseAddress(host);
  return address.ok ? addressReach(address.value) === 'public' : OTHERS.test(host);
}

/** APIs that many call, none of which can stand behind a gateway of ours. */
const OTHERS =
  /(?:^|\.)(?:stripe\.com|paypal\.com|adyen\.com|braintreegateway\.com|squareup\.com|twilio\.com|sendgrid\.com|mailgun\.net|postmarkapp\.com|slack\.com|openai\.com|anthropic\.com|mistral\.ai|cohere\.com|googleapis\.com|graph\.microsoft\.com|github\.com|gitlab\.com|atlassian\.net|salesforce\.com|hubapi\.com|zendesk\.com|shopify\.com|intercom\.io|datadoghq\.com|algolia\.net|contentful\.com|auth0\.com|okta\.com)$/;

/** Fields and parameters that bear a secret, by their customary names. */
const BEARING =
  /^(?:authorization|proxy-authorization|cookie|(?:[a-z0-9]+[-_])*(?:api[-_]?key|access[-_]?key|auth[-_]?token|access[-_]?token|token|secret|password))$/;

/** Secrets that stand in the configuration themselves, where everybody reads them who may read that. */
export function literalSecretWarnings(config: Config, places: Places): Issue[] {
  const all = config.apis.flatMap(({ rewrite, operations }) => [
    ...(rewrite === null ? [] : [rewrite]),
    ...Object.values(operations).flatMap((own) => own.rewrite ?? []),
  ]);
  return all.flatMap(({ request, query, keyPath }) =>
    [...(request?.set ?? []), ...(request?.add ?? []), ...(query?.set ?? [])].flatMap(({ name, value }) => {
      const fixed = value.pieces.every((piece) => typeof piece === 'string') && value.text.length >= LEAST_CHARACTERS;
      if (!fixed || !BEARING.test(name.toLowerCase())) return [];
      const message = `${name} gets a text that looks like a secret, which everybody sees who may read this file`;
      const fix = 'let the API call the third party below `egress`, where a secret is a reference';
      return [
        { ...errorIssue(keyPath, message, { place: placeAt(places, keyPath), fix }), severity: 'warning' as const },
      ];
    }),
  );
}
