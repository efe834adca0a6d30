import { z } from 'zod';
import { didYouMean, err, ok, type Result } from '../base/index.ts';
import type { Overlay } from './overlays.ts';

/** A grant or a denial as it is asked for: issuers by their names in the configuration. */
export interface OverlayDraft {
  readonly effect: 'add' | 'deny';
  readonly kind: 'subject' | 'client' | 'tenant';
  readonly issuer: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  /** Everything is denied. Said apart, so that a list that is empty by mistake keeps nobody out. */
  readonly all: boolean;
  /** For how long; null for as long as nobody takes it away. */
  readonly forMs: number | null;
  readonly reason: string;
}

/** What the configuration in force knows. */
export interface KnownNames {
  /** Identifiers of issuers by their names. */
  readonly issuers: ReadonlyMap<string, string>;
  /** The subject of a CA as the certificates that it signed name it; null where that is none, or no API takes certificates. */
  readonly authority: (name: string) => string | null;
  readonly roles: ReadonlySet<string>;
  readonly permissions: ReadonlySet<string>;
}

/** A line: no control characters, and nothing that makes it read otherwise than it stands there. */
const line = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u);
const names = z.array(z.string().min(1).max(128)).max(20).prefault([]);

const DRAFT = z.strictObject({
  effect: z.enum(['add', 'deny']),
  kind: z.enum(['subject', 'client', 'tenant']),
  issuer: line(1_024),
  name: line(1_024),
  roles: names,
  permissions: names,
  all: z.boolean().prefault(false),
  forMs: z
    .int()
    .min(1_000)
    .max(366 * 24 * 60 * 60 * 1_000)
    .nullable()
    .prefault(null),
  reason: line(200),
});

/** Reads a draft out of JSON; null where it is none. */
export function readOverlayDraft(body: Uint8Array): OverlayDraft | null {
  try {
    const parsed = DRAFT.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** What is kept of a draft. The error says in words what the configuration in force does not know, or what is missing. */
export function overlayOf(
  draft: OverlayDraft,
  known: KnownNames,
  by: { readonly author: string; readonly nowMs: number },
): Result<Omit<Overlay, 'createdAtMs'>, string> {
  const { effect, kind, name, all, forMs, reason } = draft;
  const issuer = known.issuers.get(draft.issuer) ?? known.authority(draft.issuer);
  if (issuer === null) return err(strangeIssuer(draft.issuer, known));
  const roles = [...new Set(draft.roles)];
  const permissions = [...new Set(draft.permissions)];
  const role = roles.find((each) => !known.roles.has(each));
  if (role !== undefined) return err(strange('role', role, known.roles));
  const permission = permissions.find((each) => !known.permissions.has(each));
  if (permission !== undefined) return err(strange('permission', permission, known.permissions));
  if (effect === 'add' && (all || permissions.length > 0))
    return err('what is granted are roles: permissions belong to roles of the configuration');
  if (all ? roles.length + permissions.length > 0 : roles.length + permissions.length === 0)
    return err(
      effect === 'add' ? 'a grant names a role' : 'a denial names roles or permissions, or all of it, not both',
    );
  const expiresAtMs = forMs === null ? null : by.nowMs + forMs;
  return ok({ effect, kind, issuer, name, roles, permissions, expiresAtMs, reason, author: by.author });
}

/** Certificates have no issuer of one name: each CA has callers of its own, who may be called alike. */
function strangeIssuer(name: string, known: KnownNames): string {
  const words = strange('issuer', name, known.issuers.keys());
  const ofCertificates = known.authority(EXAMPLE_AUTHORITY) !== null;
  return ofCertificates
    ? `${words}; callers by certificate are those of a CA, by its subject such as ${EXAMPLE_AUTHORITY}`
    : words;
}

const EXAMPLE_AUTHORITY = 'CN=Partners';

function strange(what: string, name: string, known: Iterable<string>): string {
  const shown = JSON.stringify(name.slice(0, 60));
  const meant = didYouMean(name, known);
  return `the configuration in force has no ${what} ${shown}${meant === undefined ? '' : `; ${meant}`}`;
}
