import type { AuthConfig } from './config.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';

/** Who may call an operation. */
export interface Entry {
  readonly auth: AuthConfig;
  /** What is needed, in words; empty for nothing. An alternative stands on its own. */
  readonly needs: readonly (readonly string[])[];
  /** Whether our own APIs call it, which show keys, and not clients, who sign in. */
  readonly outbound: boolean;
}

/** How that is said of clients, or of our own APIs. */
interface Words {
  readonly everybody: string;
  readonly opened: string;
  readonly closed: string;
  readonly added: string;
  readonly gone: string;
  readonly nothingBut: string;
}

const OF_CLIENTS: Words = {
  everybody: 'open to everybody',
  opened: 'everybody may call it, without signing in',
  closed: 'callers must sign in',
  added: 'opens it too',
  gone: 'no longer opens it',
  nothingBut: 'nothing but sign-in',
};

const OF_APIS: Words = {
  everybody: 'open to whatever runs on this machine',
  opened: 'whatever runs on this machine may call it, without a key',
  closed: 'callers must show a key',
  added: 'may call it too',
  gone: 'may no longer call it',
  nothingBut: 'nothing but the key of',
};

function wordsOf({ outbound }: Entry): Words {
  return outbound ? OF_APIS : OF_CLIENTS;
}

/** Who may call a new operation, in words. */
export function entryWords(entry: Entry): string {
  return entry.auth === 'public' ? wordsOf(entry).everybody : `needs ${needWords(entry)}`;
}

type Tell = (about: 'authentication' | 'authorization', effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in who may call an operation. */
export function entryChanges(was: Entry, is: Entry, tell: Tell): readonly ConfigChange[] {
  return [...authChanges(was, is, tell), ...(is.auth === 'public' ? [] : needChanges(was, is, tell))];
}

function authChanges({ auth: was }: Entry, entry: Entry, tell: Tell): readonly ConfigChange[] {
  const is = entry.auth;
  if (sameData(was, is)) return [];
  const words = wordsOf(entry);
  if (is === 'public') return [tell('authentication', 'loosens', words.opened)];
  if (was === 'public') return [tell('authentication', 'tightens', `${words.closed} (${is.join(', ')})`)];
  return [
    ...is
      .filter((name) => !was.includes(name))
      .map((name) => tell('authentication', 'loosens', `${name} ${words.added}`)),
    ...was
      .filter((name) => !is.includes(name))
      .map((name) => tell('authentication', 'tightens', `${name} ${words.gone}`)),
  ];
}

/** Alternatives of permissions: each new one that asks no more than an old one did loosens. */
function needChanges(was: Entry, is: Entry, tell: Tell): readonly ConfigChange[] {
  const isCovered = (all: readonly string[], others: Entry['needs']): boolean =>
    others.length === 0 || others.some((other) => other.every((each) => all.includes(each)));
  const listOf = ({ needs }: Entry): Entry['needs'] => (needs.length === 0 ? [[]] : needs);
  const [old, next] = [listOf(was), listOf(is)];
  // Whoever fulfils a new alternative fulfils an old one too: nobody gets in who did not before.
  const tightens = next.every((all) => isCovered(all, old));
  if (tightens && old.every((all) => isCovered(all, next))) return [];
  const message = `it needs ${needWords(is)} instead of ${needWords(was)}`;
  return [tell('authorization', tightens ? 'tightens' : 'loosens', message)];
}

function needWords(entry: Entry): string {
  const { auth, needs, outbound } = entry;
  if (needs.length > 0 && needs.every((all) => all.length > 0))
    return needs.map((all) => all.join(' and ')).join(', or ');
  const { nothingBut } = wordsOf(entry);
  return outbound && auth !== 'public' ? `${nothingBut} ${auth.join(' or ')}` : nothingBut;
}
