/** The clients of one operation write a field in a few ways; what strangers make up beyond them is read each time. */
const SPELLINGS = 32;
/** Browsers take some 150 for Accept; longer ones would stay in memory as long as the configuration. */
const SPELLING_LENGTH = 300;

/** What `read` says of a field, remembered of a bounded number of spellings; null is not. */
export function rememberSpellings<T>(read: (field: string) => T): (field: string) => T {
  const known = new Map<string, T>();
  return (field) => {
    const before = known.get(field);
    if (before !== undefined) return before;
    if (known.size >= SPELLINGS || field.length > SPELLING_LENGTH) return read(field);
    // What is cut out of a request's head would keep all of that head in memory; a copy does not.
    const copy = Buffer.from(field, 'latin1').toString('latin1');
    const said = read(copy);
    if (said !== null) known.set(copy, said);
    return said;
  };
}
