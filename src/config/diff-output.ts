import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { OutputConfig, SecurityHeadersConfig } from './output-config.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What holds where an API says nothing of it. */
export const USUAL_OUTPUT: OutputConfig = {
  securityHeaders: { said: {}, reports: false, override: false },
  banners: { pass: false, also: [], keep: [] },
  cookies: { readable: [], crossSite: [] },
  locations: { allow: null },
  encode: true,
};

/** What differs in what replies are cleaned of. */
export function outputChanges(old: OutputConfig, next: OutputConfig, tell: Tell): readonly ConfigChange[] {
  const changes = [
    ...headerChanges(old.securityHeaders, next.securityHeaders, tell),
    ...bannerChanges(old.banners, next.banners, tell),
    ...cookieChanges(old.cookies, next.cookies, tell),
    ...locationChanges(old.locations, next.locations, tell),
  ];
  if (old.encode === next.encode) return changes;
  const words = next.encode
    ? 'JSON that a browser would read as a page is encoded'
    : 'JSON that a browser would read as a page is passed on as it is';
  return [...changes, tell('replies', next.encode ? 'tightens' : 'loosens', words)];
}

function headerChanges(
  old: SecurityHeadersConfig | null,
  next: SecurityHeadersConfig | null,
  tell: Tell,
): readonly ConfigChange[] {
  if (sameData(old, next)) return [];
  if (next === null) return [tell('replies', 'loosens', 'replies no longer get security headers')];
  const before = old ?? { said: {}, reports: false, override: false };
  const got = old === null ? [tell('replies', 'tightens', 'replies get security headers')] : [];
  const names = [...new Set([...Object.keys(before.said), ...Object.keys(next.said)])].toSorted();
  const single = names.flatMap((name) => {
    const [was, is] = [before.said[name], next.said[name]];
    if (was === is) return [];
    if (is === null) return [tell('replies', 'loosens', `replies no longer get ${name}`)];
    if (was === null) return [tell('replies', 'tightens', `replies get ${name} again`)];
    return [
      tell('replies', 'changes', is === undefined ? `replies get the usual ${name}` : `replies get ${name}: ${is}`),
    ];
  });
  if (before.override === next.override) return [...got, ...single];
  const words = next.override
    ? 'security headers take the place of what the upstream says'
    : 'security headers give way to what the upstream says';
  return [...got, ...single, tell('replies', next.override ? 'changes' : 'loosens', words)];
}

function bannerChanges(
  old: OutputConfig['banners'],
  next: OutputConfig['banners'],
  tell: Tell,
): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (old.pass !== next.pass) {
    const words = `headers that tell what software runs behind are ${next.pass ? 'passed on' : 'taken out'}`;
    changes.push(tell('replies', next.pass ? 'loosens' : 'tightens', words));
  }
  return [
    ...changes,
    ...listChanges([old.also, next.also], ['taken out of replies', 'no longer taken out of replies'], tell),
    ...listChanges([next.keep, old.keep], ['no longer passed on in replies', 'passed on in replies'], tell),
  ];
}

function cookieChanges(
  old: OutputConfig['cookies'],
  next: OutputConfig['cookies'],
  tell: Tell,
): readonly ConfigChange[] {
  if (next === null)
    return old === null ? [] : [tell('replies', 'loosens', 'cookies of replies pass as the upstream sets them')];
  const before = old ?? USUAL_COOKIES;
  return [
    ...(old === null ? [tell('replies', 'tightens', 'cookies of replies are hardened')] : []),
    ...listChanges(
      [next.readable, before.readable],
      ['a cookie that scripts can not read', 'a cookie that scripts can read'],
      tell,
    ),
    ...listChanges(
      [next.crossSite, before.crossSite],
      ['a cookie that other sites do not send', 'a cookie that other sites send'],
      tell,
    ),
  ];
}

const USUAL_COOKIES = { readable: [], crossSite: [] };

function locationChanges(
  old: OutputConfig['locations'],
  next: OutputConfig['locations'],
  tell: Tell,
): readonly ConfigChange[] {
  if (sameData(old, next)) return [];
  if (next === null) return [tell('replies', 'loosens', 'redirects of the upstream pass as they are')];
  const changes = old === null ? [tell('replies', 'tightens', 'redirects of the upstream are made public ones')] : [];
  const [was, is] = [old?.allow ?? null, next.allow];
  if (is === null)
    return was === null ? changes : [...changes, tell('replies', 'loosens', 'redirects may lead anywhere')];
  if (was === null) return [...changes, tell('replies', 'tightens', `redirects may lead to ${is.join(', ')} only`)];
  return [...changes, ...listChanges([is, was], LED_WORDS, tell)];
}

const LED_WORDS = ['no place any more where redirects may lead', 'a place where redirects may lead'] as const;

/** Names that are new in a list of what is closed, and those that are gone from it. For lists of what is open they change places. */
function listChanges(
  [old, next]: readonly [readonly string[], readonly string[]],
  [added, gone]: readonly [string, string],
  tell: Tell,
): readonly ConfigChange[] {
  return [
    ...next.filter((name) => !old.includes(name)).map((name) => tell('replies', 'tightens', `${name} is ${added}`)),
    ...old.filter((name) => !next.includes(name)).map((name) => tell('replies', 'loosens', `${name} is ${gone}`)),
  ];
}
