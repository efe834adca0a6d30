import { Buffer } from 'node:buffer';
import { AnchorTable } from './anchors.ts';
import { CARD_FORMS, cardsIn, type FoundCard, printedCardAt } from './cards.ts';
import { beginsWord } from './characters.ts';
import { CLOUD_FORMS } from './cloud-forms.ts';
import { CODE_FORMS } from './code-forms.ts';
import { type DigitGroup, eachDigitSeries } from './digit-runs.ts';
import { type Escaping, PlainView } from './escapes.ts';
import type { Finding, LeakClass } from './finding.ts';
import type { Form } from './form.ts';
import { eachIban } from './iban.ts';
import { keyEnd } from './key-end.ts';
import { emailAt, isSocialSecurityNumber, phoneAt } from './personal.ts';
import { eachPrintedSeries } from './printed-series.ts';
import { SERVICE_FORMS } from './service-forms.ts';

/** All forms of keys and tokens. */
export const FORMS: readonly Form[] = [...CODE_FORMS, ...CLOUD_FORMS, ...SERVICE_FORMS];

/** Their names, and those of what has no anchor. */
export const FORM_NAMES: ReadonlySet<string> = new Set([...FORMS.map(({ name }) => name), ...CARD_FORMS]);

/** So much is found in one text at most; there is no reply of use that has more. */
const FINDING_LIMIT = 10_000;
/** So many anchors of one text are looked at closely. */
const LOOK_LIMIT = 250_000;

/** What is looked for. */
export interface DetectorOptions {
  readonly classes: ReadonlySet<LeakClass>;
  /** Names of forms that are left out. */
  readonly allowed: ReadonlySet<string>;
}

/** What begins at an anchor; null where nothing does, undefined where single bytes have told so already. */
type Look = (bytes: Uint8Array, at: number) => Finding | null | undefined;

interface Anchored {
  readonly anchor: string;
  /** Null where it is looked for as part of a class alone. */
  readonly form: Form | null;
  readonly kind: LeakClass;
  readonly look: Look;
}

/** All that is found by an anchor, whether somebody looks for it or not. */
const ANCHORED: readonly Anchored[] = [
  ...FORMS.map((form) => {
    const look: Look = (bytes, at) => lookFor(form, bytes, at);
    return { anchor: form.anchor, form, kind: form.kind, look };
  }),
  { anchor: '@', form: null, kind: 'emails', look: emailAt },
  { anchor: '+', form: null, kind: 'phones', look: phoneAt },
];

let shared: AnchorTable | null = null;

/** One table for all who look, since it is large; it takes no longer to find what one of them passes over. */
function anchorTable(): AnchorTable {
  return (shared ??= new AnchorTable(ANCHORED.map(({ anchor }) => anchor)));
}

/** Looks for classes of data in bytes, in time by the length of the bytes alone. */
export class Detector {
  readonly #classes: ReadonlySet<LeakClass>;
  readonly #allowed: ReadonlySet<string>;
  /** By anchor; null for what is not looked for. */
  readonly #looks: readonly (Look | null)[];
  readonly #anchors: AnchorTable | null;

  constructor({ classes, allowed }: DetectorOptions) {
    this.#classes = classes;
    this.#allowed = allowed;
    this.#looks = ANCHORED.map(({ form, kind, look }) =>
      classes.has(kind) && (form === null || !allowed.has(form.name)) ? look : null,
    );
    this.#anchors = this.#looks.some((look) => look !== null) ? anchorTable() : null;
  }

  /**
   * What is found in the bytes, by where it begins; null where there is too much to be told. Places are those in the
   * bytes as they are given, escapes and all.
   */
  find(bytes: Uint8Array, escaping: Escaping): readonly Finding[] | null {
    const view = new PlainView(bytes, escaping);
    const found = this.#search(view.bytes);
    if (found === null || found.length === 0) return found;
    found.sort((one, other) => one.from - other.from || other.to - one.to);
    if (view.bytes === bytes) return found;
    const places = [...new Set(found.flatMap(({ from, to }) => [from, to]))].sort((one, other) => one - other);
    const written = view.written(places);
    const writtenAt = new Map(places.map((place, at) => [place, written[at] as number]));
    return found.map((each) => ({
      ...each,
      from: writtenAt.get(each.from) as number,
      to: writtenAt.get(each.to) as number,
    }));
  }

  #search(bytes: Uint8Array): Finding[] | null {
    const found: Finding[] = [];
    let looks = 0;
    let done = 0;
    this.#anchors?.scan(bytes, (number, from) => {
      if (from < done || looks > LOOK_LIMIT) return;
      const finding = this.#looks[number]?.(bytes, from);
      if (finding === undefined) return;
      looks++;
      if (finding === null) return;
      found.push(finding);
      done = finding.to;
    });
    if (looks > LOOK_LIMIT) return null;
    this.#searchNumbers(bytes, found);
    return found.length > FINDING_LIMIT ? null : found;
  }

  #searchNumbers(bytes: Uint8Array, found: Finding[]): void {
    const [cards, numbers] = [this.#classes.has('cards'), this.#classes.has('ssn')];
    /** Where the last number of one search begins. */
    let begun = -1;
    const add = (kind: LeakClass, { form, from, to }: FoundCard): void => {
      // A long series is told of in parts, of which one begins with the end of the one before.
      if (from <= begun) return;
      begun = from;
      if (found.length <= FINDING_LIMIT && !this.#allowed.has(form)) found.push({ kind, form, from, to, whole: true });
    };
    const look = (groups: readonly DigitGroup[]): void => {
      if (cards) for (const card of cardsIn(bytes, groups)) add('cards', card);
      const [first, , last] = groups;
      if (numbers && first !== undefined && last !== undefined && isSocialSecurityNumber(bytes, groups))
        add('ssn', { form: 'us-ssn', from: first.from, to: last.to });
    };
    if (cards || numbers) eachDigitSeries(bytes, look);
    begun = -1;
    const lookAtPrinted = (groups: readonly DigitGroup[]): void => {
      const card = printedCardAt(bytes, groups, 0);
      if (card !== null) add('cards', card.found);
    };
    if (cards) eachPrintedSeries(bytes, lookAtPrinted);
    begun = -1;
    if (this.#classes.has('iban')) eachIban(bytes, (from, to) => add('iban', { form: 'iban', from, to }));
  }
}

/** What manuals write where a key would stand. */
const PLACEHOLDER = /x{8}|X{8}|\*{8}/;

function lookFor(form: Form, bytes: Uint8Array, at: number): Finding | null | undefined {
  if (!form.pattern.ignoreCase && !isWritten(form.anchor, bytes, at)) return undefined;
  const start = at - form.back;
  if (start < 0 || (!form.inside && !beginsWord(bytes, start))) return undefined;
  if (form.near?.(bytes, at) === false) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(form.reach, bytes.length - start));
  const match = form.pattern.exec(text.toString('latin1'));
  if (match === null || PLACEHOLDER.test(match[0]) || form.accepts?.(match[0]) === false) return null;
  const { kind, name } = form;
  const [whole, secret] = match;
  const end = start + whole.length;
  if (kind === 'privateKeys') return { kind, form: name, from: start, ...keyEnd(bytes, end, name) };
  const from = secret === undefined ? start : start + whole.lastIndexOf(secret);
  return { kind, form: name, from, to: from + (secret ?? whole).length, whole: true };
}

/** Whether the anchor stands there letter by letter, capitals and all. */
function isWritten(anchor: string, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < anchor.length; index++) if (bytes[at + index] !== anchor.charCodeAt(index)) return false;
  return true;
}
