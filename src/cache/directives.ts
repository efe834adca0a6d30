import type { Fields } from './types.ts';

/** What stands for a number that is larger than any that is taken (RFC 9111 §1.2.2). */
const LONGEST_SECONDS = 2_147_483_648;

/** What a reply's Cache-Control says (RFC 9111 §5.2.2, RFC 5861). Times in seconds; null where nothing is said. */
export interface ReplyDirectives {
  noStore: boolean;
  /** With or without names of fields: a reply whose fields may not be used again is not used again unasked. */
  noCache: boolean;
  /** With or without names of fields. */
  isPrivate: boolean;
  isPublic: boolean;
  /** `must-revalidate` or `proxy-revalidate`. */
  mustRevalidate: boolean;
  mustUnderstand: boolean;
  /** What is no number is 0: stale at once (RFC 9111 §4.2.1). Of several the smallest. */
  maxAge: number | null;
  sMaxAge: number | null;
  staleWhileRevalidate: number | null;
  staleIfError: number | null;
}

/** What a request's Cache-Control says (RFC 9111 §5.2.1). Times in seconds; null where nothing is said. */
export interface RequestDirectives {
  noStore: boolean;
  noCache: boolean;
  onlyIfCached: boolean;
  maxAge: number | null;
  minFresh: number | null;
  /** Infinity where any staleness will do. */
  maxStale: number | null;
}

/** Reads a reply's Cache-Control. One that can't be read says no-store, and Pragma counts where there is none (RFC 9111 §5.4). */
export function readReplyDirectives(fields: Fields): ReplyDirectives {
  const said: ReplyDirectives = {
    noStore: false,
    noCache: false,
    isPrivate: false,
    isPublic: false,
    mustRevalidate: false,
    mustUnderstand: false,
    maxAge: null,
    sMaxAge: null,
    staleWhileRevalidate: null,
    staleIfError: null,
  };
  const text = fields.get('cache-control');
  if (text === null) said.noCache = saysPragmaNoCache(fields);
  else if (!readDirectives(text, (name, argument) => takeOfReply(said, name, argument))) {
    said.noStore = true;
    // This could lift it.
    said.mustUnderstand = false;
  }
  return said;
}

function takeOfReply(said: ReplyDirectives, name: string, argument: string | null): void {
  switch (name) {
    case 'no-store':
      said.noStore = true;
      break;
    case 'no-cache':
      said.noCache = true;
      break;
    case 'private':
      said.isPrivate = true;
      break;
    case 'public':
      said.isPublic = true;
      break;
    case 'must-revalidate':
    case 'proxy-revalidate':
      said.mustRevalidate = true;
      break;
    case 'must-understand':
      said.mustUnderstand = true;
      break;
    case 'max-age':
      said.maxAge = smaller(said.maxAge, argument);
      break;
    case 's-maxage':
      said.sMaxAge = smaller(said.sMaxAge, argument);
      break;
    case 'stale-while-revalidate':
      said.staleWhileRevalidate = smaller(said.staleWhileRevalidate, argument);
      break;
    case 'stale-if-error':
      said.staleIfError = smaller(said.staleIfError, argument);
      break;
    default: // Unknown directives mean nothing (RFC 9111 §5.2.3).
  }
}

/** Reads a request's Cache-Control. One that can't be read says no-store and no-cache. */
export function readRequestDirectives(fields: Fields): RequestDirectives {
  const said: RequestDirectives = {
    noStore: false,
    noCache: false,
    onlyIfCached: false,
    maxAge: null,
    minFresh: null,
    maxStale: null,
  };
  const text = fields.get('cache-control');
  if (text === null) said.noCache = saysPragmaNoCache(fields);
  else if (!readDirectives(text, (name, argument) => takeOfRequest(said, name, argument))) {
    said.noStore = true;
    said.noCache = true;
  }
  return said;
}

function takeOfRequest(said: RequestDirectives, name: string, argument: string | null): void {
  switch (name) {
    case 'no-store':
      said.noStore = true;
      break;
    case 'no-cache':
      said.noCache = true;
      break;
    case 'only-if-cached':
      said.onlyIfCached = true;
      break;
    case 'max-age':
      said.maxAge = smaller(said.maxAge, argument);
      break;
    case 'min-fresh':
      // Where it is no number, nothing is fresh enough.
      said.minFresh = Math.max(said.minFresh ?? 0, readSeconds(argument) ?? LONGEST_SECONDS);
      break;
    case 'max-stale': {
      const seconds = argument === null ? Infinity : (readSeconds(argument) ?? 0);
      said.maxStale = Math.min(said.maxStale ?? Infinity, seconds);
      break;
    }
    default: // Unknown directives mean nothing (RFC 9111 §5.2.3).
  }
}

function saysPragmaNoCache(fields: Fields): boolean {
  const text = fields.get('pragma');
  return text !== null && /(?:^|[\s,])no-cache(?:$|[\s,])/i.test(text);
}

function smaller(known: number | null, argument: string | null): number {
  const seconds = readSeconds(argument) ?? 0;
  return known === null ? seconds : Math.min(known, seconds);
}

/** Delta-seconds (RFC 9111 §1.2.2): digits only, and no more than can be told apart; null for anything else. */
export function readSeconds(text: string | null): number | null {
  return text === null || !/^[0-9]+$/.test(text) ? null : Math.min(Number(text), LONGEST_SECONDS);
}

/**
 * One directive and its comma; both forms of an argument are taken (RFC 9111 §5.2). An element may be empty. White space
 * stands where no two repetitions can share it, so that matching takes linear time.
 */
const DIRECTIVE = /[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?[ \t]*)?(?:,|$)/y;

/** Gives each directive, its name in lower case; false where the text is no list of them. */
function readDirectives(text: string, take: (name: string, argument: string | null) => void): boolean {
  DIRECTIVE.lastIndex = 0;
  while (DIRECTIVE.lastIndex < text.length) {
    const found = DIRECTIVE.exec(text);
    if (found === null) return false;
    const [, name, quoted, plain] = found;
    if (name !== undefined) take(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? null);
  }
  return true;
}
