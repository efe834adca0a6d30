import type { LeakClass } from './finding.ts';

/** How something is written that must not leave, as whoever gives it out says. */
export interface Form {
  readonly name: string;
  readonly kind: LeakClass;
  /** What it is looked for by; letters in either case. */
  readonly anchor: string;
  /** It begins so many bytes before its anchor. */
  readonly back: number;
  /** What stands there, as characters of one byte. The first group, where there is one, is what is secret of it. */
  readonly pattern: RegExp;
  /** Whether it may begin within a word, as what is found by the name of a key does. */
  readonly inside: boolean;
  /** What more there is to it, such as check digits. */
  readonly accepts: ((text: string) => boolean) | null;
  /** Whether a look at single bytes from the anchor on leaves anything to be read; for anchors that are all over a text. */
  readonly near: ((bytes: Uint8Array, at: number) => boolean) | null;
  /** So many bytes are read from where it begins. */
  readonly reach: number;
  /** Who says that it is written so. */
  readonly source: string;
}

const REACH_BYTES = 512;

/** What differs from the usual. */
type Unusual = Partial<Pick<Form, 'kind' | 'back' | 'inside' | 'accepts' | 'near' | 'reach'>>;

/** A form, by name, anchor, pattern and source. */
export function form([name, anchor, pattern, source]: FormRow, unusual: Unusual = {}): Form {
  return { ...USUAL, name, anchor, pattern, source, ...unusual };
}

const USUAL = { kind: 'secrets', back: 0, inside: false, accepts: null, near: null, reach: REACH_BYTES } as const;

/** The usual of a form. */
export type FormRow = readonly [name: string, anchor: string, pattern: RegExp, source: string];
