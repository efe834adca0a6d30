/** What is kept of a reply of an upstream's that was replaced. */
export interface OriginalEntry {
  /** The request's. */
  readonly id: string;
  /** Wall time in milliseconds. */
  readonly at: number;
  readonly api: string;
  readonly operation: string;
  readonly status: number;
  /** JSON: status, fields, the start of the body, secrets masked. */
  readonly text: string;
  /** Its SHA-256, hexadecimal, which the ledger's record of the request has too. */
  readonly hash: string;
}
