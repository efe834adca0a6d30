/** Where browsers send what a Content-Security-Policy forbade, on every host of the gateway. */
export const CSP_REPORTS_PATH = '/.portcullis/reports/csp';

/**
 * What a page's policy forbade, as a browser told it and without what only its user should know. All of it is of visible
 * ASCII characters, and anybody can have made it up.
 */
export interface CspReport {
  /** The host that it was sent to. */
  readonly host: string;
  readonly directive: string;
  /** An origin, a scheme, or a word such as `inline`. */
  readonly blocked: string;
  /** The page's origin and path, or the scheme of one that has no origin. */
  readonly document: string;
}
