/** The word of `auth` that lets callers in by their certificates. */
export const MTLS = 'mtls';

/** The word of `auth` that stands for API keys. */
export const API_KEY = 'api-key';

/** The word of `auth` that lets sessions in. */
export const SESSION_WAY = 'session';

/** The words of `auth` that name no issuer but another way to say who calls; each stands for a kind of policy. */
export const WAYS: readonly string[] = [MTLS, API_KEY, SESSION_WAY];
