/** Paints text where the terminal takes colour, and gives it back as it is elsewhere. */
export type Paint = (text: string) => string;

/** The colours of reports. They repeat what the words say; nothing is told by colour alone. */
export interface Palette {
  readonly bad: Paint;
  readonly warning: Paint;
  readonly good: Paint;
  readonly faint: Paint;
  readonly strong: Paint;
}

/** The colours of a terminal, or none. */
export function palette(color: boolean): Palette {
  const paint =
    (code: number): Paint =>
    (text) =>
      color && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { bad: paint(31), warning: paint(33), good: paint(32), faint: paint(2), strong: paint(1) };
}

// Control characters, and what makes a line read otherwise than it is: marks of direction, line and paragraph
// separators, characters without width, halves of surrogate pairs.
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** Text of a configuration, a request or a peer, made fit for a terminal: it can't move the cursor, colour or hide. */
export function plain(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
    return `\\u{${code}}`;
  });
}

/** A value as JSON text that is as harmless on a terminal: what JSON leaves as it stands is escaped too. */
export function jsonText(value: unknown): string {
  const escaped = JSON.stringify(value, null, 2).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

/** One cell of a table: its text, and how it is painted once its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: Paint;
}

/** Rows with their columns aligned, two spaces apart; nothing is put behind the last cell of a row. */
export function alignRows(rows: readonly (readonly Cell[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, { text }] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(text));
  }
  return rows.map((row) =>
    row
      .map(({ text, paint }, at) => {
        const gap = at === row.length - 1 ? '' : ' '.repeat((widths[at] ?? 0) - widthOf(text) + 2);
        return (paint === undefined ? text : paint(text)) + gap;
      })
      .join('')
      .trimEnd(),
  );
}

function widthOf(text: string): number {
  return Array.from(text).length;
}

/** Words with a full stop, unless they end a sentence already. */
export function sentence(words: string): string {
  return /[.?!]$/.test(words) ? words : `${words}.`;
}

/** `1 operation`, `2 operations`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** A path as people read it: relative where it lies below the working folder. */
export function shortPath(path: string, workingFolder: string): string {
  const folder = workingFolder.endsWith('/') ? workingFolder : `${workingFolder}/`;
  return plain(path.startsWith(folder) ? path.slice(folder.length) : path);
}

/** A word for a POSIX shell, quoted where it needs to be. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
