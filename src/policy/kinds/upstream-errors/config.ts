/** What becomes of errors of an upstream: `replace` puts problem details in their place, `pass` lets them go out as they are. */
export type UpstreamErrors = 'replace' | 'pass';

/** What of an API's errors is replaced. Operations are called by their names. */
export interface UpstreamErrorsConfig {
  readonly api: UpstreamErrors;
  readonly operations: Readonly<Record<string, UpstreamErrors>>;
  /** Whether replies are held against the OpenAPI document, of the API and of operations where that differs. */
  readonly strict: { readonly api: boolean; readonly operations: Readonly<Record<string, boolean>> };
}
