/** The classes of data that are looked for, besides those that an operator describes. */
export const LEAK_CLASSES = [
  'secrets',
  'privateKeys',
  'cards',
  'iban',
  'tokens',
  'signedUrls',
  'emails',
  'phones',
  'ssn',
] as const;

/** One of them. */
export type LeakClass = (typeof LEAK_CLASSES)[number];

/** Something that was found in bytes, `from` inclusive, `to` exclusive; `form` is the name of what it looks like. */
export interface Finding {
  readonly kind: LeakClass;
  readonly form: string;
  readonly from: number;
  readonly to: number;
  /** False where it goes on behind `to`, nobody knows how far. */
  readonly whole: boolean;
}
