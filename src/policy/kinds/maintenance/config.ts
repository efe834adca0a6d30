/** How an API or an operation is closed for a while, and to whom it stays open. */
export interface MaintenanceRules {
  /** What clients are told; null for no more than that it is closed. */
  readonly message: string | null;
  /** After how long clients are asked to come again. */
  readonly retryAfterMs: number;
  /** Callers with one of these roles, as their credential names them, pass. */
  readonly roles: readonly string[];
  /** Clients from these addresses or blocks of them pass. */
  readonly addresses: readonly string[];
}

/** The maintenance of an API. */
export interface MaintenanceConfig {
  /** Null where the API as a whole is open. */
  readonly api: MaintenanceRules | null;
  /** By operation name, in the place of the API's; `off` where the operation stays open. */
  readonly operations: Readonly<Record<string, MaintenanceRules | 'off'>>;
}
