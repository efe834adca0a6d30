/**
 * Every refusal a client can meet. `status` and `title` are what the client sees; `cause` and `fix` stand in the
 * documentation. `closes` marks what leaves the connection's framing in doubt: it is answered and never used again.
 * Codes are stable: they are never renamed and never reused.
 */
export interface CatalogueEntry {
  readonly status: number;
  readonly title: string;
  readonly cause: string;
  readonly fix: string;
  readonly closes?: true;
}
