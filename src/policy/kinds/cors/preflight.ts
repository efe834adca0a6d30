import { apiKeyNames } from '../../../openapi/index.ts';
import type { HeaderMap } from '../../../wire/index.ts';
import type { Exchange } from '../../exchange.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { deny, type Verdict } from '../../verdict.ts';
import { isFieldName } from '../../written-fields.ts';
import type { CrossOrigin, ReplyField } from './cross-origin.ts';

/**
 * What pages may send to any operation: who calls, what a body is, and what browsers send unasked where its value is a
 * plain one (Fetch Standard, CORS-safelisted request-header).
 */
const ALWAYS = ['authorization', 'content-type', 'accept', 'accept-language', 'content-language'] as const;
/** More names than any page sends. */
const NAMES_LIMIT = 100;

/** What pages send along with a session, where they may call with one. */
const SESSION_FIELD = 'x-portcullis-csrf';

const ASKED_METHOD = 'access-control-request-method';
const ASKED_HEADERS = 'access-control-request-headers';
const ASKED_NETWORK = 'access-control-request-private-network';
const VARY: ReplyField = ['vary', `Origin, ${ASKED_METHOD}, ${ASKED_HEADERS}, ${ASKED_NETWORK}`];

/** The method that a preflight asks for (Fetch Standard, CORS-preflight request); null where a request is none. */
export function preflightMethod(method: string, headers: HeaderMap): string | null {
  return method === 'OPTIONS' && headers.has('origin') ? headers.get(ASKED_METHOD) : null;
}

/**
 * Answers the preflights of an operation, in the upstream's place: 204 where the origin, the method and all fields that
 * are asked for are allowed, else a refusal that says nothing of what is. `document` describes the operation, and `methods`
 * are those of its path.
 */
export function preflightStep(
  cross: CrossOrigin,
  { described, document }: Pick<Operation, 'described'> & { readonly document: unknown },
  methods: readonly string[],
): Step<'decide'> {
  const { rules } = cross;
  const open = methods.filter((method) => rules.methods === null || rules.methods.includes(method));
  const known = (described?.parameters ?? []).filter((parameter) => parameter.in === 'header').map(({ name }) => name);
  const keys = apiKeyNames(document, described?.security ?? null, 'header');
  const lower = [...known, ...keys].map((name) => name.toLowerCase()).filter(isFieldName);
  const names = new Set([...ALWAYS, ...lower, ...rules.headers, ...(rules.credentials ? [SESSION_FIELD] : [])]);
  const told: readonly ReplyField[] = [
    ['access-control-allow-methods', open.join(', ')],
    ['access-control-allow-headers', [...names].join(', ')],
    ['access-control-max-age', String(Math.floor(rules.maxAgeMs / 1_000))],
    VARY,
    ...(rules.credentials ? [['access-control-allow-credentials', 'true'] as const] : []),
  ];
  return {
    reads: READS_NOTHING,
    run({ request: { headers } }: Exchange): Verdict {
      const origin = cross.allowed(headers.get('origin'));
      if (origin === null) return REFUSED.origin;
      if (!open.includes(headers.get(ASKED_METHOD) ?? '')) return REFUSED.method;
      if (!areAmong(headers.all(ASKED_HEADERS), names)) return REFUSED.headers;
      const fields: ReplyField[] = [['access-control-allow-origin', origin], ...told];
      if (headers.has(ASKED_NETWORK)) {
        if (!rules.privateNetwork) return REFUSED.network;
        fields.push(['access-control-allow-private-network', 'true']);
      }
      return { kind: 'reply', response: { status: 204, headers: fields, body: '' }, rule: 'preflight' };
    },
  };
}

const REFUSED = {
  origin: refusal('origins', 'pages of this origin may not call this API'),
  method: refusal('methods', 'pages may not use this method here'),
  headers: refusal('headers', 'pages may not send one of these header fields'),
  network: refusal('privateNetwork', 'pages of the public internet may not call into a private network'),
} as const;

function refusal(rule: string, detail: string): Verdict {
  return deny({ code: 'preflight-refused', detail, headers: [VARY] }, rule);
}

/** Whether all names of a list are among these; a list may have empty elements (RFC 9110 §5.6.1.2). */
function areAmong(lists: readonly string[], known: ReadonlySet<string>): boolean {
  let count = 0;
  for (const list of lists) {
    for (const element of list.split(',', NAMES_LIMIT + 1)) {
      const name = element.trim();
      if (++count > NAMES_LIMIT || (name !== '' && !known.has(name.toLowerCase()))) return false;
    }
  }
  return true;
}
