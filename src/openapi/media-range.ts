import { err, ok, type Result } from '../base/index.ts';

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const RANGE = new RegExp(`^(${TOKEN})/(${TOKEN})$`);
const PARAMETER = new RegExp(`^(${TOKEN})=(${TOKEN}|"(?:[^"\\\\\\x00-\\x1f\\x7f]|\\\\[\\x20-\\x7e])*")$`);
const LENGTH_LIMIT = 1000;

/**
 * Reads a media type or range (`application/json`, `text/*`, `application/vnd.a+json; v=1`; RFC 9110 §8.3.1, §12.5.1)
 * and writes it in one way: type, subtype and names of parameters in lower case, `; ` between them.
 * Fails with words that continue "this …".
 */
export function parseMediaRange(text: string): Result<string, string> {
  if (text.length > LENGTH_LIMIT) return err(`is longer than ${LENGTH_LIMIT} characters`);
  const [range = '', ...parameters] = splitAtSemicolons(text).map((part) => part.trim());
  if (!RANGE.test(range)) return err('is no media type such as `application/json`');
  if (range.startsWith('*/') && range !== '*/*') return err('has a type of `*` with a subtype');
  const written = [range.toLowerCase()];
  for (const parameter of parameters) {
    if (parameter === '') continue;
    const found = PARAMETER.exec(parameter);
    if (found?.[1] === undefined || found[2] === undefined) return err('has a parameter that is not `name=value`');
    written.push(`${found[1].toLowerCase()}=${found[2]}`);
  }
  return ok(written.join('; '));
}

/** Splits at each semicolon that is not inside a quoted string; one that nobody closes goes to the end. */
function splitAtSemicolons(text: string): string[] {
  return text.match(/(?:[^;"]|"(?:[^"\\]|\\[^]?)*(?:"|$))+/g) ?? [];
}
