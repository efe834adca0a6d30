import type { TableDeclaration } from '../../../ports/index.ts';

/** Which operations have callers whose rights are looked up. */
export interface OverlayConfig {
  /** Whether callers of the API sign in. */
  readonly signIn: boolean;
  /** The same of operations that say it themselves, by name. */
  readonly operations: Readonly<Record<string, boolean>>;
}

/** Whom a grant or a denial is about: one caller, all callers by one client, or all of one tenant, of one issuer. */
export interface OverlayTarget {
  readonly kind: 'subject' | 'client' | 'tenant';
  /** As the `issuer` of a principal says it. */
  readonly issuer: string;
  readonly name: string;
}

/** What is said of a target, until a time in wall milliseconds; null for as long as nobody takes it away. */
export interface OverlayRule {
  /** `deny` with neither roles nor permissions keeps the target out whole. */
  readonly effect: 'add' | 'deny';
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly expiresAtMs: number | null;
}

/** All that is said of one target. */
export type OverlayRow = readonly OverlayRule[];

/** What the operator adds to what issuers say of callers, or takes away from it. It holds until it is changed, at any age. */
export const OVERLAY_TABLE: TableDeclaration = {
  name: 'overlay',
  rowLimit: 10_000,
  staleAfterMs: Number.MAX_SAFE_INTEGER,
  whenStale: 'serve',
};

/** The key of a target's row. As JSON it is the same for no other one, whatever stands in its names. */
export function overlayKey({ kind, issuer, name }: OverlayTarget): string {
  return JSON.stringify([kind, issuer, name]);
}
