import type { LoginConfig } from './config.ts';
import { type ChangeEffect, type Comparable, type ConfigChange, sameData } from './config-change.ts';

/** What differs in how people sign in with their browsers, and for how long. */
export function sessionChanges(before: Comparable, after: Comparable): readonly ConfigChange[] {
  const [old, next] = [before.config.sessions, after.config.sessions];
  const changes: ConfigChange[] = [];
  const add = (effect: ChangeEffect, message: string): void => {
    changes.push({ api: null, operation: null, about: 'authentication', effect, message });
  };
  for (const [what, had, has] of [
    ['idle', old.idleMs, next.idleMs],
    ['absolute', old.absoluteMs, next.absoluteMs],
  ] as const) {
    if (had !== has)
      add(has > had ? 'loosens' : 'tightens', `\`${what}\` is ${has / 1_000} s instead of ${had / 1_000} s`);
  }
  if (old.afterLogout !== next.afterLogout) add('changes', `who has signed out goes to ${next.afterLogout}`);
  if (old.csrf !== next.csrf)
    add(
      next.csrf === 'origin' ? 'loosens' : 'tightens',
      `pages show by \`${next.csrf}\` that requests of a session are theirs`,
    );
  const names = new Set([...old.providers, ...next.providers].map(({ issuer }) => issuer.name));
  for (const name of names) {
    const [had, has] = [providerOf(old.providers, name), providerOf(next.providers, name)];
    if (had === null) add('loosens', `people can sign in with the issuer ${name}`);
    else if (has === null) add('tightens', `nobody can sign in with the issuer ${name} any more, and its sessions end`);
    else loginChanges(name, had, has, add);
  }
  return changes;
}

/** What it comes to that it is so now and was not before. */
const PAR_EFFECTS: Readonly<Record<LoginConfig['par'], ChangeEffect>> = {
  required: 'tightens',
  auto: 'changes',
  off: 'loosens',
};

function providerOf(providers: readonly LoginConfig[], name: string): LoginConfig | null {
  return providers.find(({ issuer }) => issuer.name === name) ?? null;
}

function loginChanges(
  name: string,
  old: LoginConfig,
  next: LoginConfig,
  add: (effect: ChangeEffect, message: string) => void,
): void {
  const say = (effect: ChangeEffect, what: string): void => add(effect, `signing in with ${name}: ${what}`);
  if (old.clientId !== next.clientId) say('changes', 'the gateway has another client id there, and its sessions end');
  if (!sameData(old.proof, next.proof)) say('changes', 'the gateway shows another secret or key there');
  if (!sameData(old.acrValues, next.acrValues)) {
    const dropped = old.acrValues !== null && (next.acrValues ?? []).some((one) => !old.acrValues?.includes(one));
    const loosens = old.acrValues !== null && (next.acrValues === null || dropped);
    say(loosens ? 'loosens' : 'tightens', `the classes that are taken are ${next.acrValues?.join(', ') ?? 'any'}`);
  }
  if (old.par !== next.par) {
    say(PAR_EFFECTS[next.par], `\`par\` is ${next.par}`);
  }
  if (!sameData(old.scopes, next.scopes)) say('changes', `it is asked for ${next.scopes.join(' ')}`);
  if (old.prompt !== next.prompt) say('changes', `\`prompt\` is ${next.prompt ?? 'not sent'}`);
  if (old.userinfo !== next.userinfo) say('changes', `userinfo is ${next.userinfo ? '' : 'not '}asked`);
  if (old.label !== next.label) say('changes', `people read ${next.label}`);
}
