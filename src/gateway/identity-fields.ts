import { IDENTITY_FIELDS, Notebook, percentEncoded, plainCharacters, type Principal } from '../policy/index.ts';

/** Everything else is percent-encoded: the comma parts roles, `%` marks what is encoded, `+` is a space to some decoders. */
const PLAIN = plainCharacters('A-Za-z0-9._~:@/|-');

/** What is said of a caller with each request. */
export interface CallerTexts {
  /** Its name in the ledger. */
  readonly pseudonym: string;
  /** What `identityFields` says as field lines, each with its CRLF, behind the CRLF that ends the line before them. */
  readonly closing: string;
}

/**
 * Gives the texts of principals. They are made once for each and forgotten with it; since principals are kept with the
 * tokens they came by, most requests find theirs made.
 */
export function createCallerTexts(pseudonym: (principal: Principal) => string): (principal: Principal) => CallerTexts {
  const known = new Notebook<Principal, CallerTexts>();
  return (principal) => {
    const before = known.get(principal);
    if (before !== undefined) return before;
    const lines = identityFields(principal).map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    // As one piece, since it is written with every request of this caller.
    const closing = Buffer.from(`\r\n${lines.join('')}`, 'latin1').toString('latin1');
    const texts: CallerTexts = { pseudonym: pseudonym(principal), closing };
    known.set(principal, texts);
    return texts;
  };
}

/**
 * What an upstream is told of the caller, names and values in turn: the subject, the roles with commas between them, the
 * tenant. A field is left out where there is none. Values are UTF-8, percent-encoded (RFC 3986 §2.1) but for letters,
 * digits and `. _ ~ : @ / | -`, so that each stands for one text only. They are as short as the credential they come
 * from, which came in a head of at most 16 KiB.
 */
export function identityFields({ subject, roles, tenant }: Principal): readonly string[] {
  const [subjectName, rolesName, tenantName] = IDENTITY_FIELDS;
  const fields: string[] = [subjectName, encoded(subject)];
  if (roles.length > 0) fields.push(rolesName, roles.map(encoded).join(','));
  if (tenant !== null) fields.push(tenantName, encoded(tenant));
  return fields;
}

function encoded(text: string): string {
  return percentEncoded(text, PLAIN);
}
