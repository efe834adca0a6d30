/**
 * A message for zod with its remedy: the first line says what is wrong, the second what to do.
 * Zod carries one string; `splitWords` takes it apart again.
 */
export function words(message: string, fix?: string): string {
  return fix === undefined ? message : `${message}\n${fix}`;
}

/** Takes the text of `words` apart. */
export function splitWords(text: string): { readonly message: string; readonly fix: string | null } {
  const end = text.indexOf('\n');
  return end < 0 ? { message: text, fix: null } : { message: text.slice(0, end), fix: text.slice(end + 1) };
}
