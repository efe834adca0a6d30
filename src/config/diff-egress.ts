import { addressWords, type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { ApiConfig, Config } from './config.ts';
import {
  type EgressConfig,
  isOfType,
  LARGEST_REPLY_BYTES,
  LONGEST_CALL_MS,
  type PartyConfig,
  type PartySecret,
  USUAL_TYPES,
} from './egress-config.ts';

/** What of the listener can't change while a gateway runs; null where there is none. */
export function fixedEgress(egress: EgressConfig | null): unknown {
  return egress === null ? null : { host: egress.host, port: egress.port, tls: egress.tls };
}

/** What differs in the listener for third parties, and in who may use it. */
export function egressChanges({ egress: old }: Config, { egress: next }: Config): readonly ConfigChange[] {
  const change = (effect: ChangeEffect, message: string): ConfigChange => ({
    ...{ api: null, operation: null, about: 'server', effect, message },
  });
  const changes: ConfigChange[] = [];
  if (old !== null && next === null)
    return [change('tightens', 'third parties are no longer called from here, which needs a restart')];
  if (old === null && next !== null) {
    const where = `${next.host}:${next.port}${next.tls ? ' by TLS' : ''}`;
    changes.push(change('changes', `third parties are called over ${where}, which needs a restart`));
    if (next.callers === 'any') changes.push(change('loosens', 'third parties can be called without a key'));
    return changes;
  }
  if (!sameData(fixedEgress(old), fixedEgress(next)))
    changes.push(change('changes', '`egress` listens elsewhere, which needs a restart'));
  if (old === null || next === null) return changes;
  if (old.tls && !next.tls) changes.push(change('loosens', 'keys and calls of third parties come without TLS'));
  if (!old.tls && next.tls) changes.push(change('tightens', 'keys and calls of third parties come over TLS'));
  if (next.callers === 'any') {
    if (old.callers !== 'any') changes.push(change('loosens', 'third parties can be called without a key'));
    return changes;
  }
  if (old.callers === 'any') return [...changes, change('tightens', 'third parties can be called with a key only')];
  const [was, is] = [old.callers, next.callers];
  const names = (all: typeof was): readonly string[] => all.map(({ name }) => name);
  for (const { name, key } of is) {
    const before = was.find((each) => each.name === name);
    if (before === undefined) changes.push(change('loosens', `${name} may call third parties`));
    else if (before.key !== key) changes.push(change('changes', `${name} has another key for calling third parties`));
  }
  for (const name of names(was))
    if (!names(is).includes(name)) changes.push(change('tightens', `${name} may no longer call third parties`));
  return changes;
}

/** That there is a new API, or a new third party, and where. */
export function newApiWords(next: ApiConfig): string {
  if (next.party === null) return `the API is new, at ${addressWords(next)}`;
  return `the third party is new, called at ${next.basePath} of \`egress\``;
}

/** How replies of an API that says nothing of it are treated: those of every third party in the same way. */
export function usualOf<T extends Pick<ApiConfig, 'errors' | 'output'>>(
  { party, errors, output }: ApiConfig,
  usual: T,
): T {
  return party === null ? usual : { ...usual, errors, output };
}

type Tell = (about: 'upstream' | 'replies' | 'limits', effect: ChangeEffect, message: string) => ConfigChange;

/** A third party of which nothing is said: a new one is held against it, so that a name hides no change. */
export function usualParty({ types }: PartyConfig): PartyConfig {
  return {
    ...{ from: null, allow: null, secrets: [], replyLimitBytes: LARGEST_REPLY_BYTES, totalMs: LONGEST_CALL_MS },
    // With a document nothing need be said of them: it tells what they are.
    ...{ types: types === null ? null : USUAL_TYPES, redirects: 0, hosts: [], resolver: null },
  };
}

/** What differs in what holds of a third party besides what holds of every API. Secrets are not told. */
export function partyChanges(old: PartyConfig, next: PartyConfig, tell: Tell): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  const grows = (was: number, is: number, words: string): void => {
    if (was !== is) changes.push(tell('limits', is > was ? 'loosens' : 'tightens', words));
  };
  grows(
    old.replyLimitBytes,
    next.replyLimitBytes,
    `a reply may have ${next.replyLimitBytes} bytes instead of ${old.replyLimitBytes}`,
  );
  grows(old.totalMs, next.totalMs, `a call may take ${next.totalMs} ms instead of ${old.totalMs}`);
  grows(old.redirects, next.redirects, `${next.redirects} redirects are followed instead of ${old.redirects}`);
  changes.push(...typeChanges(old.types, next.types, tell), ...hostChanges(old, next, tell));
  const [was, is] = [old.secrets.map(secretWords), next.secrets.map(secretWords)];
  for (const words of is) if (!was.includes(words)) changes.push(tell('upstream', 'changes', `requests get ${words}`));
  for (const words of was)
    if (!is.includes(words)) changes.push(tell('upstream', 'changes', `requests no longer get ${words}`));
  if (old.resolver !== next.resolver)
    changes.push(tell('upstream', 'loosens', `its name is asked of ${next.resolver ?? 'the system'}`));
  return changes;
}

function typeChanges(was: PartyConfig['types'], is: PartyConfig['types'], tell: Tell): readonly ConfigChange[] {
  if (sameData(was, is)) return [];
  if (is === null) return [tell('replies', 'changes', 'replies may have the types that the document says')];
  const beyond = (types: readonly string[], known: readonly string[]): readonly string[] =>
    types.filter((type) => !known.some((pattern) => isOfType(type, pattern)));
  const added = was === null ? is : beyond(is, was);
  const gone = was === null ? [] : beyond(was, is);
  return [
    ...(added.length > 0 ? [tell('replies', 'loosens', `replies may be ${added.join(', ')}`)] : []),
    ...(gone.length > 0 ? [tell('replies', 'tightens', `replies may no longer be ${gone.join(', ')}`)] : []),
  ];
}

function hostChanges(old: Pick<PartyConfig, 'hosts'>, next: PartyConfig, tell: Tell): readonly ConfigChange[] {
  const names = (hosts: PartyConfig['hosts']): readonly string[] => hosts.map(({ host, port }) => `${host}:${port}`);
  const [was, is] = [names(old.hosts), names(next.hosts)];
  const added = is.filter((each) => !was.includes(each));
  const gone = was.filter((each) => !is.includes(each));
  return [
    ...(added.length > 0 ? [tell('upstream', 'loosens', `redirects may lead to ${added.join(', ')}`)] : []),
    ...(gone.length > 0 ? [tell('upstream', 'tightens', `redirects may no longer lead to ${gone.join(', ')}`)] : []),
  ];
}

function secretWords({ place, name, reference }: PartySecret): string {
  return `the secret ${reference} in the ${place === 'header' ? 'field' : 'parameter'} ${name}`;
}
