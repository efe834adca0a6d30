import { ok } from '../../../base/index.ts';
import { apiKeyWithin } from '../../../credential/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { Carriers, CredentialsConfig } from './config.ts';

const SEVERAL = deny({ code: 'several-credentials' }, 'several-credentials');
const IN_QUERY = deny({ code: 'credential-in-query' }, 'query');

/**
 * The kind `credentials`: looks at what a head bears before any of it is verified. A request names one caller by one
 * credential: where there are more, nobody can say who calls, whichever of them would hold. A token in the query is
 * refused, since queries end up in logs and histories (RFC 6750 §5.3).
 */
export function createCredentialsKind(): PolicyKind<CredentialsConfig> {
  return {
    kind: 'credentials',
    summary: 'One credential in the head, and none in the query',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => ok(stepsFor(saidOf(config.operations, operation) ?? config.api))),
  };
}

function stepsFor(carriers: Carriers): Steps {
  const { authorization, fields, cookies, query } = carriers;
  const places = (authorization ? 1 : 0) + fields.length + cookies.length;
  if (places === 0) return {};
  // Two in one place are seen by whoever reads that place.
  const counts = places > 1;
  if (!counts && query === 'pass') return {};
  return { authenticate: countingStep(carriers, counts) };
}

function countingStep(carriers: Carriers, counts: boolean): Step<'authenticate'> {
  const refuses = carriers.query === 'refuse';
  return {
    reads: READS_NOTHING,
    run(exchange): Verdict {
      const { query } = exchange.request;
      if (refuses && query !== null && bearsToken(query)) return IN_QUERY;
      return counts && countCredentials(exchange, carriers) > 1 ? SEVERAL : PASS;
    },
  };
}

/**
 * A signed token as a whole value, told by its shape: the base64url of a JSON object, and two more parts. It is looked for
 * where values begin alone, so that each character is read once.
 */
const TOKEN_VALUE = /(?:^|[=&;])(?:bearer(?:%20|\+))?eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{16,}/i;

/** Servers differ in whether names have a case, and in what parts parameters. */
const ACCESS_TOKEN = /(?:^|[&;])access_token(?:[=&;]|$)/i;

/**
 * The parameter of RFC 6750 §2.3, by its decoded name, or a signed token or an API key under whatever name. Queries are in
 * canonical form: no letter of any is encoded.
 */
function bearsToken(query: string): boolean {
  if (ACCESS_TOKEN.test(query)) return true;
  if (query.includes('eyJ') && TOKEN_VALUE.test(query)) return true;
  return apiKeyWithin(query) !== null;
}

/** How many credentials stand in a head, by the places where such may stand. */
export function countCredentials(
  { request: { headers } }: Pick<Exchange, 'request'>,
  { authorization, fields, cookies }: Carriers,
): number {
  let count = 0;
  if (authorization && headers.get('authorization') !== null) count++;
  for (const field of fields) if (headers.get(field) !== null) count++;
  if (cookies.length > 0) for (const cookie of headers.all('cookie')) count += countCookies(cookie, cookies);
  return count;
}

/** How many cookies of these names a field has (RFC 6265 §5.4), whatever their values. */
function countCookies(field: string, names: readonly string[]): number {
  return field.split(';').filter((pair) => names.includes((pair.split('=', 1)[0] ?? '').trim())).length;
}
