import type { Config } from '../config/index.ts';
import {
  type DecisionReason,
  egressView,
  explain,
  type ExplainedRoute,
  type ExplainedVerdict,
  type Explanation,
  type NamedCaller,
  readQuestion,
  type Rehearsal,
  rehearsalReason,
  rehearse,
  type ToldCaller,
  withOpening,
  type WrittenQuestion,
} from '../gateway/index.ts';
import { err, ok, type Result } from '../base/index.ts';
import { CALLER_GRAMMAR } from './caller.ts';
import { type Command, CONFIG_OPTION, EXIT, type Given, JSON_OPTION } from './command.ts';
import { type BuiltConfiguration, configurationPath, loadConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { type GivenRequest, readGivenRequest } from './given-request.ts';
import { complainOfIssues } from './issues.ts';
import { rehearsalLines } from './rehearsal-words.ts';
import { readTokenCaller, tokenData, tokenRows } from './token-caller.ts';
import { alignRows, jsonText, palette, plain, sentence } from './terminal.ts';

/** `portcullis explain`: the way one request would go, and how far. */
export const explainCommand: Command = {
  verb: 'explain',
  summary: 'says what would happen to a request, and why',
  operands: ['METHOD', 'URL'],
  options: {
    as: { value: 'CALLER', says: `who sends it: ${CALLER_GRAMMAR}` },
    token: {
      value: 'FILE',
      says: 'in place of --as, a token: whom it would stand for if it held; `-` reads it from standard input. It is not verified',
    },
    from: { value: 'ADDRESS', says: 'the address that it comes from, where lists ask for it; 127.0.0.1 if left out' },
    header: { value: "'NAME: VALUE'", says: 'a field of its head; may be given several times', repeats: true },
    body: { value: 'FILE|JSON', says: 'its body: JSON if it begins with { or [, else a file' },
    at: { value: 'TIME', says: 'when it comes, for rules on the time, such as 2026-11-24T09:00:00Z' },
    response: {
      value: 'FILE|JSON',
      says: 'what the upstream answers, written like the body: then it is judged too, and what the caller gets is told',
    },
    owner: {
      value: 'FILE|JSON',
      says: 'what the owner service says of the object, where its rule has a lookup; `null` for that there is none',
    },
    status: { value: 'CODE', says: 'the status of that answer; 200 if left out' },
    egress: {
      value: null,
      says: 'asks of a call that one of your APIs makes of a third party, over the listener `egress`',
    },
    config: CONFIG_OPTION,
    json: JSON_OPTION,
  },
  details: [
    'URL is a whole URL, or a path: then the host is that of the first API that names one, or localhost.',
    'It is read as it stands, as if a client sent it so: `..` and `//` are not tidied away, and `#` is not cut off.',
    'A URL that begins with wss: asks for WebSocket. A gRPC method is called over HTTP/2, as a library would.',
    'The request is judged to its end by the code that judges traffic, and what each policy says is told. Nothing is',
    'sent. A caller who is given stands for a credential; without --as the caller is anonymous. Tokens are not judged:',
    'their keys are known to a running gateway only, and --token shows what one would become, never whether it holds.',
    'Groups that did not fit into it are not asked for, and nothing that was granted or denied by hand is known here. Limits are taken as unspent.',
    'Exit code 1 if the request would be refused, and where only the reply or the owner can tell and none is given.',
  ],
  async run(given, context) {
    const json = given.flags.has('json');
    const file = configurationPath(given, context);
    if (!file.ok) {
      context.complain(`portcullis: ${file.error}.\n`);
      return EXIT.unusable;
    }
    const built = await loadConfiguration(file.value, context);
    if (!built.ok) {
      complainOfIssues(built.error, json, context);
      return EXIT.unusable;
    }
    const { config } = built.value.parsed;
    const [method = '', url = ''] = given.operands;
    const question = readQuestion(method, url, config);
    if (!question.ok) {
      context.complain(`portcullis: ${sentence(question.error)}\n`);
      return EXIT.unusable;
    }
    const request = await readGivenRequest(given, context);
    if (!request.ok) {
      context.complain(`portcullis: ${sentence(request.error)}\n`);
      return EXIT.unusable;
    }
    const token = await givenToken(given, built.value, context);
    if (!token.ok) {
      context.complain(`portcullis: ${sentence(token.error)}\n`);
      return EXIT.unusable;
    }
    const headers = withOpening(request.value.headers, question.value);
    const outbound = given.flags.has('egress');
    const snapshot = outbound ? egressView(built.value.snapshot) : built.value.snapshot;
    const explanation = explain(snapshot, question.value, request.value.headers);
    const stranger = token.value === null ? null : strangerWords(token.value, explanation.route, config);
    if (stranger !== null) {
      context.complain(`portcullis: ${sentence(stranger)}\n`);
      return EXIT.findings;
    }
    const caller = token.value === null ? {} : { caller: { kind: 'told', principal: token.value.principal } as const };
    const whole = { ...question.value, ...request.value, ...caller, headers };
    const rehearsal = await rehearse(snapshot, whole, context.ports.clock);
    const plainHttp = question.value.scheme === 'http' && !outbound ? plainHttpWords(config) : null;
    const answer = {
      question: question.value,
      explanation,
      rehearsal,
      plainHttp,
      built: built.value,
      token: token.value,
    };
    const reason = reasonFor(answer, request.value);
    const told = { trail: rehearsal.trail, verdict: toldVerdict(answer), reason };
    context.write(
      json
        ? jsonText({
            ...explanation,
            ...told,
            plainHttp,
            ...(token.value === null ? {} : { token: tokenData(token.value) }),
          })
        : `${report(answer, context)}\n${plain(reason.sentence)}\n`,
    );
    const { verdict } = rehearsal;
    const isUndecided = verdict.kind === 'pass' && verdict.undecided.length > 0;
    return verdict.kind === 'refused' || isUndecided ? EXIT.findings : EXIT.fine;
  },
};

/** Why it passes or is refused, in a sentence, by which rule of which line. */
function reasonFor({ rehearsal, built, token }: Answer, { caller, reply = null }: GivenRequest): DecisionReason {
  const { config, places } = built.parsed;
  const who = token === null ? caller : { ...token.principal, kind: 'known' as const, permissions: [] };
  const place = (path: string) => (Object.hasOwn(places, path) ? (places[path] ?? null) : null);
  const named: NamedCaller = who.kind === 'told' ? { ...who.principal, kind: 'known', permissions: [] } : who;
  return rehearsalReason(rehearsal, { config, place, snapshot: built.snapshot, caller: named, reply });
}

/** What stands before everything else where the URL says http: the plain port serves nothing. */
function plainHttpWords({ server }: Config): string {
  if (server.http === null) return 'nothing listens for plain http; below is the same request over https';
  return server.http.mode === 'refuse'
    ? 'over plain http it is refused (403 plain-http); below is the same request over https'
    : 'over plain http, GET and HEAD without credentials are sent on to https (308), all else is refused (403 plain-http); below is the same request over https';
}

interface Answer {
  readonly question: WrittenQuestion;
  readonly explanation: Explanation;
  readonly rehearsal: Rehearsal;
  readonly plainHttp: string | null;
  readonly built: BuiltConfiguration;
  /** Null where none was given. */
  readonly token: ToldCaller | null;
}

/** Null where none is given. */
async function givenToken(
  { values }: Given,
  built: BuiltConfiguration,
  context: CommandContext,
): Promise<Result<ToldCaller | null, string>> {
  const name = values.get('token');
  if (name === undefined) return ok(null);
  if (values.has('as')) return err('--token and --as can not both be given');
  return await readTokenCaller(name, built, context);
}

/** A caller who is given stands for a credential, so one that nobody would take there must not stand for any. */
function strangerWords({ issuer }: ToldCaller, route: ExplainedRoute | null, { apis }: Config): string | null {
  const api = apis.find(({ name }) => name === route?.api);
  if (route === null || api === undefined) return null;
  const operation = route.operation.slice(route.api.length + 1);
  const own = Object.hasOwn(api.operations, operation) ? api.operations[operation] : undefined;
  const auth = own?.auth ?? api.auth;
  return auth === 'public' || auth.includes(issuer.name)
    ? null
    : `${route.operation} takes no tokens of the issuer ${issuer.name}`;
}

function report(
  { question, explanation, rehearsal, plainHttp, built, token }: Answer,
  context: CommandContext,
): string {
  const paint = palette(context.color);
  const { canonical, route, verdict } = explanation;
  const rows: [string, string][] = [];
  if (plainHttp !== null) rows.push(['plain http', plainHttp]);
  if (canonical === null) rows.push(['host', question.host], ['target', `${question.target} (can't be read)`]);
  else {
    const form = canonical.query === null ? canonical.path : `${canonical.path}?${canonical.query}`;
    rows.push(['host', canonical.host], ['target', form === question.target ? form : `${form} (canonical form)`]);
  }
  if (route !== null) rows.push(...routeRows(route, rehearsal, built));
  if (token !== null) for (const [name, text] of tokenRows(token, built.parsed.places)) rows.push([name, text]);
  const table = rows.map(([name, text]) => [{ text: `  ${name}`, paint: paint.faint }, { text: plain(text) }]);
  const title = paint.strong(plain(`${question.method} ${question.target}`));
  const outcome = rehearsalLines(rehearsal, route?.steps ?? [], paint);
  return [title, '', ...alignRows(table), '', ...outcome, ...certainLines(verdict), ''].join('\n');
}

function routeRows(
  route: ExplainedRoute,
  rehearsal: Rehearsal,
  { parsed, snapshot }: BuiltConfiguration,
): [string, string][] {
  const api = snapshot.apis.find(({ name }) => name === route.api);
  const party = api?.party ?? null;
  const line = parsed.places[`${party === null ? 'apis' : 'egress.parties'}.${route.api}`]?.line;
  const judges = route.steps.filter(({ stage }) => stage === 'respond').map(({ policy }) => policy);
  const params = Object.entries(route.params).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  // Of a preflight nobody is asked who calls, whatever the operation says.
  const auth = route.coverage?.cells.find(({ aspect }) => aspect === 'authentication');
  return [
    [party === null ? 'API' : 'third party', `${route.api}${line === undefined ? '' : ` (line ${line})`}`],
    ['operation', `${route.operation}: ${route.method} ${route.template}`],
    ...(params.length > 0 ? [['parameters', params.join(', ')] as [string, string]] : []),
    [
      'signing in',
      `${route.signInNeeded ? 'needed' : 'not needed'}${auth === undefined || auth.open === route.signInNeeded ? '' : `: ${auth.holds}`}`,
    ],
    ['body', bodyWords(route)],
    ...(route.cache === null ? [] : [['cache', CACHE_WORDS[route.cache]] as [string, string]]),
    ...(route.steps.length === 0 ? [['policies', 'none'] as [string, string]] : []),
    ...(judges.length === 0 ? [] : [['reply', `seen by ${[...new Set(judges)].join(', ')}`] as [string, string]]),
    ['upstream', `${route.upstream.method} ${urlWords(route, rehearsal)}${api?.upstream.caFile ? ' (own CA)' : ''}`],
    ...(party === null ? [] : [['secrets', secretWords(party.secrets)] as [string, string]]),
  ];
}

/** Where secrets are written, and never which. */
function secretWords(secrets: readonly { readonly place: string; readonly name: string }[]): string {
  return secrets.length === 0 ? 'none' : secrets.map(({ place, name }) => `${place} ${name}`).join(', ');
}

const CACHE_WORDS = {
  user: 'a reply that may be stored is given again, to the same caller',
  everybody: 'a reply that may be stored is given again, to everybody',
} as const;

/** What the upstream is asked for is known for certain where the request gets there. */
function urlWords({ upstream, steps }: ExplainedRoute, { verdict }: Rehearsal): string {
  if (verdict.kind === 'pass') return verdict.upstream.url;
  return steps.some(({ stage }) => stage === 'transform') ? `${upstream.url} (before it is rewritten)` : upstream.url;
}

/** The router matches HEAD where GET is described, so it is the request's method that counts here. */
function bodyWords({ upstream, bodyDescribed, bodyLimitBytes }: ExplainedRoute): string {
  const none = (upstream.method === 'GET' || upstream.method === 'HEAD') && !bodyDescribed;
  return none
    ? `none: ${upstream.method} with a body is refused (400 unexpected-body)`
    : `at most ${bodyLimitBytes} bytes`;
}

/** What routing says besides of a refusal that is its own. */
function certainLines(verdict: ExplainedVerdict): readonly string[] {
  if (verdict.kind !== 'refused') return [];
  return [
    ...(verdict.allow === null ? [] : [`  Allow: ${verdict.allow.map(plain).join(', ')}`]),
    ...verdict.issues.map(({ message }) => `  ${plain(message)}`),
  ];
}

/** The verdict as data, with what routing says besides. */
function toldVerdict({ explanation, rehearsal }: Pick<Answer, 'explanation' | 'rehearsal'>): object {
  const { verdict } = explanation;
  if (verdict.kind !== 'refused') return rehearsal.verdict;
  return { ...rehearsal.verdict, allow: verdict.allow, issues: verdict.issues };
}
