/** Files or secrets that were gathered, by their names. */
type Table = Readonly<Record<string, Uint8Array>>;

/** The bytes of this name. Whatever a configuration names has been gathered, or there is none. */
export function gatheredBytes(table: Table, name: string): Uint8Array {
  const bytes = Object.hasOwn(table, name) ? table[name] : undefined;
  if (bytes === undefined) throw new Error('a configuration names something that was not gathered');
  return bytes;
}

/** The same as text, one character an octet, such as PEM. */
export function gatheredText(table: Table, name: string): string {
  return Buffer.from(gatheredBytes(table, name)).toString('latin1');
}
