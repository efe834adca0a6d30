const TYPES = {
  id: ['jwt', 'application/jwt'],
  logout: ['jwt', 'application/jwt', 'logout+jwt', 'application/logout+jwt'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/**
 * Whether the `typ` of a header is of this kind of token (RFC 8725 §3.11). Many providers say nothing, or `JWT`: then
 * claims tell the kinds apart. An access token (RFC 9068 §2.1), or what will be invented tomorrow, has a type of its own.
 */
export function takesIdentityType(kind: keyof typeof TYPES, type: string | null): boolean {
  const known: readonly string[] = TYPES[kind];
  return type === null || known.includes(type.toLowerCase());
}
