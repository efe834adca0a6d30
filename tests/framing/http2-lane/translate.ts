import { type Forwarded, forwarded, type FramingCase, itemOf, type Refused, refused } from '../case.ts';
import { PROTOCOL_ERROR } from './frames.ts';
import type { Field } from './hpack.ts';
import { type Http1Text, readHttp1Text, trimmed, unchunked } from './http1-text.ts';
import type { LaneCase, LaneRequest, Reset } from './lane-case.ts';
import { isConnectionField, isMalformed, isMalformedTrailer } from './malformed.ts';

/** What of the corpus means nothing in HTTP/2: whole items, or single cases by their names. */
export const WITHOUT_MEANING: readonly {
  readonly reason: string;
  readonly items?: readonly number[];
  readonly names?: RegExp;
}[] = [
  { reason: 'a version or a PROXY header: the preface stands in their place', items: [7, 18, 43] },
  { reason: 'chunks: DATA frames stand in their place', items: [12, 13, 14] },
  { reason: 'requests behind each other: each has its stream', items: [16] },
  { reason: 'absolute-form: HTTP/2 has :scheme and :authority', items: [30] },
  { reason: 'HTTP/1.0 does what HTTP/2 does not', names: /HTTP\/1\.0/ },
  { reason: 'an upgrade: HTTP/2 asks for WebSocket by extended CONNECT', names: /^5[46]: WebSocket: / },
  { reason: 'a line without a colon: there are no lines', names: /no colon$|trailer without a colon/ },
  {
    reason: 'a line break around the version, which HTTP/2 has not',
    names: /^10: (LF|CR|CR CR LF|LF CR) (after the request line|everywhere|for CRLF|before the version)$/,
  },
  { reason: 'a head that never ends: blocks have an end', names: /head: (never|ends)|a head without an end/ },
];

/** What a case is over HTTP/2, or why it is nothing. */
export type Translation = { readonly cases: readonly LaneCase[] } | { readonly reason: string };

const RESET: Reset = { kind: 'reset', code: PROTOCOL_ERROR };

/**
 * Translates a case: its bytes are read leniently, and what is wrong with them is kept. It becomes one request or several,
 * for some things can be said in two ways, and what HTTP/2 calls malformed hides what else may be wrong.
 */
export function translate(subject: FramingCase): Translation {
  const reason = reasonAgainst(subject);
  if (reason !== null) return { reason };
  const text = readHttp1Text(subject);
  const cases = hostVariants(subject, text);
  const hasConnection = text.fields.some(isConnectionField);
  if (hasConnection) cases.push(withoutConnection(subject, text));
  if (hasConnection || subject.outcomes[0]?.kind !== 'forwarded') return { cases };
  if (text.fields.some(([name]) => name !== name.toLowerCase())) cases.push(inRawCase(subject, text));
  const without = trimmed(text);
  if (without !== null)
    cases.push(caseOf(subject, 'without white space', requestOf(without), outcomeOf(subject, without)));
  return { cases };
}

function reasonAgainst({ name, transport, outcomes }: FramingCase): string | null {
  if (transport !== 'tls') return 'no TLS, and so no ALPN';
  const item = itemOf({ name });
  const found = WITHOUT_MEANING.find(
    (entry) => entry.items?.includes(item) === true || entry.names?.test(name) === true,
  );
  if (found !== undefined) return found.reason;
  return outcomes.length === 1 ? null : 'requests behind each other: each has its stream';
}

/** Host becomes `:authority`. Two of them may stand in two places, and an odd one also beside a sound authority. */
function hostVariants(subject: FramingCase, text: Http1Text): LaneCase[] {
  const [first, ...others] = text.hosts;
  const variant = (words: string, hosts: readonly string[], besides: readonly string[]): LaneCase => {
    const fields = [...besides.map((host): Field => ['host', host]), ...text.fields];
    const said = { ...text, hosts, fields };
    // The authority and one Host that say the same are one host (RFC 9113 §8.3.1).
    const agree = besides.length === 1 && besides[0] === hosts[0];
    return caseOf(subject, words, requestOf(said), agree ? forwarded() : outcomeOf(subject, said));
  };
  if (first === undefined) return [variant('', [], [])];
  if (others.length > 0) return [variant('as fields', [], text.hosts), variant('one as authority', [first], others)];
  const usual = variant('', [first], []);
  return itemOf(subject) === 35 ? [usual, variant('beside an authority', ['api.test'], [first])] : [usual];
}

/** Codes that are about fields which HTTP/2 has not. */
const ABOUT_CONNECTION = new Set([
  'length-and-chunked',
  'invalid-transfer-encoding',
  'connection-names-protected-header',
]);

/** The same request without the fields that reset its stream, to see what else is made of it. */
function withoutConnection(subject: FramingCase, text: Http1Text): LaneCase {
  const fields = text.fields.filter((field) => !isConnectionField(field));
  const stripped: Http1Text = { ...text, ...unchunked(text), fields };
  const request = requestOf(stripped);
  const outcome = outcomeOf(subject, stripped);
  const words = 'without connection fields';
  if (outcome.kind === 'reset') return caseOf(subject, words, request, outcome);
  const isAbout = outcome.kind === 'refused' && outcome.codes.some((code) => ABOUT_CONNECTION.has(code));
  const { method, data, isShort } = stripped;
  const bytes = data?.length ?? 0;
  if (method === 'GET' && (bytes > 0 || isShort)) return caseOf(subject, words, request, refused('unexpected-body'));
  if (isAbout || (method === 'GET' && outcome.kind === 'refused'))
    return caseOf(subject, words, request, forwarded({ method, body: data?.toString('latin1') ?? '' }));
  if (outcome.kind !== 'forwarded') return caseOf(subject, words, request, outcome);
  // What Connection named is now a field like any other.
  const named = text.fields.filter(([name]) => name.toLowerCase() === 'connection').map(([, value]) => value);
  const list = named.join().toLowerCase();
  return caseOf(subject, words, request, { ...outcome, absent: outcome.absent.filter((name) => !list.includes(name)) });
}

/** HTTP/1.1 takes a name in any case; in HTTP/2 it is malformed (RFC 9113 §8.2.1). One dress shows that. */
function inRawCase(subject: FramingCase, text: Http1Text): LaneCase {
  const { fields, ...request } = requestOf(text);
  const pseudo = fields.filter(([name]) => name.startsWith(':'));
  const raw = { ...request, fields: [...pseudo, ...text.fields] };
  return { ...caseOf(subject, 'names as they stand', raw, RESET), dresses: 'plain' };
}

/** Where HTTP/1.1 breaks the framing of its connection, HTTP/2 breaks RFC 9113 §8 on one stream. */
const BECOMES_RESET = new Set(['incomplete-request', 'malformed-chunk']);

/** The outcome over HTTP/1.1, unless HTTP/2 calls the request malformed or reads its fields otherwise. */
function outcomeOf(subject: FramingCase, text: Http1Text): LaneCase['outcome'] {
  const { fields, data, end, trailers = [] } = requestOf(text);
  if (isMalformed(fields, end === 'nothing' ? null : (data?.length ?? 0))) return RESET;
  if (trailers.some(isMalformedTrailer)) return RESET;
  const outcome = subject.outcomes[0] as Forwarded | Refused;
  if (outcome.kind === 'refused' && outcome.codes.some((code) => BECOMES_RESET.has(code))) return RESET;
  const crumbs = fields.filter(([name]) => name === 'cookie').map(([, value]) => value);
  if (crumbs.length > 1) return forwarded({ present: [['cookie', crumbs.join('; ')]] });
  // The authority of CONNECT is the only host that it names.
  const isUnknown = text.method === 'CONNECT' && !text.target.startsWith('api.');
  return isUnknown ? refused('misdirected-request', 421) : outcome;
}

function caseOf(
  { name, refusedReach }: FramingCase,
  words: string,
  request: LaneRequest,
  outcome: LaneCase['outcome'],
): LaneCase {
  return {
    name: words === '' ? name : `${name} (${words})`,
    request,
    outcome,
    // A sound head may be passed on before its DATA or trailers show that the request is not.
    reach: outcome.kind === 'reset' && !isMalformed(request.fields, null) ? 'cut' : refusedReach,
    dresses: 'all',
  };
}

function requestOf({ method, target, hosts, fields, ...text }: Http1Text): LaneRequest {
  const authority = hosts.map((host): Field => [':authority', host]);
  const pseudo: readonly Field[] =
    method === 'CONNECT'
      ? [
          [':method', method],
          [':authority', target],
        ]
      : [[':method', method], [':scheme', 'https'], ...authority, [':path', target]];
  const { data, trailers, isShort, awaitsContinue } = text;
  return {
    fields: [...pseudo, ...lowered(fields)],
    data,
    end: trailers !== null ? 'trailers' : isShort ? 'nothing' : data === null ? 'head' : 'data',
    ...(trailers === null ? {} : { trailers: lowered(trailers) }),
    awaitsContinue,
  };
}

function lowered(fields: readonly Field[]): Field[] {
  return fields.map(([name, value]) => [name.toLowerCase(), value]);
}

/** The corpus over HTTP/2. */
export interface TranslatedCorpus {
  /** Each request once: names that differ in their case only come to the same. */
  readonly cases: readonly LaneCase[];
  /** How many cases became requests, and how many did not, by the reason. */
  readonly translated: number;
  readonly without: Readonly<Record<string, number>>;
}

/** Translates all of it. */
export function translateAll(corpus: readonly FramingCase[]): TranslatedCorpus {
  const cases = new Map<string, LaneCase>();
  const without: Record<string, number> = {};
  let translated = 0;
  for (const translation of corpus.map(translate)) {
    if ('reason' in translation) {
      without[translation.reason] = (without[translation.reason] ?? 0) + 1;
      continue;
    }
    translated++;
    for (const found of translation.cases) {
      const { name: _, ...same } = found;
      const key = JSON.stringify(same);
      if (!cases.has(key)) cases.set(key, found);
    }
  }
  return { cases: [...cases.values()], translated, without };
}
