/** How replies are held against the API's OpenAPI document. */
export interface ReplyRules {
  /** What becomes of what is not described in a body: it is taken out, the reply is refused, or it passes and is recorded. */
  readonly undescribed: 'drop' | 'refuse' | 'report';
  /** Whether header fields pass that are not described. */
  readonly headers: 'pass' | 'described';
}

/** The rules of an API, and of those of its operations that have others; null where replies are not judged. */
export interface OpenapiResponseConfig {
  readonly rules: ReplyRules | null;
  /** By operation name. */
  readonly operations: Readonly<Record<string, ReplyRules | null>>;
}
