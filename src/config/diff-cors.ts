import type { CorsRules } from '../policy/index.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;
type Cors = CorsRules | 'off' | null;

/** What differs in which pages of other origins may call an API. */
export function corsChanges(was: Cors, is: Cors, tell: Tell): readonly ConfigChange[] {
  if (sameData(was, is)) return [];
  if (is === null) return [tell('replies', 'loosens', UPSTREAM)];
  if (is === 'off') return [tell('replies', 'tightens', 'no page of another origin may read its replies')];
  if (was === null || was === 'off') {
    const opened = tell('replies', 'loosens', openWords(is));
    return is.credentials ? [opened, tell('replies', 'loosens', WITH_CREDENTIALS)] : [opened];
  }
  const changes: ConfigChange[] = [];
  if (!sameData(was.origins, is.origins)) {
    const closes = is.origins !== 'any' && (was.origins === 'any' || isAmong(is.origins, was.origins));
    changes.push(tell('replies', closes ? 'tightens' : 'loosens', closes ? FEWER : openWords(is)));
  }
  if (was.credentials !== is.credentials)
    changes.push(
      is.credentials
        ? tell('replies', 'loosens', WITH_CREDENTIALS)
        : tell('replies', 'tightens', 'pages of other origins call it without cookies'),
    );
  if (!sameData(was.methods, is.methods)) {
    const closes = is.methods !== null && (was.methods === null || isAmong(is.methods, was.methods));
    const words = `pages of other origins may call ${is.methods?.join(', ') ?? 'all methods of it'}`;
    changes.push(tell('routes', closes ? 'tightens' : 'loosens', words));
  }
  changes.push(...fieldChanges(was, is, tell));
  if (was.privateNetwork !== is.privateNetwork) {
    const words = `pages of the public internet may ${is.privateNetwork ? '' : 'no longer '}call it in a private network`;
    changes.push(tell('routes', is.privateNetwork ? 'loosens' : 'tightens', words));
  }
  if (was.maxAgeMs !== is.maxAgeMs)
    changes.push(tell('replies', 'changes', `browsers go by answers to preflights for ${is.maxAgeMs / 1_000} s`));
  return changes;
}

function fieldChanges(was: CorsRules, is: CorsRules, tell: Tell): readonly ConfigChange[] {
  const parts = [
    [was.headers, is.headers, 'send'],
    [was.expose, is.expose, 'read'],
  ] as const;
  return parts.flatMap(([before, after, verb]) => {
    if (sameData(before, after)) return [];
    const fewer = isAmong(after, before);
    return [
      tell('replies', fewer ? 'tightens' : 'loosens', `pages may ${verb} ${fewer ? 'fewer' : 'other'} header fields`),
    ];
  });
}

function openWords({ origins }: CorsRules): string {
  if (origins === 'any') return 'pages of any origin may call it and read its replies';
  return `pages of ${origins.join(', ')} may call it and read its replies`;
}

function isAmong(some: readonly string[], others: readonly string[]): boolean {
  return some.every((each) => others.includes(each));
}

const UPSTREAM = 'which pages of other origins may read its replies is what its upstream says';
const WITH_CREDENTIALS = 'pages of other origins call it with the cookies of whoever looks at them';
const FEWER = 'pages of fewer origins may call it and read its replies';
