import type { FieldValues } from './types.ts';

/** What stands for a number that is larger than any that is taken (RFC 9111 §1.2.2). */
const LONGEST_SECONDS = 2_147_483_648;

/** What a reply's Cache-Control says (RFC 9111 §5.2.2, RFC 5861). Times in seconds; null where nothing is said. */
export interface ReplyDirectives {
  readonly noStore: boolean;
  /** With or without names of fields: a reply whose fields may not be used again is not used again unasked. */
  readonly noCache: boolean;
  /** With or without names of fields. */
  readonly isPrivate: boolean;
  readonly isPublic: boolean;
  /** `must-revalidate` or `proxy-revalidate`. */
  readonly mustRevalidate: boolean;
  readonly mustUnderstand: boolean;
  /** What is no number is 0: stale at once (RFC 9111 §4.2.1). Of several the smallest. */
  readonly maxAge: number | null;
  readonly sMaxAge: number | null;
  readonly staleWhileRevalidate: number | null;
  readonly staleIfError: number | null;
}

/** What a request's Cache-Control says (RFC 9111 §5.2.1). Times in seconds; null where nothing is said. */
export interface RequestDirectives {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | null;
  readonly minFresh: number | null;
  /** Infinity where any staleness will do. */
  readonly maxStale: number | null;
}

/** Reads a reply's Cache-Control. One that can't be read says no-store. */
export function readReplyDirectives(fields: FieldValues): ReplyDirectives {
  const { said, isRead } = readDirectives(fields);
  return {
    noStore: !isRead || said.has('no-store'),
    noCache: said.has('no-cache'),
    isPrivate: said.has('private'),
    isPublic: said.has('public'),
    mustRevalidate: said.has('must-revalidate') || said.has('proxy-revalidate'),
    // It could lift the no-store of what can't be read.
    mustUnderstand: isRead && said.has('must-understand'),
    maxAge: smallest(said.get('max-age')),
    sMaxAge: smallest(said.get('s-maxage')),
    staleWhileRevalidate: smallest(said.get('stale-while-revalidate')),
    staleIfError: smallest(said.get('stale-if-error')),
  };
}

/** Reads a request's Cache-Control. One that can't be read says no-store and no-cache. */
export function readRequestDirectives(fields: FieldValues): RequestDirectives {
  const { said, isRead } = readDirectives(fields);
  // Where it is no number, nothing is fresh enough.
  const minFresh = said.get('min-fresh')?.map((argument) => readSeconds(argument) ?? LONGEST_SECONDS);
  const maxStale = said.get('max-stale')?.map((argument) => (argument === null ? Infinity : secondsOr0(argument)));
  return {
    noStore: !isRead || said.has('no-store'),
    noCache: !isRead || said.has('no-cache'),
    onlyIfCached: said.has('only-if-cached'),
    maxAge: smallest(said.get('max-age')),
    minFresh: minFresh === undefined ? null : Math.max(...minFresh),
    maxStale: maxStale === undefined ? null : Math.min(...maxStale),
  };
}

/** The arguments of a directive, in order; null for one without. */
type Arguments = readonly (string | null)[];

function smallest(given: Arguments | undefined): number | null {
  return given === undefined ? null : Math.min(...given.map(secondsOr0));
}

function secondsOr0(argument: string | null): number {
  return readSeconds(argument) ?? 0;
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

interface Directives {
  /** By name in lower case. Those that nobody knows mean nothing (RFC 9111 §5.2.3). */
  readonly said: ReadonlyMap<string, Arguments>;
  /** False where the text is no list of directives: then only those before the fault are there. */
  readonly isRead: boolean;
}

/** The directives of a message. Pragma counts where there is no Cache-Control (RFC 9111 §5.4). */
function readDirectives(fields: FieldValues): Directives {
  const said = new Map<string, (string | null)[]>();
  const text = fields.get('cache-control') ?? (saysPragmaNoCache(fields) ? 'no-cache' : '');
  DIRECTIVE.lastIndex = 0;
  while (DIRECTIVE.lastIndex < text.length) {
    const found = DIRECTIVE.exec(text);
    if (found === null) return { said, isRead: false };
    const [, name, quoted, plain] = found;
    if (name === undefined) continue;
    const argument = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? null;
    const known = said.get(name.toLowerCase());
    if (known === undefined) said.set(name.toLowerCase(), [argument]);
    else known.push(argument);
  }
  return { said, isRead: true };
}

function saysPragmaNoCache(fields: FieldValues): boolean {
  const text = fields.get('pragma');
  return text !== null && /(?:^|[\s,])no-cache(?:$|[\s,])/i.test(text);
}
