/** Values a log line may bear. Text is escaped by the log; secrets print `[redacted]`. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** How much a line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The operator's log: one line per event, machine-readable or for people. Hostile text can't break a line or colour it. */
export interface Log {
  write(level: LogLevel, event: string, message: string, fields?: LogFields): void;
}
