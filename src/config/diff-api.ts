import type { AssuranceRules, LimitRule } from '../policy/index.ts';
import type { ApiConfig, CacheConfig, UpstreamConfig, WebSocketConfig } from './config.ts';
import {
  addressWords,
  type ChangeEffect,
  type Comparable,
  type ConfigChange,
  pairsOf,
  sameData,
} from './config-change.ts';
import { assuranceOf } from './assurance-rules.ts';
import { assuranceChanges } from './diff-assurance.ts';
import { tokenChanges } from './diff-tokens.ts';
import { dpopChanges } from './diff-proof.ts';
import { deadlineChanges, failingChanges } from './diff-failing.ts';
import { apiKeyFieldChanges } from './diff-api-keys.ts';
import { corsChanges } from './diff-cors.ts';
import { fileChanges, operationFileChanges, type OwnFiles } from './diff-files.ts';
import { cacheChanges } from './diff-cache.ts';
import { apiListChanges } from './diff-lists.ts';
import { apiRightsChanges } from './diff-rights.ts';
import { type Handling, handlingBy, handlingChanges, handlingOf, NO_HANDLING } from './handling-changes.ts';
import { mayBeCalled } from './allowed-operations.ts';
import { newApiWords, partyChanges, usualOf, usualParty } from './diff-egress.ts';
import { type Entry, entryChanges, entryWords } from './diff-entry.ts';
import { healthChanges } from './diff-health.ts';
import { type Validated, validationChanges } from './diff-validation.ts';
import { replyRules } from './reply-rules.ts';
import { outputChanges, USUAL_OUTPUT } from './diff-output.ts';
import {
  NOTHING_SANITIZED,
  operationSanitizeChanges,
  sanitizeChanges,
  type Sanitized,
  sanitizedOf,
} from './diff-sanitize.ts';
import { documentChanges } from './diff-document.ts';
import { webSocketChanges } from './diff-websocket.ts';
import { besideTargetsChanges, ruleWords } from './diff-balance.ts';
import type { Priority } from './priority.ts';
import { routeName } from './routes.ts';
import { operationErrorChanges, type OwnErrors, upstreamErrorChanges } from './upstream-errors.ts';
import { foundWords, reachChanges, sameWay, upstreamProofChanges } from './upstream-changes.ts';

/** An operation with all that protects it, its own and its API's. */
interface Protected {
  readonly name: string;
  readonly entry: Entry;
  readonly assurance: OwnAssurance;
  readonly limits: readonly LimitRule[];
  readonly validated: Validated;
  readonly bodyLimitBytes: number;
  readonly priority: Priority;
  readonly websocket: WebSocketConfig | null;
  /** For the head of its reply; null as the upstream says. */
  readonly timeoutMs: number | null;
  /** Its own; null as the upstream says. */
  readonly deadlineMs: number | null;
  readonly handling: Handling;
  readonly cache: CacheConfig | null;
  readonly errors: OwnErrors;
  readonly sanitized: Sanitized;
  readonly files: OwnFiles;
  /** Whether it says something of its cache, or of who may call; else what its API says of both is told once. */
  readonly cachesByItself: boolean;
  /** What the description says of it besides, as text. */
  readonly described: string;
}

/** What is asked of its callers, and whether it says so, or who they are, itself. */
interface OwnAssurance {
  readonly rules: AssuranceRules | null;
  readonly isOwn: boolean;
}

/** What differs in one API, and in each of its operations. */
export function apiChanges(
  old: ApiConfig | null,
  next: ApiConfig | null,
  { before, after }: { readonly before: Comparable; readonly after: Comparable },
): readonly ConfigChange[] {
  const api = (next ?? old)?.name ?? '';
  const tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string): ConfigChange => ({
    api,
    operation: null,
    about,
    effect,
    message,
  });
  if (next === null) return [tell('routes', 'tightens', 'the API is gone')];
  const operations = pairsOf(
    old === null ? [] : protectedOperations(old, before),
    protectedOperations(next, after),
  ).flatMap(([was, is]) => operationChanges(was, is, api));
  if (old === null) {
    const words = newApiWords(next);
    const stored = cacheChanges(null, next.cache, next.auth !== 'public', tell);
    const pages = corsChanges(null, next.cors, tell);
    const files = next.files?.archives === 'pass' ? fileChanges(null, next.files, tell) : [];
    return [
      tell('routes', 'changes', words),
      ...switchChanges(usualOf(next, USUAL), next, tell),
      ...openingsOf(next.upstream, tell),
      ...(next.party === null ? [] : partyChanges(usualParty(next.party), next.party, tell)),
      ...stored,
      ...pages,
      ...files,
      ...operations,
    ];
  }
  const lists = [...apiListChanges(old, next), ...apiRightsChanges(old, next)];
  return [
    ...wholeChanges(old, next, tell),
    ...lists,
    ...(next.party === null ? [] : partyChanges(old.party ?? usualParty(next.party), next.party, tell)),
    ...documentChanges({ old, next, before, after }, tell),
    ...operations,
  ];
}

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

function wholeChanges(old: ApiConfig, next: ApiConfig, tell: Tell): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (addressWords(old) !== addressWords(next)) {
    const effect = old.host !== null && next.host === null ? 'loosens' : 'changes';
    changes.push(tell('routes', effect, `it stands at ${addressWords(next)} instead of ${addressWords(old)}`));
  }
  return [
    ...changes,
    ...upstreamChanges(old.upstream, next.upstream, tell),
    ...switchChanges(old.party === null ? old : usualOf(next, old), next, tell),
    ...handlingChanges(handlingOf(old), handlingOf(next), tell),
    ...cacheChanges(old.cache, next.cache, next.auth !== 'public', tell),
    ...corsChanges(old.cors, next.cors, tell),
    ...apiKeyFieldChanges(old.apiKey, next.apiKey, tell),
    ...assuranceChanges(assuranceOf(old, null), assuranceOf(next, null), tell),
    ...dpopChanges(old, next, tell),
    ...sanitizeChanges(sanitizedOf(old.sanitize, null), sanitizedOf(next.sanitize, null), tell),
    ...fileChanges(old.files, next.files, tell),
    ...limitChanges(old.limits, next.limits, (effect, words) => tell('limits', effect, words)),
  ];
}

type Switches = Pick<ApiConfig, 'credentials' | 'errors' | 'metadata' | 'output' | 'tokensInQuery' | 'upstreamErrors'>;

/** What holds where an API says nothing. One under a new name is held against it, so that a name hides no change. */
const USUAL: Switches = {
  ...{ credentials: 'remove', tokensInQuery: 'refuse', metadata: { resource: null } },
  ...{ errors: 'plain', output: USUAL_OUTPUT, upstreamErrors: 'replace' },
};

function switchChanges(old: Switches, next: Switches, tell: Tell): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (old.credentials !== next.credentials) {
    const passes = next.credentials === 'pass';
    const words = `credentials ${passes ? 'go on' : 'no longer go on'} to the upstream`;
    changes.push(tell('upstream', passes ? 'loosens' : 'tightens', words));
  }
  if (old.errors !== next.errors) {
    const tells = next.errors === 'helpful';
    const words = `clients are ${tells ? '' : 'no longer '}told what is wrong with a request`;
    changes.push(tell('replies', tells ? 'loosens' : 'tightens', words));
  }
  return [
    ...changes,
    ...tokenChanges(old, next, tell),
    ...outputChanges(old.output, next.output, tell),
    ...upstreamErrorChanges(old.upstreamErrors, next.upstreamErrors, tell),
  ];
}

/** What of a new upstream lets out, or serves, more than one where nothing of it is said. */
function openingsOf(next: UpstreamConfig, tell: Tell): readonly ConfigChange[] {
  const usual = {
    ...next,
    allowedAddresses: [],
    mirror: null,
    health: { ...next.health, whenAllDown: 'refuse' },
  } as const satisfies UpstreamConfig;
  return [
    ...besideTargetsChanges(usual, next, tell),
    ...reachChanges(usual, next, tell),
    ...healthChanges(usual.health, next.health, tell),
  ];
}

function upstreamChanges(old: UpstreamConfig, next: UpstreamConfig, tell: Tell): readonly ConfigChange[] {
  const words = (upstream: UpstreamConfig): string => addressesOf(upstream).join(', ');
  const changes: ConfigChange[] = [];
  const [from, to] = [words(old), words(next)];
  if (
    !sameWay(old, next) ||
    !sameData(old.targets, next.targets) ||
    old.scheme !== next.scheme ||
    old.pathPrefix !== next.pathPrefix
  ) {
    const effect = old.scheme === 'https' && next.scheme === 'http' ? 'loosens' : 'changes';
    changes.push(
      tell(
        'upstream',
        effect,
        from === to
          ? `requests go to other targets than before${numberWords(next)}`
          : `requests go to ${to} instead of ${from}`,
      ),
    );
  }
  if (!sameData(old.balance, next.balance))
    changes.push(tell('upstream', 'changes', `targets are chosen by ${ruleWords(next)}, not ${ruleWords(old)}`));
  changes.push(...besideTargetsChanges(old, next, tell), ...reachChanges(old, next, tell));
  changes.push(...healthChanges(old.health, next.health, tell));
  if (old.caFile !== next.caFile) {
    const wider = next.caFile === null;
    changes.push(
      tell(
        'upstream',
        wider ? 'loosens' : 'changes',
        `the ${wider ? 'system’s CAs vouch' : 'CA changes that vouches'} for the upstream`,
      ),
    );
  }
  changes.push(...upstreamProofChanges(old, next, tell));
  if (old.forwarded !== next.forwarded)
    changes.push(tell('upstream', 'changes', `the upstream hears of clients by ${FORWARDED_WORDS[next.forwarded]}`));
  if (old.protocol !== next.protocol)
    changes.push(tell('upstream', 'changes', `the upstream is spoken to in ${PROTOCOL_WORDS[next.protocol]}`));
  const times = ({
    connectTimeoutMs,
    responseTimeoutMs,
    idleTimeoutMs,
    streamTimeoutMs,
  }: UpstreamConfig): readonly number[] => [connectTimeoutMs, responseTimeoutMs, idleTimeoutMs, streamTimeoutMs];
  if (!sameData(times(old), times(next)))
    changes.push(tell('upstream', 'changes', 'the upstream gets other time limits'));
  changes.push(...failingChanges(old, next, tell));
  return changes;
}

/** More than these are told of by their number. */
const NAMED_TARGETS = 3;

function numberWords({ targets, discover }: UpstreamConfig): string {
  return discover === null ? `, ${targets.length} by number` : '';
}

function addressesOf({ scheme, targets, pathPrefix, discover }: UpstreamConfig): readonly string[] {
  if (discover !== null) return [`${foundWords(discover.source)}, by ${scheme}${pathPrefix}`];
  const named = targets.slice(0, NAMED_TARGETS).map(({ host, port, weight }) => {
    const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${pathPrefix}`;
    return weight === 1 ? url : `${url} (weight ${weight})`;
  });
  return targets.length > NAMED_TARGETS ? [...named, `${targets.length - NAMED_TARGETS} more`] : named;
}

const PROTOCOL_WORDS = { http1: 'HTTP/1.1', h2: 'HTTP/2' } as const;

const FORWARDED_WORDS = {
  'x-forwarded': 'X-Forwarded-For',
  forwarded: 'Forwarded',
  both: 'X-Forwarded-For and Forwarded',
} as const;

function protectedOperations(api: ApiConfig, { descriptions }: Comparable): readonly Protected[] {
  const { source } = api;
  if (source.kind === 'routes')
    return source.routes.map((route) => protectedBy(api, { name: routeName(route), security: null, described: '' }));
  const description = Object.hasOwn(descriptions, api.name) ? descriptions[api.name] : undefined;
  const called = (description?.operations ?? []).filter((operation) => mayBeCalled(api, operation));
  return called.map(({ id, method, template, security, deprecated }) =>
    protectedBy(api, { name: id, security, described: `${method} ${template}${deprecated ? ', deprecated' : ''}` }),
  );
}

interface Described {
  readonly name: string;
  readonly security: readonly (readonly { readonly scopes: readonly string[] }[])[] | null;
  readonly described: string;
}

function protectedBy(api: ApiConfig, { name, security, described }: Described): Protected {
  const own = Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
  // What a third party asks for is asked of the gateway, not of who calls it.
  const alternatives = (api.party === null ? (security ?? []) : []).map((schemes) =>
    schemes.flatMap(({ scopes }) => scopes).toSorted(),
  );
  const needs = own?.needs ?? null;
  return {
    name,
    entry: {
      auth: own?.auth ?? api.auth,
      needs: needs === null ? alternatives : [needs.toSorted()],
      outbound: api.party !== null,
    },
    assurance: {
      rules: assuranceOf(api, own ?? null),
      isOwn: (own?.assurance ?? null) !== null || (own?.auth ?? null) !== null,
    },
    limits: own?.limits ?? [],
    validated: {
      validate: api.source.kind === 'routes' ? null : (own?.validate ?? api.validate),
      replies: replyRules(api, own ?? null),
    },
    bodyLimitBytes: own?.bodyLimitBytes ?? api.bodyLimitBytes,
    priority: own?.priority ?? api.priority,
    websocket: own?.websocket ?? null,
    timeoutMs: own?.timeoutMs ?? null,
    deadlineMs: own?.deadlineMs ?? null,
    handling: handlingBy(api, own),
    errors: { way: own?.upstreamErrors ?? api.upstreamErrors, isOwn: (own?.upstreamErrors ?? null) !== null },
    sanitized: sanitizedOf(api.sanitize, own?.sanitize ?? null),
    files: { rules: own?.files ?? api.files, isOwn: (own?.files ?? null) !== null },
    cache: own?.cache === 'off' ? null : (own?.cache ?? api.cache),
    cachesByItself: own !== undefined && (own.cache !== null || own.auth !== null),
    described,
  };
}

function operationChanges(was: Protected | null, is: Protected | null, api: string): readonly ConfigChange[] {
  const operation = (is ?? was)?.name ?? '';
  const tell: Tell = (about, effect, message) => ({ api, operation, about, effect, message });
  if (is === null) return [tell('routes', 'tightens', 'the operation is gone')];
  const open = is.entry.auth === 'public';
  if (was === null) {
    const added = tell('routes', open ? 'loosens' : 'changes', `the operation is new, and ${entryWords(is.entry)}`);
    const stored = is.cachesByItself ? cacheChanges(null, is.cache, !open, tell) : [];
    return [
      added,
      ...validationChanges(null, is.validated, tell),
      ...webSocketChanges(null, is.websocket, tell),
      ...handlingChanges(NO_HANDLING, is.handling, tell),
      ...operationErrorChanges(null, is.errors, tell),
      ...operationSanitizeChanges(NOTHING_SANITIZED, is.sanitized, tell),
      ...operationFileChanges(null, is.files, tell),
      ...stored,
    ];
  }
  const changes: ConfigChange[] = [];
  if (was.described !== is.described)
    changes.push(tell('routes', 'changes', `it is ${is.described} instead of ${was.described}`));
  changes.push(...entryChanges(was.entry, is.entry, tell));
  // What the API asks of all is told of once.
  if (was.assurance.isOwn || is.assurance.isOwn)
    changes.push(...assuranceChanges(was.assurance.rules, is.assurance.rules, tell));
  changes.push(...limitChanges(was.limits, is.limits, (effect, words) => tell('limits', effect, words)));
  changes.push(...validationChanges(was.validated, is.validated, tell));
  changes.push(...operationSanitizeChanges(was.sanitized, is.sanitized, tell));
  if (was.bodyLimitBytes !== is.bodyLimitBytes) {
    const words = `a body may have ${is.bodyLimitBytes} bytes instead of ${was.bodyLimitBytes}`;
    changes.push(tell('limits', is.bodyLimitBytes > was.bodyLimitBytes ? 'loosens' : 'tightens', words));
  }
  if (was.priority !== is.priority)
    changes.push(tell('limits', 'changes', `its priority under overload is ${is.priority} instead of ${was.priority}`));
  if (was.timeoutMs !== is.timeoutMs) {
    const words = is.timeoutMs === null ? 'as long as the upstream says' : `${is.timeoutMs} ms`;
    changes.push(tell('upstream', 'changes', `its reply may take ${words} to begin`));
  }
  changes.push(...deadlineChanges(was, is, tell));
  changes.push(
    ...webSocketChanges(was.websocket, is.websocket, tell),
    ...handlingChanges(was.handling, is.handling, tell),
    ...operationErrorChanges(was.errors, is.errors, tell),
    ...operationFileChanges(was.files, is.files, tell),
  );
  if (was.cachesByItself || is.cachesByItself) changes.push(...cacheChanges(was.cache, is.cache, !open, tell));
  return changes;
}

function limitChanges(
  was: readonly LimitRule[],
  is: readonly LimitRule[],
  tell: (effect: ChangeEffect, words: string) => ConfigChange,
): readonly ConfigChange[] {
  const gone = was.filter(({ text }) => !is.some((rule) => rule.text === text));
  const added = is.filter(({ text }) => !was.some((rule) => rule.text === text));
  return [
    ...gone.map((rule) => {
      // Where another rule for the same callers allows no more, at once and over time, nothing is lost.
      const held = is.some(({ per, rate }) => per === rule.per && isWithin(rate, rule.rate));
      return held
        ? tell('tightens', `the limit ${rule.text} gives way to a tighter one`)
        : tell('loosens', `the limit ${rule.text} no longer holds`);
    }),
    ...added.map((rule) => tell(wasHeld(rule, was) ? 'changes' : 'tightens', `the limit ${rule.text} holds`)),
  ];
}

function wasHeld(rule: LimitRule, was: readonly LimitRule[]): boolean {
  return was.some(({ per, rate }) => per === rule.per && isWithin(rate, rule.rate));
}

function isWithin(rate: LimitRule['rate'], other: LimitRule['rate']): boolean {
  return rate.burst <= other.burst && rate.count * other.periodMs <= other.count * rate.periodMs;
}
