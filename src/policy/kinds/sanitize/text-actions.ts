import type { PlainAction } from './config.ts';

/** Gives a text as it should be, the very same where it is so already; null for one that can't be made so. */
export type TextChange = (text: string) => string | null;

/**
 * Marks that follow one character at most (UAX #15 §13, Stream-Safe Text). Putting more into canonical order takes time
 * that grows with their square, and no language needs them.
 */
const MARKS_LIMIT = 30;

const BEYOND_ASCII = /[^\x00-\x7f]/;
const MARKS = /\p{M}+/gu;
/** The controls of C0 and C1 but tab, line feed, and a carriage return before one; and delete. */
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/g;
/** Whatever some reader takes for the end of a line (UAX #14: BK, CR, LF, NL). */
const LINE_BREAKS = /[\n\v\f\r\x85\u2028\u2029]+/g;
/** The characters with the property Bidi_Control (UAX #9 §2). */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/**
 * What shows as nothing and joins nothing: spaces without width, fillers, invisible operators, format characters that are
 * deprecated, annotations and what is not assigned among them, in which text can be hidden.
 */
const INVISIBLE =
  /[\u034f\xad\u115f\u1160\u17b4\u17b5\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e001f}\u{e0080}-\u{e00ff}\u{e01f0}-\u{e0fff}]/gu;
/** Tags, but for those behind a black flag that make the flags of Scotland and others (UTS #51 §1.4.6). */
const TAGS = /(\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{1,6}\u{e007f})|[\u{e0020}-\u{e007f}]/gu;
/** Variation selectors behind another one, and those of ideographs behind none. */
const IDLE_SELECTORS =
  /(?<=[\ufe00-\ufe0f\u{e0100}-\u{e01ef}])[\ufe00-\ufe0f]|(?<!\p{Script=Han})[\u{e0100}-\u{e01ef}]/gu;
/** Joiners that join nothing: a letter that is no ASCII, a mark or a pictograph must stand on both sides (RFC 5892 A.1, A.2). */
const IDLE_JOINERS =
  /(?<![\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}[\p{L}--[A-Za-z]]])[\u200c\u200d]|[\u200c\u200d](?![\p{M}\p{Extended_Pictographic}[\p{L}--[A-Za-z]]])/gv;
const SPACE = /^[\p{White_Space}\ufeff]$/u;

/** What each action makes of a text. All take time in proportion to its length. */
export const PLAIN_CHANGES: Readonly<Record<PlainAction, TextChange>> = {
  nfc: (text) => (BEYOND_ASCII.test(text) ? normalized(text) : text),
  'single-line': (text) => text.replace(LINE_BREAKS, ' '),
  control: (text) => text.replace(CONTROLS, ''),
  bidi: (text) => (BEYOND_ASCII.test(text) ? text.replace(BIDI, '') : text),
  invisible: (text) => (BEYOND_ASCII.test(text) ? withoutInvisible(text) : text),
  trim: trimmed,
};

function normalized(text: string): string | null {
  for (const [marks] of text.matchAll(MARKS)) {
    if (marks.length > MARKS_LIMIT && Array.from(marks).length > MARKS_LIMIT) return null;
  }
  return text.normalize('NFC');
}

function withoutInvisible(text: string): string {
  const seen = text.replace(INVISIBLE, '').replace(TAGS, '$1');
  return seen.replace(IDLE_SELECTORS, '').replace(IDLE_JOINERS, '');
}

/** Without the white space of Unicode, and byte order marks, at both ends. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text, start)) start++;
  while (end > start && isSpace(text, end - 1)) end--;
  return text.slice(start, end);
}

/** All white space is of one code unit. */
function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return SPACE.test(text.charAt(at));
}
