/** How much a finding matters. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/**
 * Something found that weakens the protection. Posture rules, live detection, active tests and imports
 * all yield this one type, so that console, commands and reports show one list.
 * `operation` is a stable operation id; `owasp` names an entry of the API Security Top 10 (2023), `cwe` a weakness number.
 */
export interface Finding {
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly confidence: 'certain' | 'firm' | 'tentative';
  readonly where: string;
  readonly operation?: string;
  readonly owasp?: `API${number}:2023`;
  readonly cwe?: number;
  readonly evidence: readonly string[];
  readonly fix: string;
  readonly source: 'assess' | 'detect' | 'probe' | 'import';
}

/** What protects one operation, and the line of the configuration that each part comes from (null: a default). */
export interface CoverageRow {
  readonly operation: string;
  readonly api: string;
  readonly method: string;
  readonly template: string;
  /** What bodies call it, as a field of GraphQL: many share one method and path. Null where those alone lead to it. */
  readonly namedInBody: string | null;
  readonly cells: readonly CoverageCell[];
}

/** One aspect of an operation's protection: what holds, in words, and where that was said. */
export interface CoverageCell {
  readonly aspect: 'authentication' | 'authorization' | 'limits' | 'validation' | 'policy';
  readonly holds: string;
  readonly open: boolean;
  readonly from: string | null;
}
