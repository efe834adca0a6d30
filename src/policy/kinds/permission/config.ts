/** What callers need for each operation, beside what the OpenAPI document says by `security`. */
export interface PermissionConfig {
  /** By operation name: the permissions that take the place of those in the document; all of them are needed. */
  readonly operations: Readonly<Record<string, readonly string[]>>;
  /** Names of operations that anybody may call, by their own word. */
  readonly open: readonly string[];
  /** Names of operations that only known callers may call, by their own word. */
  readonly closed: readonly string[];
  /** Whether operations are open that say nothing themselves: the API is public. */
  readonly openByDefault: boolean;
}
