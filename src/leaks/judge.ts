import { Buffer } from 'node:buffer';
import type { FieldAction, LeakAction } from './action.ts';
import { Detector } from './detector.ts';
import { applyEdits, type Edit } from './edit.ts';
import type { Escaping } from './escapes.ts';
import { type FieldPlace, fieldTree } from './field-paths.ts';
import type { Finding, LeakClass } from './finding.ts';
import { type Hit, Tally } from './hit.ts';
import { type ActedFinding, type OwnClass, walkJson } from './json-walk.ts';
import { maskOf } from './mask.ts';
import { isWideText, type TextFormat } from './text-format.ts';

/** What must not leave, and what becomes of it. */
export interface LeakRules {
  /** Classes that are not named are not looked for. */
  readonly classes: Readonly<Partial<Record<LeakClass, LeakAction>>>;
  /** Names of forms that may leave. */
  readonly allow: readonly string[];
  /** By JSON Pointer, in which `*` stands for any name and any element. */
  readonly fields: Readonly<Record<string, FieldAction>>;
  readonly own: readonly OwnClass[];
}

/** What was found in one text. */
export interface FoundLeaks {
  readonly kind: 'found';
  readonly hits: readonly Hit[];
  readonly count: number;
  readonly strictest: LeakAction;
  /** The text without what must not leave; null where nothing of it changes. It is of use only where nothing refuses it. */
  readonly body: Buffer | null;
}

/** What comes of a look into a text: nothing (null), what was found, or why it can't be looked into. */
export type LookedInto = FoundLeaks | { readonly kind: 'unreadable'; readonly why: string } | null;

/** Looks into texts by the rules of one operation. */
export class LeakJudge {
  readonly #rules: LeakRules;
  readonly #detector: Detector;
  readonly #fields: FieldPlace;
  readonly #walksAlways: boolean;
  readonly #placeOf: (parts: readonly (string | null)[]) => string;

  /** `names`: those of members that may be told; any other is written `*`. */
  constructor(rules: LeakRules, names: { has(name: string): boolean }) {
    this.#rules = rules;
    const classes = new Set(Object.keys(rules.classes) as LeakClass[]);
    this.#detector = new Detector({ classes, allowed: new Set(rules.allow) });
    this.#fields = fieldTree(rules.fields);
    this.#walksAlways = Object.keys(rules.fields).length > 0 || rules.own.length > 0;
    const own = namesIn(rules.fields);
    this.#placeOf = (parts) =>
      parts.map((part) => `/${part !== null && (own.has(part) || names.has(part)) ? escapePart(part) : '*'}`).join('');
  }

  /** Looks into a body. */
  judge(bytes: Uint8Array, { isJson, escaping, isReadable }: TextFormat): LookedInto {
    if (bytes.length === 0) return null;
    if (!isReadable || isWideText(bytes)) return unreadable('its characters are not those of ASCII');
    const found = this.#detector.find(bytes, escaping);
    if (found === null) return unreadable('there is too much in it that has to be looked at');
    if (isJson && (found.length > 0 || this.#walksAlways)) return told(this.#json(bytes, found, false));
    // What is JSON and does not say so, or is lines of it, has fields as well.
    const isSeries = this.#walksAlways && escaping !== 'form' && mayBeJson(bytes);
    const series = isSeries ? this.#json(bytes, found, true) : 'no JSON';
    return series === 'no JSON' ? this.#text(bytes, found, escaping) : series;
  }

  /** Looks into the values of fields. */
  judgeValues(bytes: Uint8Array, escaping: Escaping): LookedInto {
    const found = this.#detector.find(bytes, escaping);
    return found === null
      ? unreadable('there is too much in it that has to be looked at')
      : this.#text(bytes, found, escaping);
  }

  /** `no JSON` where it can't be read as such. */
  #json(bytes: Uint8Array, found: readonly Finding[], isSeries: boolean): LookedInto | 'no JSON' {
    const walked = walkJson(
      bytes,
      found.map((each) => this.#acted(each)),
      { fields: this.#fields, own: this.#rules.own, placeOf: this.#placeOf, isSeries },
    );
    return walked === null ? 'no JSON' : summary(bytes, walked.tally, walked.edits);
  }

  #text(bytes: Uint8Array, found: readonly Finding[], escaping: Escaping): LookedInto {
    const tally = new Tally();
    const edits: Edit[] = [];
    let done = 0;
    for (const finding of found) {
      const { kind, form, from, to, action } = this.#acted(finding);
      tally.add({ kind, form, action }, () => '');
      const start = Math.max(from, done);
      if ((action !== 'mask' && action !== 'drop') || start >= to) continue;
      edits.push({ from: start, to, text: action === 'drop' ? '' : maskOf(bytes.subarray(start, to), kind, escaping) });
      done = to;
    }
    return summary(bytes, tally, edits);
  }

  /** Of what has no end that was seen, nobody knows what is left behind. */
  #acted({ kind, form, from, to, whole }: Finding): ActedFinding {
    const said = this.#rules.classes[kind] as LeakAction;
    return { kind, form, from, to, action: whole || said === 'report' ? said : 'refuse' };
  }
}

function summary(bytes: Uint8Array, { hits, count, strictest }: Tally, edits: readonly Edit[]): LookedInto {
  if (strictest === null) return null;
  return { kind: 'found', hits, count, strictest, body: edits.length === 0 ? null : applyEdits(bytes, edits) };
}

function told(looked: LookedInto | 'no JSON'): LookedInto {
  return looked === 'no JSON' ? unreadable('it is no JSON, or too deep') : looked;
}

/** Whether it begins as a list or an object. */
function mayBeJson(bytes: Uint8Array): boolean {
  const [first] = /[^\s\xef\xbb\xbf]/.exec(Buffer.from(bytes.subarray(0, 64)).toString('latin1')) ?? [];
  return first === '{' || first === '[';
}

function unreadable(why: string): LookedInto {
  return { kind: 'unreadable', why };
}

/** The names in paths of fields, which are the operator's own words. */
function namesIn(fields: LeakRules['fields']): ReadonlySet<string> {
  return new Set(
    Object.keys(fields).flatMap((path) =>
      path
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
    ),
  );
}

function escapePart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
